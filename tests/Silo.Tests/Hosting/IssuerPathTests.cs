using System.Text.Json;
using Assay.Silo.Tests.Running;
using static Assay.Silo.Tests.Running.TokenRequests;

namespace Assay.Silo.Tests.Hosting;

/// <summary>An issuer that has a path (RFC 8414 §3.1).</summary>
public sealed class IssuerPathTests : IAsyncLifetime
{
    private RunningSilo silo = null!;

    private string Issuer => silo.Url + "/tenants/a";

    public async ValueTask InitializeAsync() => silo = await RunningSilo.Start(("Assay:Issuer", "{url}/tenants/a"));

    public async ValueTask DisposeAsync() => await silo.DisposeAsync();

    [Fact]
    public async Task Everything_that_its_metadata_names_is_there_and_tokens_are_had_there()
    {
        var addresses = new List<string>();
        foreach (var (name, identifier) in new[] { ("oauth-authorization-server", "issuer"), ("ssf-configuration", "issuer"), ("authzen-configuration", "policy_decision_point") })
        {
            using var metadata = JsonDocument.Parse(await silo.Http.GetStringAsync($"{silo.Url}/.well-known/{name}/tenants/a"));
            Assert.Equal(Issuer, metadata.RootElement.GetProperty(identifier).GetString());
            addresses.AddRange(metadata.RootElement.EnumerateObject()
                .Where(member => member.Name.EndsWith("_endpoint", StringComparison.Ordinal) || member.Name.EndsWith("_uri", StringComparison.Ordinal))
                .Select(member => member.Value.GetString()!));
        }

        foreach (var address in addresses)
        {
            Assert.StartsWith(Issuer + "/", address, StringComparison.Ordinal);
            using var answer = await silo.Http.GetAsync(address);
            Assert.NotEqual(404, (int)answer.StatusCode);
        }

        using var stripped = await silo.Http.GetAsync(silo.Url + "/oauth/jwks"); // as a proxy asks that takes the path away
        var (code, token, errors) = await silo.Assay("token", "payments-exporter", "--resource", Payments, "--raw");
        Assert.Equal((200, 0, ""), ((int)stripped.StatusCode, code, errors));
        (code, var said, _) = await silo.Assay("introspect", token.Trim());
        Assert.Equal((0, true), (code, said.StartsWith("live ", StringComparison.Ordinal)));
    }
}
