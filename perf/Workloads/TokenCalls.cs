using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Assay.Workloads;

/// <summary>The requests that workloads make. Each answers what came of it and never throws for what a server may do.</summary>
public sealed class TokenCalls(Session session)
{
    /// <summary>Short, as assertions of a client that makes one for each request are.</summary>
    private static readonly TimeSpan AssertionLife = TimeSpan.FromSeconds(60);

    private static readonly MediaTypeHeaderValue Form = new("application/x-www-form-urlencoded");
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    /// <summary>A token by client_secret_post.</summary>
    /// <param name="number">Of an identity with a secret.</param>
    public Task<Outcome> BySecret(int number, string scope, Expected expected, CancellationToken cancellationToken) =>
        Token($"grant_type=client_credentials&scope={Uri.EscapeDataString(scope)}&client_id={Population.Id(number)}&client_secret={Uri.EscapeDataString(session.Population.Secrets[number])}", expected, cancellationToken);

    /// <summary>A token by private_key_jwt: the assertion is made for this request, and making it is part of what the caller waits for.</summary>
    public Task<Outcome> ByKey(int number, string scope, Expected expected, CancellationToken cancellationToken) =>
        Token($"grant_type=client_credentials&scope={Uri.EscapeDataString(scope)}&{Proof(number)}", expected, cancellationToken);

    /// <summary>By secret when the identity has one, else by key.</summary>
    public Task<Outcome> ByEither(int number, string scope, Expected expected, CancellationToken cancellationToken) =>
        number < session.Population.Secrets.Length ? BySecret(number, scope, expected, cancellationToken) : ByKey(number, scope, expected, cancellationToken);

    /// <summary>Many tokens in one request, with one assertion.</summary>
    public async Task<Outcome> Batch(int number, int size, string scope, CancellationToken cancellationToken)
    {
        var one = $$"""{"resource":"{{Population.Resource}}","scope":"{{scope}}"}""";
        var assertion = session.Population.Key(number).Assertion(session.Population.Issuer, session.Clock.GetUtcNow(), AssertionLife);
        var body = $$"""{"client_assertion_type":"urn:ietf:params:oauth:client-assertion-type:jwt-bearer","client_assertion":"{{assertion}}","requests":[{{string.Join(',', Enumerable.Repeat(one, size))}}]}""";
        var (status, answer, fault) = await Post("oauth/token/batch", body, Json, null, cancellationToken);
        if (fault is not null)
            return new(status, answer.Length, 0, fault);
        var tokens = CountOf(answer, "\"access_token\":\""u8);
        return new(status, answer.Length, tokens, status == 200 && tokens == size ? null : $"{status} with {tokens} of {size} tokens: {Beginning(answer)}");
    }

    /// <summary>Whether a token is live (RFC 7662), asked by its API.</summary>
    public async Task<Outcome> Introspect(string token, CancellationToken cancellationToken)
    {
        var basic = "Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes($"{Uri.EscapeDataString(Population.ApiId)}:{Uri.EscapeDataString(session.Population.ApiSecret)}"));
        var (status, answer, fault) = await Post("oauth/introspect", "token=" + token, Form, basic, cancellationToken);
        var due = fault is null && status == 200 && answer.AsSpan().IndexOf("\"active\":true"u8) >= 0;
        return new(status, answer.Length, 0, due ? null : fault ?? $"{status}: {Beginning(answer)}");
    }

    /// <summary>A token to ask about; throws when there is none.</summary>
    public async Task<string> Obtain(int number, string scope, CancellationToken cancellationToken)
    {
        var (status, answer, fault) = await Post(
            "oauth/token", $"grant_type=client_credentials&scope={Uri.EscapeDataString(scope)}&{Proof(number)}", Form, null, cancellationToken);
        if (fault is not null || status != 200)
            throw new InvalidOperationException($"no token for {Population.Id(number)}: {fault ?? $"{status}: {Beginning(answer)}"}");
        using var json = JsonDocument.Parse(answer);
        return json.RootElement.GetProperty("access_token").GetString()!;
    }

    /// <summary>One request and its body, also when there is no answer. A silo that cannot be reached is passed over once, as a client with several addresses does.</summary>
    public async Task<(int Status, byte[] Body, string? Fault)> Post(
        string path, string body, MediaTypeHeaderValue type, string? authorization, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(session.Next(), path))
                {
                    Version = session.Http.DefaultRequestVersion, VersionPolicy = session.Http.DefaultVersionPolicy,
                    Content = new ByteArrayContent(Encoding.ASCII.GetBytes(body)) { Headers = { ContentType = type } },
                };
                if (authorization is not null)
                    request.Headers.TryAddWithoutValidation("Authorization", authorization);
                using var answer = await session.Http.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);
                return ((int)answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(cancellationToken), null);
            }
            catch (HttpRequestException fault) when (fault.HttpRequestError == HttpRequestError.ConnectionError && attempt < session.Silos.Count)
            {
                // nothing was sent: the next silo gets it
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                return (0, [], fault.Message);
            }
        }
    }

    private async Task<Outcome> Token(string form, Expected expected, CancellationToken cancellationToken)
    {
        var (status, answer, fault) = await Post("oauth/token", form, Form, null, cancellationToken);
        return fault is not null ? Outcome.NoAnswer(fault) : Judge(status, answer, expected);
    }

    /// <summary>Whether an answer of the token endpoint is the one that was due.</summary>
    public static Outcome Judge(int status, byte[] answer, Expected expected)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(expected);
        var (member, value) = expected.Error is { } error ? ("error", error) : ("scope", expected.Scope);
        var token = answer.AsSpan().IndexOf("\"access_token\":\"ey"u8) >= 0;
        var due = status == expected.Status && token == (expected.Error is null) && (value is null || Has(answer, member, value));
        return new(status, answer.Length, token ? 1 : 0, due ? null : $"{status}: {(token ? $"a token that was not due, or without {member} '{value}'" : Beginning(answer))}");
    }

    private string Proof(int number) => session.Population.Key(number).Proof(session.Population.Issuer, session.Clock.GetUtcNow(), AssertionLife);

    // Members of a flat answer, by their text: reading the JSON would cost the caller more than the question is worth.
    private static bool Has(ReadOnlySpan<byte> answer, string member, string value) =>
        answer.IndexOf(Encoding.ASCII.GetBytes($"\"{member}\":\"{value}\"")) >= 0;

    private static int CountOf(ReadOnlySpan<byte> text, ReadOnlySpan<byte> part)
    {
        var count = 0;
        for (int at; (at = text.IndexOf(part)) >= 0; text = text[(at + part.Length)..])
            count++;
        return count;
    }

    private static string Beginning(byte[] answer) => Encoding.UTF8.GetString(answer, 0, Math.Min(answer.Length, 200));
}

/// <summary>The answer that is due.</summary>
/// <param name="Scope">The granted scopes as they stand in the answer; null for any.</param>
/// <param name="Error">The OAuth error, where a refusal is due.</param>
public sealed record Expected(int Status, string? Scope = null, string? Error = null)
{
    public static Expected Granted(string scope) => new(200, scope);

    public static Expected Refused(string error) => new(400, null, error);
}
