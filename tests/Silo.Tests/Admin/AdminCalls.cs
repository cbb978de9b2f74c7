using System.Buffers.Text;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Assay.Client;
using Assay.Silo.Tests.Running;

namespace Assay.Silo.Tests.Admin;

/// <summary>What the admin API answered.</summary>
internal sealed record AdminAnswer(int Status, JsonElement Body, string Challenge)
{
    public string? Title => Body.TryGetProperty("title", out var title) ? title.GetString() : null;

    public string Detail => Body.TryGetProperty("detail", out var detail) ? detail.GetString()! : "";

    public string[] Errors => Body.TryGetProperty("errors", out var errors) ? [.. errors.EnumerateArray().Select(error => error.GetString()!)] : [];

    public long Number => Body.GetProperty("number").GetInt64();
}

/// <summary>Calls of the admin API as the bootstrap administrator makes them, or with any other token.</summary>
internal static class AdminCalls
{
    public const string Resource = "urn:assay:admin";
    public const string Everything =
        "identity.read identity.write signal.write token.revoke api.read policy.read policy.write policy.activate key.read key.rotate evidence.read evidence.drop";

    public static Task<string> AdminToken(this RunningSilo silo, string scopes = Everything) =>
        silo.TokenFor("assay-bootstrap", Path.Combine(silo.Data, "bootstrap.jwk"), Resource, scopes);

    public static async Task<string> TokenFor(this RunningSilo silo, string id, string keyFile, string? resource, string scopes)
    {
        using var client = new AssayClient(new AssayClientOptions { Issuer = new Uri(silo.Url), ClientId = id, Credential = AssayCredential.FromKeyFile(keyFile) });
        return (await client.RequestTokenAsync(resource, scopes.Split(' '))).AccessToken;
    }

    /// <summary>With a fresh token for everything.</summary>
    public static async Task<AdminAnswer> Admin(this RunningSilo silo, string method, string path, string? json = null) =>
        await silo.AdminWith(await silo.AdminToken(), method, path, json);

    public static Task<AdminAnswer> AdminWith(this RunningSilo silo, string? token, string method, string path, string? json = null, string? ifMatch = null) =>
        silo.AdminWith(token, method, path, json is null ? null : new StringContent(json, Encoding.UTF8, "application/json"), ifMatch);

    public static async Task<AdminAnswer> AdminWith(this RunningSilo silo, string? token, string method, string path, HttpContent? content, string? ifMatch = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"{silo.Url}/admin/v1/{path}") { Content = content };
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (ifMatch is not null)
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        using var response = await silo.Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        if (response.Content.Headers.ContentType?.MediaType == "application/x-ndjson")
            text = text.Split('\n')[0]; // the log: its first line says what it is
        using var body = JsonDocument.Parse(text.Length == 0 ? "{}" : text);
        return new AdminAnswer((int)response.StatusCode, body.RootElement.Clone(), response.Headers.WwwAuthenticate.ToString());
    }

    /// <summary>Creates an identity with a key of its own and answers the file with the private half.</summary>
    public static async Task<string> Create(this RunningSilo silo, string id, params string[] groups)
    {
        var declaration = JsonSerializer.Serialize(new { memberships = groups.Select(group => new { group = $"Assay::Role::\"{group}\"" }) });
        Assert.Equal(200, (await silo.Admin("PUT", $"identities/{Uri.EscapeDataString(id)}", declaration)).Status);
        var (file, jwk) = NewKey(silo);
        Assert.Equal(200, (await silo.Admin("POST", $"identities/{Uri.EscapeDataString(id)}/credentials", $$"""{"publicJwk":{{jwk}}}""")).Status);
        return file;
    }

    /// <summary>A private key in a file, and its public JWK.</summary>
    public static (string File, string PublicJwk) NewKey(RunningSilo silo)
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var key = pair.ExportParameters(includePrivateParameters: true);
        var (x, y, d) = (Base64Url.EncodeToString(key.Q.X), Base64Url.EncodeToString(key.Q.Y), Base64Url.EncodeToString(key.D));
        var file = Path.Combine(silo.Folder, $"{Guid.NewGuid():N}.jwk");
        File.WriteAllText(file, $$"""{"kty":"EC","crv":"P-256","x":"{{x}}","y":"{{y}}","d":"{{d}}"}""");
        return (file, $$"""{"kty":"EC","crv":"P-256","x":"{{x}}","y":"{{y}}"}""");
    }
}
