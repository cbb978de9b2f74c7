using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Assay.Cli.Connecting;
using Assay.Cli.Output;

namespace Assay.Cli.Admin;

/// <summary>The admin API of one server under one token. Every answer that is not a success is a <see cref="Failure"/>.</summary>
internal sealed class AdminApi : IDisposable
{
    /// <summary>What admin tokens are for.</summary>
    public const string Resource = "urn:assay:admin";

    private readonly HttpClient http;
    private readonly Uri issuer;

    private AdminApi(HttpClient http, Uri issuer) => (this.http, this.issuer) = (http, issuer);

    /// <summary>Gets a token with exactly these scopes first.</summary>
    public static async Task<AdminApi> Open(Connection connection, TimeProvider clock, string scopes, CancellationToken cancellationToken)
    {
        var issuer = connection.Issuer();
        var client = connection.Administrator();
        var token = await TokenSource.Get(issuer, client, clock, Resource, scopes, cancellationToken);
        var missing = scopes.Split(' ').Except(token.Granted).ToArray();
        if (missing.Length > 0)
        {
            throw new Failure(
                ExitCode.Failed,
                $"'{client.Id}' may not do this: the admin policy withholds {string.Join(", ", missing)}.",
                $"An administrator can see why: assay explain --identity {client.Id} --resource {Resource} --scope \"{string.Join(' ', missing)}\"");
        }

        var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = TimeSpan.FromSeconds(60) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.AccessToken);
        http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        return new AdminApi(http, issuer);
    }

    public Task<Answer> Get(string path, CancellationToken cancellationToken) => Send(HttpMethod.Get, path, null, cancellationToken);

    /// <summary>An answer that is read as it comes. Disposing the stream ends it.</summary>
    public async Task<Stream> Stream(string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{issuer.AbsoluteUri.TrimEnd('/')}/admin/v1/{path}"));
        try
        {
            var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                using (response)
                    throw Refusal.Of(response, await response.Content.ReadAsByteArrayAsync(cancellationToken));
            }

            return await response.Content.ReadAsStreamAsync(cancellationToken);
        }
        catch (HttpRequestException fault)
        {
            throw Unreachable(issuer, fault);
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new Failure(ExitCode.Unreachable, $"{issuer} did not answer within 60 s.");
        }
    }

    public Task<Answer> Post(string path, object? body, CancellationToken cancellationToken) => Send(HttpMethod.Post, path, body, cancellationToken);

    public Task<Answer> Put(string path, object body, CancellationToken cancellationToken) => Send(HttpMethod.Put, path, body, cancellationToken);

    public Task<Answer> Delete(string path, CancellationToken cancellationToken) => Send(HttpMethod.Delete, path, null, cancellationToken);

    /// <summary>Posts, and hands on each line of the answer as it comes; every line is a JSON document. Takes as long as the answer takes.</summary>
    public async Task Lines(string path, object body, Action<Answer> line, CancellationToken cancellationToken)
    {
        using var request = Request(HttpMethod.Post, path, body);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (!response.IsSuccessStatusCode)
                throw Refusal.Of(response, await response.Content.ReadAsByteArrayAsync(cancellationToken));

            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken), Encoding.UTF8);
            while (await reader.ReadLineAsync(cancellationToken) is { } text)
                line(new Answer(JsonDocument.Parse(text).RootElement));
        }
        catch (Exception fault) when (Failed(request, fault, cancellationToken) is { } failure)
        {
            throw failure;
        }
    }

    public void Dispose() => http.Dispose();

    private async Task<Answer> Send(HttpMethod method, string path, object? body, CancellationToken cancellationToken)
    {
        using var request = Request(method, path, body);
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            if (!response.IsSuccessStatusCode)
                throw Refusal.Of(response, bytes);
            return bytes.Length == 0 ? Answer.Empty : new Answer(JsonDocument.Parse(bytes).RootElement);
        }
        catch (Exception fault) when (Failed(request, fault, cancellationToken) is { } failure)
        {
            throw failure;
        }
    }

    private HttpRequestMessage Request(HttpMethod method, string path, object? body) =>
        new(method, new Uri($"{issuer.AbsoluteUri.TrimEnd('/')}/admin/v1/{path}"))
        {
            Content = body is null ? null : JsonContent.Create(body, body.GetType(), options: JsonForm.Web),
        };

    /// <summary>What an exception means for whoever called; null when it is none of the call's.</summary>
    private Failure? Failed(HttpRequestMessage request, Exception fault, CancellationToken cancellationToken) => fault switch
    {
        HttpRequestException or IOException => Unreachable(issuer, fault),
        TaskCanceledException when !cancellationToken.IsCancellationRequested =>
            new Failure(ExitCode.Unreachable, $"{issuer} did not answer within 60 s.", "Whether it was done is unknown: look before trying again."),
        JsonException =>
            new Failure(ExitCode.Failed, $"{issuer} answered {request.Method} {request.RequestUri!.AbsolutePath} with something that is not JSON.", "Is it an Assay silo?"),
        _ => null,
    };

    /// <summary>No answer at all, whatever was in the way.</summary>
    public static Failure Unreachable(Uri issuer, Exception fault)
    {
        var innermost = fault;
        while (innermost.InnerException is { } inner)
            innermost = inner;
        var reason = innermost is SocketException { SocketErrorCode: SocketError.ConnectionRefused } ? "nothing listens there" : innermost.Message.TrimEnd('.');
        return new Failure(ExitCode.Unreachable, $"{issuer} cannot be reached: {reason}.", "Is the silo running? Its address is what it printed at start; name another with --server.");
    }
}

/// <summary>A successful answer: as it is for programs, as a record for people.</summary>
internal sealed record Answer(JsonElement Root)
{
    public static Answer Empty { get; } = new(JsonDocument.Parse("{}").RootElement);

    public T As<T>()
    {
        try
        {
            return Root.Deserialize<T>(JsonForm.Web) ?? throw new JsonException("null");
        }
        catch (JsonException fault)
        {
            throw new Failure(ExitCode.Failed, $"The server's answer is not understood: {fault.Message}", "Is the CLI as new as the server? --output json shows the answer as it is.");
        }
    }
}

/// <summary>What an unsuccessful answer says (RFC 9457), as a <see cref="Failure"/>.</summary>
internal static class Refusal
{
    public static Failure Of(HttpResponseMessage response, ReadOnlySpan<byte> body)
    {
        var status = (int)response.StatusCode;
        Problem? problem = null;
        try
        {
            problem = JsonSerializer.Deserialize<Problem>(body, JsonForm.Web);
        }
        catch (JsonException)
        {
            // not a problem document; the status says what there is to say
        }

        var title = (problem?.Title ?? response.ReasonPhrase ?? "refused").TrimEnd('.');
        var message = problem?.Detail is { Length: > 0 } detail ? $"{title}: {detail}" : $"{title}.";
        var retry = response.Headers.RetryAfter?.Delta is { } after ? $"Try again in {Say.Span(after)}." : "Try again shortly.";
        return new Failure(
            ExitCode.Failed,
            message,
            status switch
            {
                401 => "The server no longer accepts this credential.",
                429 or 503 => retry,
                >= 500 => "The silo's log says more.",
                _ => null,
            },
            problem?.Errors is { } errors ? [.. errors] : []);
    }

    private sealed record Problem(string? Type, string? Title, string? Detail, string[]? Errors);
}
