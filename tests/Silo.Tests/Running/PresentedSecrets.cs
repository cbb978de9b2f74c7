using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace Assay.Silo.Tests.Running;

/// <summary>
/// Remembers what a test shows to a silo and gets from it that nobody else may read: assertions, secrets, tokens. When the silo is done, none of it may stand in anything that it wrote.
/// </summary>
internal sealed class PresentedSecrets : DelegatingHandler
{
    /// <summary>Of each silo; a load shows thousands, and those that came later take the places of earlier ones.</summary>
    private const int MostKept = 48;

    /// <summary>What is shorter may stand somewhere by chance, or because a test calls something so.</summary>
    private const int Shortest = 24;

    private const string BatchPath = "/oauth/token/batch";

    private static readonly string[] Secret = ["client_assertion", "client_secret", "token"];

    private readonly Lock guard = new();
    private readonly List<string> kept = [];
    private int seen;

    public PresentedSecrets(HttpMessageHandler inner)
        : base(inner)
    {
    }

    /// <summary>Also what did not go through this client.</summary>
    public void Add(string secret)
    {
        // The parts of a JWS are looked for one by one; its header is nobody's secret.
        foreach (var part in secret.Split('.') is [_, var payload, var signature] ? [payload, signature] : new[] { secret })
        {
            if (part.Length < Shortest)
                continue;
            lock (guard)
            {
                if (kept.Count < MostKept)
                    kept.Add(part);
                else
                    kept[seen % MostKept] = part;
                seen++;
            }
        }
    }

    /// <summary>The first of them that stands in a text, in that form or in base64; null when none does.</summary>
    public string? FoundIn(ReadOnlySpan<byte> written)
    {
        lock (guard)
        {
            foreach (var secret in kept)
            {
                if (written.IndexOf(Encoding.UTF8.GetBytes(secret)) >= 0 || written.IndexOf(Encoding.ASCII.GetBytes(Inner(Convert.ToBase64String(Encoding.UTF8.GetBytes(secret))))) >= 0)
                    return secret;
            }
        }

        return null;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Headers.Authorization is { Parameter: { } credentials } header)
            Add(header.Scheme == "Basic" ? PasswordOf(credentials) : credentials);
        if (request.Content?.Headers.ContentType?.MediaType == "application/x-www-form-urlencoded")
            Add(QueryHelpers.ParseQuery(await request.Content.ReadAsStringAsync(cancellationToken)));
        else if (request.Content?.Headers.ContentType?.MediaType == "application/json" && request.RequestUri?.AbsolutePath == BatchPath)
            Add(AssertionIn(await request.Content.ReadAsStringAsync(cancellationToken)));
        if (request.RequestUri is { Query.Length: > 1 } uri)
            Add(QueryHelpers.ParseQuery(uri.Query));

        var response = await base.SendAsync(request, cancellationToken);
        if (response.IsSuccessStatusCode && request.RequestUri?.AbsolutePath == "/oauth/token")
        {
            await response.Content.LoadIntoBufferAsync(cancellationToken);
            using var answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
            if (answer.RootElement.TryGetProperty("access_token", out var token))
                Add(token.GetString()!);
        }

        if (response.IsSuccessStatusCode && request.RequestUri?.AbsolutePath == BatchPath)
        {
            await response.Content.LoadIntoBufferAsync(cancellationToken);
            using var answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
            foreach (var one in answer.RootElement.GetProperty("responses").EnumerateArray())
            {
                if (one.TryGetProperty("access_token", out var token))
                    Add(token.GetString()!);
            }
        }

        return response;
    }

    /// <summary>Empty where there is none, or a test sends what is no JSON.</summary>
    private static string AssertionIn(string batch)
    {
        try
        {
            using var body = JsonDocument.Parse(batch);
            return body.RootElement.ValueKind == JsonValueKind.Object && body.RootElement.TryGetProperty("client_assertion", out var assertion) && assertion.ValueKind == JsonValueKind.String
                ? assertion.GetString()!
                : "";
        }
        catch (JsonException)
        {
            return "";
        }
    }

    private void Add(Dictionary<string, Microsoft.Extensions.Primitives.StringValues> parameters)
    {
        foreach (var name in Secret)
        {
            foreach (var value in parameters.GetValueOrDefault(name))
                Add(value ?? "");
        }
    }

    private static string PasswordOf(string basic)
    {
        try
        {
            return Uri.UnescapeDataString(Encoding.UTF8.GetString(Convert.FromBase64String(basic)).Split(':', 2)[^1]);
        }
        catch (FormatException)
        {
            return basic; // a test that sends no base64
        }
    }

    /// <summary>Without the ends, which depend on what stands around it.</summary>
    private static string Inner(string base64) => base64[..(base64.Length / 4 * 4 - 4)];
}
