using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Assay.Client.Events;

/// <summary>
/// Calls of the stream API (SSF 1.0 §8.1, RFC 8936) with a token that the client gets through itself. What goes wrong is a <see cref="StreamFault"/>, but for a
/// cancellation that the caller asked for.
/// </summary>
internal sealed class StreamApi(AssayClient client, AssayClientOptions options, HttpClient http) : IDisposable
{
    private const string Resource = "urn:assay:events";
    private const string PollMethod = "urn:ietf:rfc:8936";
    private const int PerPoll = 50;

    /// <summary>The one realm there is.</summary>
    private const string Everybody = "default";

    /// <summary>Longer than an issuer lets a poll wait (20 s, unless it is set otherwise), and not so long that a connection nobody is at the other end of goes unnoticed.</summary>
    private static readonly TimeSpan PollPatience = TimeSpan.FromSeconds(60);

    private static readonly string[] Scopes = ["ssf.manage"];
    private static readonly string[] Types =
        [SecurityEventTypes.SessionRevoked, SecurityEventTypes.TokenClaimsChange, SecurityEventTypes.CredentialChange, SecurityEventTypes.RiskLevelChange];

    private readonly IssuerKeySet keys = new(http, options.TimeProvider);
    private Transmitter? transmitter;

    private sealed record Transmitter(Uri Keys, Uri Streams, Uri AddSubject);

    /// <summary>Makes a stream that is about nobody yet.</summary>
    public async Task<OpenStream> CreateAsync(CancellationToken cancellationToken)
    {
        transmitter = await DiscoverAsync(cancellationToken).ConfigureAwait(false);
        var wish = new StreamWishJson(new DeliveryJson(PollMethod), Types, "Assay.Client");
        var body = await SendAsync(HttpMethod.Post, transmitter.Streams, wish, EventJson.Default.StreamWishJson, "a stream", options.Timeout, cancellationToken).ConfigureAwait(false);
        return Parse(body, EventJson.Default.StreamJson) is { Id.Length: > 0, Delivery: { Method: PollMethod, Endpoint: { } endpoint } } made && Acceptable(endpoint) is { } poll
            ? new OpenStream(made.Id, poll)
            : throw new StreamFault(StreamFailure.NotATransmitter, "the stream that was made is not one to poll");
    }

    /// <param name="subject">A client id; null for everybody.</param>
    public Task AddSubjectAsync(OpenStream stream, string? subject, CancellationToken cancellationToken)
    {
        var named = subject is null
            ? new SubjectJson("complex", Tenant: new SubjectJson("opaque", Id: Everybody))
            : new SubjectJson("iss_sub", Issuer: options.Issuer.OriginalString, Subject: subject);
        return SendAsync(
            HttpMethod.Post, transmitter!.AddSubject, new NewSubjectJson(stream.Id, named), EventJson.Default.NewSubjectJson, $"events about {subject ?? "everybody"}", options.Timeout, cancellationToken);
    }

    /// <summary>Says which events it has, and waits for the next; null when nobody answered in time, which a long poll may come to.</summary>
    public async Task<Dictionary<string, string?>?> PollAsync(
        OpenStream stream, IReadOnlyList<string> taken, IReadOnlyDictionary<string, SetErrorJson>? refused, CancellationToken cancellationToken)
    {
        try
        {
            var question = new PollJson(PerPoll, ReturnsImmediately: false, taken, refused);
            var body = await SendAsync(HttpMethod.Post, stream.Poll, question, EventJson.Default.PollJson, "events", PollPatience, cancellationToken).ConfigureAwait(false);
            return Parse(body, EventJson.Default.PollAnswerJson)?.Sets ?? throw new StreamFault(StreamFailure.NotATransmitter, "what was polled for is not the JSON of RFC 8936");
        }
        catch (StreamFault fault) when (fault.InnerException is TimeoutException)
        {
            return null;
        }
    }

    public Task DeleteAsync(OpenStream stream, CancellationToken cancellationToken) => SendAsync<object>(
        HttpMethod.Delete, new Uri($"{transmitter!.Streams.AbsoluteUri}?stream_id={Uri.EscapeDataString(stream.Id)}"), null, null, "the end of a stream", options.Timeout, cancellationToken);

