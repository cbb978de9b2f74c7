using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Assay.Core.StatusLists;
using Assay.Silo.Tests.SharedSignals;
using Assay.Silo.Tests.StatusLists;

namespace Assay.Cluster.Tests.Running;

/// <summary>The ways in which an API hears that a token has ended, each asked as an API asks.</summary>
internal static class Channels
{
    /// <summary>Completes when the silo calls the token inactive.</summary>
    public static async Task UntilInactive(this TestCluster cluster, SiloProcess silo, string token, CancellationToken cancellationToken)
    {
        while (await cluster.Http.About(silo, "introspect", cluster.ResourceServer, token) is not (200, """{"active":false}"""))
            cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Completes when the token's status list, fetched from that silo, shows it as ended.</summary>
    public static async Task UntilListed(this TestCluster cluster, SiloProcess silo, string token, CancellationToken cancellationToken)
    {
        var place = Place.Of(token);
        var uri = silo.Url + place.Uri[cluster.Issuer.Length..];
        while (await cluster.Http.Bits(uri) is not { } bits || StatusList.At(bits, 1, place.Index) == 0)
            await Task.Delay(5, cancellationToken);
    }
}

/// <summary>A poll stream of the resource server's about one identity.</summary>
internal sealed class ApiStream
{
    private readonly TestCluster cluster;
    private readonly SiloProcess silo;
    private readonly string token;
    private string id = "";
    private string[] taken = [];

    private ApiStream(TestCluster cluster, SiloProcess silo, string token) => (this.cluster, this.silo, this.token) = (cluster, silo, token);

    public static async Task<ApiStream> Open(TestCluster cluster, SiloProcess silo, string subject)
    {
        var answer = await cluster.Http.Ask(silo, cluster.ResourceServer, "ssf.read ssf.manage", resource: "urn:assay:events");
        var stream = new ApiStream(cluster, silo, answer.Token!);
        stream.id = (await stream.Call("streams", new { })).GetProperty("stream_id").GetString()!;
        await stream.Call("subjects/add", new { stream_id = stream.id, subject = new { format = "iss_sub", iss = cluster.Issuer, sub = subject } });
        return stream;
    }

    /// <summary>Polls until a <c>session-revoked</c> comes.</summary>
    public async Task<Set> UntilRevoked(CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var answer = await Call($"poll/{id}", new { returnImmediately = false, ack = taken });
            var sets = answer.GetProperty("sets").EnumerateObject().Select(member => Set.Of(member.Value.GetString()!)).ToList();
            taken = [.. sets.Select(set => set.JwtId)];
            if (sets.Find(set => set.Type == "session-revoked") is { } revoked)
                return revoked;
        }
    }

    private async Task<JsonElement> Call(string path, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{silo.Url}/ssf/{path}") { Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await cluster.Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode} {text}");
        using var json = JsonDocument.Parse(text.Length == 0 ? "{}" : text);
        return json.RootElement.Clone();
    }
}
