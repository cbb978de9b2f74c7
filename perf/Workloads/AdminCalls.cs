using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Assay.Workloads;

/// <summary>What preparing and disturbing a cluster takes of its admin API.</summary>
public sealed class AdminCalls(Session session)
{
    private static readonly string Scopes = Uri.EscapeDataString(
        "identity.read identity.write policy.read policy.write policy.activate api.read key.rotate");

    private ClientKey? key;
    private string token = "";
    private DateTimeOffset tokenUntil;

    /// <summary>Moves signing of access tokens to the announced standby as soon as it may sign.</summary>
    public async Task Rotate(CancellationToken cancellationToken)
    {
        using var answer = await Call(HttpMethod.Post, "keys/rotate", "", cancellationToken);
    }

    /// <summary>A new secret; the identity keeps those it has.</summary>
    public async Task<string> MakeSecret(string identity, CancellationToken cancellationToken)
    {
        using var answer = await Call(HttpMethod.Post, $"identities/{Uri.EscapeDataString(identity)}/credentials", """{"generateSecret":true}""", cancellationToken);
        return answer.RootElement.GetProperty("secret").GetString()!;
    }

    /// <summary>Applies a bundle, and answers the version of the store after it.</summary>
    /// <param name="comparedWith">The version it is meant for; null to ask for it.</param>
    public async Task<long> Apply(string bundle, long? comparedWith, bool activate, CancellationToken cancellationToken)
    {
        comparedWith ??= (await Once(null)).GetProperty("comparedWith").GetInt64();
        return (await Once(comparedWith)).GetProperty("version").GetInt64();

        async Task<JsonElement> Once(long? version)
        {
            var wish = $$"""{"bundle":{{bundle}},"activate":{{(activate ? "true" : "false")}},{{(version is { } number ? $"\"comparedWith\":{number}" : "\"dryRun\":true")}}}""";
            using var answer = await Call(HttpMethod.Post, "apply", wish, cancellationToken);
            return answer.RootElement.Clone();
        }
    }

    private async Task<JsonDocument> Call(HttpMethod method, string path, string body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(session.Silos[0], "admin/v1/" + path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await Token(cancellationToken));
        if (body.Length > 0)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await session.Http.SendAsync(request, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        return answer.IsSuccessStatusCode
            ? JsonDocument.Parse(text)
            : throw new InvalidOperationException($"{method} /admin/v1/{path}: {(int)answer.StatusCode}: {text[..Math.Min(text.Length, 600)]}");
    }

    private async Task<string> Token(CancellationToken cancellationToken)
    {
        var now = session.Clock.GetUtcNow();
        if (now < tokenUntil)
            return token;

        key ??= ClientKey.ReadJwk(session.Population.AdminId, session.Population.AdminKeyFile);
        var form = $"grant_type=client_credentials&resource=urn%3Aassay%3Aadmin&scope={Scopes}&{key.Proof(session.Population.Issuer, now, TimeSpan.FromSeconds(60))}";
        var (status, body, fault) = await session.Tokens.Post("oauth/token", form, new("application/x-www-form-urlencoded"), null, cancellationToken);
        if (status != 200)
            throw new InvalidOperationException($"{session.Population.AdminId} got no token for the admin API: {fault ?? $"{status}: {Encoding.UTF8.GetString(body)}"}");
        using var json = JsonDocument.Parse(body);
        tokenUntil = now + TimeSpan.FromSeconds(json.RootElement.GetProperty("expires_in").GetInt32() / 2);
        return token = json.RootElement.GetProperty("access_token").GetString()!;
    }
}