    /// <summary>Looks at an event; fetches keys when it has to.</summary>
    public async Task<SetResult> ReadAsync(SetReader reader, string name, string? token, CancellationToken cancellationToken)
    {
        await WithinAsync("keys", options.Timeout, limit => keys.FreshenAsync(transmitter!.Keys, isWanted: false, limit), cancellationToken).ConfigureAwait(false);
        var result = reader.Read(name, token, keys.Find);
        if (result is not SetResult.UnknownKey)
            return result;

        await WithinAsync("keys", options.Timeout, limit => keys.FreshenAsync(transmitter!.Keys, isWanted: true, limit), cancellationToken).ConfigureAwait(false);
        return reader.Read(name, token, keys.Find);
    }

    public void Dispose() => keys.Dispose();

    private async Task<Transmitter> DiscoverAsync(CancellationToken cancellationToken)
    {
        // As for RFC 8414: the well-known name goes between host and path of the issuer (SSF 1.0 §7.2.1).
        var issuer = options.Issuer;
        var url = new Uri($"{issuer.GetLeftPart(UriPartial.Authority)}/.well-known/ssf-configuration{issuer.AbsolutePath.TrimEnd('/')}");
        byte[] body = [];
        await WithinAsync("metadata", options.Timeout, async limit =>
        {
            using var response = await http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, limit).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.OK)
                throw StreamFault.Of(response, $"metadata at {url}", options.TimeProvider);
            body = await ResponseBody.ReadAsync(response, limit).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);

        var metadata = Parse(body, EventJson.Default.TransmitterJson);
        if (metadata?.Issuer != issuer.OriginalString)
            throw new StreamFault(StreamFailure.NotATransmitter, $"the metadata at {url} is that of \"{metadata?.Issuer}\"");
        return Acceptable(metadata.KeysAddress) is { } keySet && Acceptable(metadata.Streams) is { } streams && Acceptable(metadata.AddSubject) is { } addSubject
            ? new Transmitter(keySet, streams, addSubject)
            : throw new StreamFault(StreamFailure.NotATransmitter, $"the metadata at {url} names no usable endpoints");
    }

    private async Task<byte[]> SendAsync<T>(
        HttpMethod method, Uri url, T? content, JsonTypeInfo<T>? type, string what, TimeSpan patience, CancellationToken cancellationToken)
        where T : class
    {
        byte[] body = [];
        await WithinAsync(what, patience, async limit =>
        {
            var token = await client.GetTokenAsync(Resource, Scopes, limit).ConfigureAwait(false);
            for (var isLast = false; ; isLast = true)
            {
                using var request = new HttpRequestMessage(method, url);
                request.Headers.Authorization = new AuthenticationHeaderValue(token.TokenType, token.AccessToken);
                if (content is not null)
                    request.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(content, type!)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
                using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit).ConfigureAwait(false);
                if (response.IsSuccessStatusCode)
                {
                    body = await ResponseBody.ReadAsync(response, limit).ConfigureAwait(false);
                    return;
                }

                // It may have ended before its time: that is what events are about.
                if (isLast || response.StatusCode != HttpStatusCode.Unauthorized)
                    throw StreamFault.Of(response, what, options.TimeProvider);
                var fresh = await client.ReplaceAsync(token, Resource, Scopes, limit).ConfigureAwait(false);
                if (ReferenceEquals(fresh, token))
                    throw StreamFault.Of(response, what, options.TimeProvider);
                token = fresh;
            }
        }, cancellationToken).ConfigureAwait(false);
        return body;
    }

    private async Task WithinAsync(string what, TimeSpan patience, Func<CancellationToken, Task> call, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(patience, options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            await call(either.Token).ConfigureAwait(false);
        }
        catch (AssayTokenException fault)
        {
            throw StreamFault.Of(fault);
        }
        catch (OperationCanceledException fault) when (!cancellationToken.IsCancellationRequested)
        {
            throw new StreamFault(StreamFailure.Unavailable, $"{what}: the issuer did not answer in time", innerException: new TimeoutException(fault.Message, fault));
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or JsonException)
        {
            throw new StreamFault(StreamFailure.Unavailable, $"{what}: {fault.Message}", innerException: fault);
        }
    }

    private static T? Parse<T>(byte[] body, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(body, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // Plain http only where the issuer itself is plain http, which is on loopback: a token goes there.
    private Uri? Acceptable(string? address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || (options.Issuer.Scheme == Uri.UriSchemeHttp && AssayClientOptions.IsSecure(url))) ? url : null;
}

/// <param name="Poll">Where its events are asked for.</param>
internal sealed record OpenStream(string Id, Uri Poll);
