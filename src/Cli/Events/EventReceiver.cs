using System.Buffers.Text;
using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Assay.Cli.Admin;
using Assay.Cli.Connecting;
using Assay.Cli.Output;

namespace Assay.Cli.Events;

/// <summary>A receiver that polls (SSF 1.0, RFC 8936), for as long as a command runs.</summary>
internal sealed class EventReceiver(Uri issuer, ClientIdentity client, TimeProvider clock) : IDisposable
{
    private const string Resource = "urn:assay:events";
    private const string Scopes = "ssf.manage ssf.subjects";
    private const int PerPoll = 50;

    /// <summary>Longer than a server lets a poll wait.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);
    private static readonly TimeSpan RenewBefore = TimeSpan.FromMinutes(1);

    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = Patience };
    private readonly List<string> taken = [];
    private DateTimeOffset renewAt;

    /// <summary>Makes a stream about these identities, or about everybody; answers its id.</summary>
    public async Task<string> Open(IReadOnlyCollection<string> subjects, CancellationToken cancellationToken)
    {
        var made = await Send(HttpMethod.Post, "ssf/streams", new { description = "assay events tail" }, cancellationToken);
        var id = made.GetProperty("stream_id").GetString()!;
        try
        {
            foreach (var subject in Named(subjects))
                await Send(HttpMethod.Post, "ssf/subjects/add", new { stream_id = id, subject }, cancellationToken);
            return id;
        }
        catch
        {
            await Close(id);
            throw;
        }
    }

    /// <summary>Waits for the next events, and says that it has the ones before; their claims, in order.</summary>
    public async Task<ImmutableArray<JsonElement>> Next(string id, int most, CancellationToken cancellationToken)
    {
        var answer = await Send(HttpMethod.Post, $"ssf/poll/{id}", new { maxEvents = Math.Min(most, PerPoll), ack = taken }, cancellationToken);
        taken.Clear();
        var events = ImmutableArray.CreateBuilder<JsonElement>();
        foreach (var set in answer.GetProperty("sets").EnumerateObject())
        {
            using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(set.Value.GetString()!.Split('.')[1]));
            events.Add(claims.RootElement.Clone());
            taken.Add(set.Name);
        }

        return events.DrainToImmutable();
    }

    /// <summary>Deletes the stream; when that fails it stays, and takes up room.</summary>
    public async Task Close(string id)
    {
        try
        {
            await Send(HttpMethod.Delete, $"ssf/streams?stream_id={id}", null, CancellationToken.None);
        }
        catch (Failure)
        {
            // whatever ended the command is what there is to say
        }
    }

    public void Dispose() => http.Dispose();

    private IEnumerable<object> Named(IReadOnlyCollection<string> subjects) => subjects.Count == 0
        ? [new { format = "complex", tenant = new { format = "opaque", id = "default" } }]
        : subjects.Select(id => (object)new { format = "iss_sub", iss = issuer.OriginalString, sub = id });

    private async Task<JsonElement> Send(HttpMethod method, string path, object? body, CancellationToken cancellationToken)
    {
        await Renew(cancellationToken);
        using var request = new HttpRequestMessage(method, new Uri($"{issuer.AbsoluteUri.TrimEnd('/')}/{path}")) { Content = body is null ? null : JsonContent.Create(body, body.GetType()) };
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            if (response.StatusCode == HttpStatusCode.Conflict)
                throw new Failure(ExitCode.Failed, $"'{client.Id}' has as many event streams as it may.", "Look at them with: assay events streams");
            if (!response.IsSuccessStatusCode)
                throw Refusal.Of(response, bytes);
            return bytes.Length == 0 ? default : JsonDocument.Parse(bytes).RootElement;
        }
        catch (HttpRequestException fault)
        {
            throw AdminApi.Unreachable(issuer, fault);
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new Failure(ExitCode.Unreachable, $"{issuer} did not answer within {Say.Span(Patience)}.");
        }
    }

    private async Task Renew(CancellationToken cancellationToken)
    {
        if (clock.GetUtcNow() < renewAt)
            return;
        var token = await TokenSource.Get(issuer, client, clock, Resource, Scopes, cancellationToken);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.AccessToken);
        renewAt = clock.GetUtcNow() + token.ExpiresIn - RenewBefore;
    }
}
