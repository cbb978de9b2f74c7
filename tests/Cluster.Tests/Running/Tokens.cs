using System.Buffers.Text;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Assay.Core.Jose;

namespace Assay.Cluster.Tests.Running;

/// <summary>What a silo answered to one request for a token. Status 0: no answer came.</summary>
internal sealed record TokenAnswer(string Silo, string Identity, int Status, string? Error, string? Description, string? Scope, string? Token, long Started, long Ended, bool SaysWhenToRetry)
{
    public bool Has(string scope) => Scope is { } granted && granted.Split(' ').Contains(scope);

    /// <summary>
    /// Whether it was sent after that moment for sure: asked for after it, or received so long after it that it cannot have been on its way by then.
    /// </summary>
    public bool LeftAfter(long moment) => Started > moment || Ended > moment + Stopwatch.Frequency;

    public string JwtId => Member(1, "jti");

    public string KeyId => Member(0, "kid");

    /// <summary>Never the token.</summary>
    public override string ToString() => $"{Silo} to {Identity}: {Status} {Error ?? Scope} {Description}";

    private string Member(int part, string name)
    {
        using var json = JsonDocument.Parse(Base64Url.DecodeFromChars(Token!.Split('.')[part]));
        return json.RootElement.GetProperty(name).GetString()!;
    }
}

/// <summary>What is left of a token when only its record is of interest.</summary>
internal readonly record struct TokenReceipt(string JwtId, string Silo, string Identity, string SigningInputHash)
{
    public static TokenReceipt Of(TokenAnswer answer)
    {
        var signed = answer.Token![..answer.Token!.LastIndexOf('.')];
        return new TokenReceipt(answer.JwtId, answer.Silo, answer.Identity, Base64UrlText.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(signed))));
    }
}

internal static class Tokens
{
    /// <summary>Fails with the answers of any other status, counted.</summary>
    public static void AssertStatuses(this IEnumerable<TokenAnswer> answers, params int[] expected)
    {
        var others = answers.Where(answer => !expected.Contains(answer.Status)).GroupBy(answer => answer.ToString()).Select(group => $"{group.Count()} x {group.Key}");
        var found = string.Join('\n', others);
        Assert.True(found.Length == 0, found);
    }

    public const string Payments = "https://payments.example";

    /// <summary>Asks a silo about a token, or for its end, as a client does; answers status and body.</summary>
    public static async Task<(int Status, string Body)> About(this HttpClient http, SiloProcess silo, string endpoint, ClusterIdentity caller, string token)
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ["client_assertion"] = caller.Assertion(),
            ["token"] = token,
        });
        using var response = await http.PostAsync($"{silo.Url}/oauth/{endpoint}", form);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>
    /// As <see cref="Ask"/>, and again for as long as the answer is 503: on a machine that is too busy a silo says so rather than decide on what may be old. What a trial
    /// is about has to hold of the first other answer.
    /// </summary>
    public static async Task<TokenAnswer> AskUntilTold(this HttpClient http, SiloProcess silo, ClusterIdentity identity, string scope)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
        {
            var answer = await http.Ask(silo, identity, scope, cancellationToken: patience.Token);
            if (answer.Status != 503)
                return answer;
        }
    }

    /// <summary>As <see cref="About"/>, and again for as long as the answer is 503.</summary>
    public static async Task<(int Status, string Body)> AboutUntilTold(this HttpClient http, SiloProcess silo, string endpoint, ClusterIdentity caller, string token)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var answer = await http.About(silo, endpoint, caller, token);
            if (answer.Status != 503 || Stopwatch.GetElapsedTime(started) > TimeSpan.FromMinutes(2))
                return answer;
        }
    }

    /// <summary>Asks for up to 256 tokens at once: an answer for each, or one when the whole was refused or no answer came.</summary>
    public static async Task<IReadOnlyList<TokenAnswer>> AskForMany(this HttpClient http, SiloProcess silo, ClusterIdentity identity, string scope, int count)
    {
        using var body = new StringContent(
            JsonSerializer.Serialize(new
            {
                client_assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                client_assertion = identity.Assertion(),
                requests = Enumerable.Repeat(new { resource = Payments, scope }, count),
            }),
            Encoding.UTF8,
            "application/json");
        var started = Stopwatch.GetTimestamp();
        TokenAnswer Answer(int status, string? error, string? granted = null, string? token = null) =>
            new(silo.Name, identity.Id, status, error, null, granted, token, started, Stopwatch.GetTimestamp(), false);
        try
        {
            using var response = await http.PostAsync(silo.Url + "/oauth/token/batch", body);
            using var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            if (!response.IsSuccessStatusCode)
                return [Answer((int)response.StatusCode, answer.RootElement.GetProperty("error").GetString())];
            string? Member(JsonElement one, string name) => one.TryGetProperty(name, out var member) ? member.GetString() : null;
            return [.. answer.RootElement.GetProperty("responses").EnumerateArray().Select(one =>
                Answer(one.GetProperty("status").GetInt32(), Member(one, "error"), Member(one, "scope"), Member(one, "access_token")))];
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or OperationCanceledException)
        {
            return [Answer(0, fault.Message)];
        }
    }

    /// <summary>Asks once; a silo that is gone or does not answer is an answer too.</summary>
    public static async Task<TokenAnswer> Ask(
        this HttpClient http, SiloProcess silo, ClusterIdentity identity, string? scope, string? assertion = null, string resource = Payments,
        CancellationToken cancellationToken = default)
    {
        var parameters = new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ["client_assertion"] = assertion ?? identity.Assertion(),
            ["resource"] = resource,
        };
        if (scope is not null)
            parameters["scope"] = scope;
        using var form = new FormUrlEncodedContent(parameters);
        var started = Stopwatch.GetTimestamp();
        try
        {
            using var response = await http.PostAsync(silo.Url + "/oauth/token", form, cancellationToken);
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            using var body = JsonDocument.Parse(text.Length == 0 ? "{}" : text);
            string? Member(string name) => body.RootElement.TryGetProperty(name, out var member) ? member.GetString() : null;
            return new TokenAnswer(
                silo.Name, identity.Id, (int)response.StatusCode, Member("error"), Member("error_description"), Member("scope"), Member("access_token"), started, Stopwatch.GetTimestamp(),
                response.Headers.RetryAfter is not null);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or OperationCanceledException)
        {
            return new TokenAnswer(silo.Name, identity.Id, 0, fault.Message, null, null, null, started, Stopwatch.GetTimestamp(), false);
        }
    }
}
