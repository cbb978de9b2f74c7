using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Assay.Silo.Tests.Running;

/// <summary>Client assertions made by hand, so that they can also be made wrong.</summary>
internal sealed class Assertion
{
    private readonly ECDsa key;

    private Assertion(ECDsa key, string clientId, string audience)
    {
        this.key = key;
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        Claims = new JsonObject
        {
            ["iss"] = clientId, ["sub"] = clientId, ["aud"] = audience, ["iat"] = now, ["exp"] = now + 60, ["jti"] = Guid.NewGuid().ToString("N"),
        };
    }

    public JsonObject Header { get; } = new() { ["alg"] = "ES256", ["typ"] = "client-authentication+jwt" };

    public JsonObject Claims { get; }

    public static Assertion For(RunningSilo silo, string clientId)
    {
        using var jwk = JsonDocument.Parse(File.ReadAllText(silo.KeyFile(clientId)));
        byte[] Member(string name) => Base64Url.DecodeFromChars(jwk.RootElement.GetProperty(name).GetString());
        var key = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256, D = Member("d"), Q = new ECPoint { X = Member("x"), Y = Member("y") },
        });
        return new Assertion(key, clientId, silo.Url);
    }

    public Assertion With(string claim, JsonNode? value)
    {
        if (value is null)
            Claims.Remove(claim);
        else
            Claims[claim] = value;
        return this;
    }

    public Assertion WithHeader(string name, JsonNode? value)
    {
        Header[name] = value;
        return this;
    }

    public string Sign() => Sign(Claims.ToJsonString());

    public string Sign(string claims, DSASignatureFormat format = DSASignatureFormat.IeeeP1363FixedFieldConcatenation)
    {
        var input = Encode(Header.ToJsonString()) + "." + Encode(claims);
        return input + "." + Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256, format));
    }

    public string Unsigned() => Encode(Header.ToJsonString()) + "." + Encode(Claims.ToJsonString()) + ".";

    public static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}

/// <summary>What the token endpoint answered.</summary>
internal sealed record Answer(int Status, JsonElement Body, HttpResponseMessage Response)
{
    public string? Error => Body.TryGetProperty("error", out var error) ? error.GetString() : null;

    public string? Scope => Body.TryGetProperty("scope", out var scope) ? scope.GetString() : null;

    public string Token => Body.GetProperty("access_token").GetString()!;

    public JsonElement Claims
    {
        get
        {
            using var document = JsonDocument.Parse(Base64Url.DecodeFromChars(Token.Split('.')[1]));
            return document.RootElement.Clone();
        }
    }
}

internal static class TokenRequests
{
    public const string Payments = "https://payments.example";

    public static Task<Answer> Ask(this RunningSilo silo, string assertion, params (string Name, string Value)[] more) => silo.Post(
    [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
        .. more,
    ]);

    /// <summary>With a good assertion.</summary>
    public static Task<Answer> AskAs(this RunningSilo silo, string clientId, params (string Name, string Value)[] more) =>
        silo.Ask(Assertion.For(silo, clientId).Sign(), more);

    public static async Task<Answer> Post(this RunningSilo silo, IEnumerable<(string Name, string Value)> parameters) =>
        await silo.Send(new FormUrlEncodedContent(parameters.Select(pair => KeyValuePair.Create(pair.Name, pair.Value))));

    public static async Task<Answer> Send(this RunningSilo silo, HttpContent content, string query = "")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, silo.Url + "/oauth/token" + query) { Content = content };
        return await silo.Send(request);
    }

    public static Task<Answer> Send(this RunningSilo silo, HttpRequestMessage request) => silo.Http.Ask(request);

    public static async Task<Answer> Ask(this HttpClient http, HttpRequestMessage request)
    {
        var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        using var body = JsonDocument.Parse(text.Length == 0 ? "{}" : text);
        return new Answer((int)response.StatusCode, body.RootElement.Clone(), response);
    }
}
