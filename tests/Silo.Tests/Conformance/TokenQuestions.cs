using System.Net.Http.Headers;
using System.Text.Json;
using Assay.Silo.Tests.Running;

namespace Assay.Silo.Tests.Conformance;

/// <summary>An answer as it came: the text of its body counts.</summary>
internal sealed record RawAnswer(int Status, string Body, string? MediaType, HttpResponseMessage Response)
{
    public string? Error => Body.Length > 0 && Json.TryGetProperty("error", out var error) ? error.GetString() : null;

    public JsonElement Json
    {
        get
        {
            using var document = JsonDocument.Parse(Body);
            return document.RootElement.Clone();
        }
    }
}

/// <summary>Questions about tokens, and their ends, as clients ask for them.</summary>
internal static class TokenQuestions
{
    public const string Inactive = """{"active":false}""";

    /// <summary>The resource server of the quickstart's API.</summary>
    public const string ResourceServer = "payments-api";

    public static Task<RawAnswer> Introspect(this RunningSilo silo, string caller, string token, params (string Name, string Value)[] more) =>
        silo.PostAs(caller, "/oauth/introspect", [("token", token), .. more]);

    public static Task<RawAnswer> Revoke(this RunningSilo silo, string caller, string token, params (string Name, string Value)[] more) =>
        silo.PostAs(caller, "/oauth/revoke", [("token", token), .. more]);

    /// <summary>With a good assertion of the caller.</summary>
    public static Task<RawAnswer> PostAs(this RunningSilo silo, string caller, string path, (string Name, string Value)[] parameters, string? accept = null) =>
        silo.PostForm(path, [.. Proof(Assertion.For(silo, caller).Sign()), .. parameters], accept);

    public static (string Name, string Value)[] Proof(string assertion) =>
        [("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), ("client_assertion", assertion)];

    public static async Task<RawAnswer> PostForm(this RunningSilo silo, string path, (string Name, string Value)[] parameters, string? accept = null, string? basic = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, silo.Url + path)
        {
            Content = new FormUrlEncodedContent(parameters.Select(pair => KeyValuePair.Create(pair.Name, pair.Value))),
        };
        if (accept is not null)
            request.Headers.TryAddWithoutValidation("Accept", accept);
        if (basic is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(basic)));
        var response = await silo.Http.SendAsync(request);
        return new RawAnswer((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response.Content.Headers.ContentType?.MediaType, response);
    }

    public static async Task<string> TokenOf(this RunningSilo silo, string client, string scope = "payments:read") =>
        (await silo.AskAs(client, ("resource", TokenRequests.Payments), ("scope", scope))).Token;
}
