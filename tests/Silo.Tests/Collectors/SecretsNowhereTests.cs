using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Assay.Silo.Tests.Admin;
using Assay.Silo.Tests.Conformance;
using Assay.Silo.Tests.Running;
using static Assay.Silo.Tests.Conformance.TokenQuestions;
using static Assay.Silo.Tests.Running.TokenRequests;

namespace Assay.Silo.Tests.Collectors;

/// <summary>
/// One walk past everything that takes or gives a secret, with every way out open: log, data folder, metrics, spans, and records sent to a collector. What any other test shows to its silo is
/// looked for when that silo ends (<see cref="RunningSilo.Leak"/>).
/// </summary>
public sealed class SecretsNowhereTests
{
    private const string Wrong = "a-wrong-s3cret-that-must-not-show-anywhere";

    [Fact(Timeout = 300_000)]
    public async Task Nothing_that_was_presented_or_issued_is_in_anything_that_a_silo_writes()
    {
        await using var collector = await Collector.Start();
        await using var silo = await RunningSilo.Start(
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Url), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), ("OTEL_BSP_SCHEDULE_DELAY", "100"),
            ("Assay:Evidence:OpenTelemetry", "true"), ("Logging:LogLevel:Default", "Debug"));
        var secret = (await silo.Admin("POST", "identities/acme-crm/credentials", """{"generateSecret":true}""")).Body.GetProperty("secret").GetString()!;
        silo.Presented.Add(secret);
        silo.Presented.Add(Wrong);
        foreach (var file in Directory.GetFiles(silo.Data, "*.jwk", SearchOption.AllDirectories))
        {
            using var jwk = JsonDocument.Parse(await File.ReadAllTextAsync(file));
            silo.Presented.Add(jwk.RootElement.GetProperty("d").GetString()!);
        }

        // Tokens: by assertion, by secret in both places, and every way not to get one.
        var assertion = Assertion.For(silo, "payments-exporter").Sign();
        Assert.Equal(200, (await silo.Ask(assertion, ("resource", Payments))).Status);
        Assert.Equal(401, (await silo.Ask(assertion, ("resource", Payments))).Status);
        Assert.Equal(401, (await silo.Ask(assertion[..^8] + "AAAAAAAA", ("resource", Payments))).Status);
        Assert.Equal(401, (await silo.Ask(Assertion.For(silo, "payments-exporter").With("aud", "https://elsewhere.example").Sign())).Status);
        Assert.Equal(200, (await silo.PostForm("/oauth/token", [("grant_type", "client_credentials")], basic: $"acme-crm:{secret}")).Status);
        Assert.Equal(200, (await BySecret(silo, secret)).Status);
        Assert.Equal(401, (await BySecret(silo, Wrong)).Status);
        Assert.Equal(401, (await silo.Send(new FormUrlEncodedContent([new("grant_type", "client_credentials")]), $"?client_secret={secret}&client_assertion={assertion}")).Status);

        // Questions about tokens, and their ends.
        var token = await silo.TokenOf("payments-exporter");
        Assert.Equal(200, (await silo.Introspect(ResourceServer, token)).Status);
        var signed = await silo.PostAs(ResourceServer, "/oauth/introspect", [("token", token)], "application/token-introspection+jwt");
        Assert.Equal(200, signed.Status);
        silo.Presented.Add(signed.Body);
        Assert.Equal(200, (await silo.Revoke("payments-exporter", token)).Status);
        Assert.Equal(200, (await silo.Admin("POST", "introspect", JsonSerializer.Serialize(new { token }))).Status);

        // Administration, and who may not.
        var admin = await silo.AdminToken();
        Assert.Equal(200, (await silo.AdminWith(admin, "GET", "evidence?limit=5")).Status);
        Assert.Equal(401, (await silo.AdminWith(admin[..^8] + "AAAAAAAA", "GET", "evidence?limit=5")).Status);
        Assert.Equal(401, (await silo.AdminWith(Wrong, "POST", "introspect", JsonSerializer.Serialize(new { token }))).Status);
        Assert.Equal(404, (await silo.AdminWith(admin, "GET", $"evidence/{Uri.EscapeDataString(token)}")).Status);
        using (var misplaced = new HttpRequestMessage(HttpMethod.Get, silo.Url + "/log/1/consistency?from=0&to=0"))
        {
            misplaced.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Wrong);
            using var refused = await silo.Http.SendAsync(misplaced);
            Assert.Equal(401, (int)refused.StatusCode);
        }

        // All of it has arrived, or is where it stays.
        var last = await silo.AskAs("payments-exporter", ("resource", Payments));
        await collector.Until(last.Claims.GetProperty("jti").GetString()!);
        await collector.Until("invalid_client");
        var metrics = await silo.Http.GetStringAsync(silo.Url + "/metrics");
        await silo.Kill();

        Assert.Null(silo.Leak());
        Assert.Null(silo.Presented.FoundIn(Encoding.UTF8.GetBytes(metrics)));
        Assert.All(collector.Received, sent => Assert.Null(silo.Presented.FoundIn(sent)));
    }

    [Fact]
    public void A_secret_is_found_wherever_it_stands()
    {
        using var presented = new PresentedSecrets(new HttpClientHandler());
        presented.Add(Wrong);
        presented.Add($"header.{new string('p', 30)}.{new string('s', 30)}");

        Assert.Equal(Wrong, presented.FoundIn(Encoding.UTF8.GetBytes($"before {Wrong} after")));
        Assert.Equal(Wrong, presented.FoundIn(Encoding.UTF8.GetBytes("user:" + Convert.ToBase64String(Encoding.UTF8.GetBytes(Wrong)))));
        Assert.Equal(new string('s', 30), presented.FoundIn(Encoding.UTF8.GetBytes("x" + new string('s', 31))));
        Assert.Null(presented.FoundIn("header and nothing else"u8));
    }

    private static Task<Answer> BySecret(RunningSilo silo, string secret) =>
        silo.Post([("grant_type", "client_credentials"), ("client_id", "acme-crm"), ("client_secret", secret)]);
}
