using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Assay.Grains.SharedSignals;
using Microsoft.Extensions.Options;

namespace Assay.Silo.SharedSignals;

/// <summary>What became of one push.</summary>
internal abstract record Pushed
{
    private Pushed()
    {
    }

    /// <summary>The receiver has it.</summary>
    public sealed record Taken : Pushed;

    /// <summary>The receiver does not take it, now or ever (RFC 8935 §2.3).</summary>
    public sealed record Refused(string Error, string? Description) : Pushed;

    /// <summary>Try again.</summary>
    /// <param name="After">What the receiver asked for; null when it did not.</param>
    public sealed record Failed(string Reason, TimeSpan? After) : Pushed;
}

/// <summary>Pushes security event tokens, one a request (RFC 8935).</summary>
internal sealed class SetPush : IDisposable
{
    public const string MediaType = "application/secevent+jwt";

    private const int MostAnswer = 16 * 1024;

    private readonly HttpClient http;
    private readonly TimeSpan patience;
    private readonly TimeProvider clock;

    public SetPush(IOptions<EventOptions> options, TimeProvider clock)
    {
        patience = options.Value.PushTimeout;
        this.clock = clock;
        http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false, // it would lead where nobody allowed
            UseCookies = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
            ConnectTimeout = patience,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = MostAnswer,
        };
    }

    /// <param name="authorization">Sent as it is; null for none.</param>
    public async Task<Pushed> Send(string endpoint, string? authorization, byte[] set, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint) { Content = new ByteArrayContent(set) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(MediaType);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (authorization is not null)
            request.Headers.TryAddWithoutValidation("Authorization", authorization);

        using var limit = new CancellationTokenSource(patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var response = await http.SendAsync(request, either.Token);
            return response.StatusCode switch
            {
                HttpStatusCode.Accepted or HttpStatusCode.OK or HttpStatusCode.NoContent => new Pushed.Taken(),
                HttpStatusCode.BadRequest when await Refusal(response, either.Token) is { } refusal => refusal,
                var status => new Pushed.Failed($"it answered {(int)status}", After(response)),
            };
        }
        catch (HttpRequestException fault)
        {
            return new Pushed.Failed(fault.HttpRequestError.ToString(), null); // not its message: it may hold what a receiver wrote
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Pushed.Failed($"it did not answer within {patience}", null);
        }
    }

    public void Dispose() => http.Dispose();

    private TimeSpan? After(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } span } => span,
        { Date: { } date } when date - clock.GetUtcNow() is { Ticks: > 0 } left => left,
        _ => null,
    };

    /// <summary>Null when the receiver does not say what is wrong: whoever answered, perhaps it was not the receiver.</summary>
    private static async Task<Pushed.Refused?> Refusal(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            using var json = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
            return SetError.TryRead(json.RootElement, out var error, out var description) ? new Pushed.Refused(error, description) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
