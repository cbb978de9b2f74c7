using System.Diagnostics;
using System.Net;
using System.Runtime.ExceptionServices;

namespace Assay.Client;

/// <summary>
/// Asks the issuer for tokens, at whichever of its addresses answers. Each attempt proves the client anew: a request of unknown outcome may have made a token, which
/// nobody holds and which ends by itself, and has spent its assertion; it is never sent twice.
/// </summary>
internal sealed class IssuerConnection : IDisposable
{
    private readonly AssayClientOptions options;
    private readonly TimeProvider clock;
    private readonly IssuerMetadata metadata;
    private readonly IssuerClock issuerClock;
    private readonly TokenEndpoint endpoint;

    public IssuerConnection(AssayClientOptions options, HttpClient http)
    {
        (this.options, clock) = (options, options.TimeProvider);
        metadata = new IssuerMetadata(options.Issuer, http, clock);
        issuerClock = new IssuerClock(clock);
        endpoint = new TokenEndpoint(options, issuerClock, http);
        Addresses = new IssuerAddresses(options.Issuer, options.Endpoints, clock);
    }

    public IssuerAddresses Addresses { get; }

    /// <summary>An answer, or why there is none. Each address is tried once at most, all of them within <see cref="AssayClientOptions.Timeout"/>.</summary>
    public async Task<TAnswer> AskAsync<TAnswer>(Question<TAnswer> question, CancellationToken cancellationToken)
    {
        using var activity = question.StartActivity();
        try
        {
            var answer = await AskInTurnAsync(question, cancellationToken).ConfigureAwait(false);
            question.Tell(activity, answer);
            return answer;
        }
        catch (AssayTokenException fault)
        {
            ClientTelemetry.Failed(activity, fault);
            throw;
        }
    }

    public void Dispose()
    {
        metadata.Dispose();
        Addresses.Dispose();
    }

    private async Task<TAnswer> AskInTurnAsync<TAnswer>(Question<TAnswer> question, CancellationToken cancellationToken)
    {
        var began = clock.GetTimestamp();
        var visited = 0u;
        ExceptionDispatchInfo? last = null;
        while (true)
        {
            var left = options.Timeout - clock.GetElapsedTime(began);
            if (await EnterAsync(visited, left, cancellationToken).ConfigureAwait(false) is not { } visit)
            {
                last?.Throw();
                throw Addresses.Held();
            }

            visited |= 1u << visit.Address.Place;
            try
            {
                return await HedgedAsync(visit, question, left < options.AttemptTimeout ? left : options.AttemptTimeout, cancellationToken).ConfigureAwait(false);
            }
            catch (AssayTokenException fault) when (IsAway(fault) && !IsLimit(fault))
            {
                last = ExceptionDispatchInfo.Capture(fault); // another address may do better
            }
        }
    }

    private async Task<Visit?> EnterAsync(uint visited, TimeSpan left, CancellationToken cancellationToken)
    {
        if (left <= TimeSpan.Zero)
            return null;

        using var deadline = new CancellationTokenSource(left, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            return await Addresses.EnterAsync(visited, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw TimedOut(e);
        }
    }

    /// <summary>With <see cref="AssayClientOptions.HedgeAfter"/> set: a second attempt beside a slow one, and the first answer of both.</summary>
    private async Task<TAnswer> HedgedAsync<TAnswer>(Visit visit, Question<TAnswer> question, TimeSpan time, CancellationToken cancellationToken)
    {
        if (options.HedgeAfter is not { } delay || !visit.Address.IsWell)
            return await VisitAsync(visit, question, time, cancellationToken).ConfigureAwait(false);

        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var first = VisitAsync(visit, question, time, enough.Token);
        try
        {
            await Task.WhenAny(first, Task.Delay(delay, clock, enough.Token)).ConfigureAwait(false);
            if (first.IsCompleted || cancellationToken.IsCancellationRequested || Addresses.Beside(visit) is not { } beside)
                return await first.ConfigureAwait(false);

            var second = VisitAsync(beside, question, time, enough.Token);
            var earlier = await Task.WhenAny(first, second).ConfigureAwait(false);
            var later = earlier == first ? second : first;
            _ = later.ContinueWith(
                static ended => _ = ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            var says = earlier.Exception?.InnerException is AssayTokenException fault && IsAway(fault) ? later : earlier; // the one that failed has no say
            return await says.ConfigureAwait(false);
        }
        finally
        {
            await enough.CancelAsync().ConfigureAwait(false);
        }
    }

    private async Task<TAnswer> VisitAsync<TAnswer>(Visit visit, Question<TAnswer> question, TimeSpan time, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(time, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        var began = clock.GetTimestamp();
        AssayTokenException failure;
        try
        {
            var answer = await TalkAsync(visit, question, either.Token).ConfigureAwait(false);
            if (question.LimitIn(answer) is { } limit)
                Addresses.Limited(visit, limit);
            else
                Addresses.Answered(visit);
            ClientTelemetry.Asked(clock.GetElapsedTime(began), visit.Address, question.IsBatch, null);
            return answer;
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            failure = TimedOut(e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            failure = new AssayTokenException(
                TokenFailure.Unreachable, $"The issuer {options.Issuer.OriginalString} could not be reached{Where(visit.Address)}: {e.Message}", e);
        }
        catch (AssayTokenException e)
        {
            failure = e;
        }
        catch
        {
            Addresses.Left(visit);
            throw;
        }

        if (failure.Failure is TokenFailure.Credential or TokenFailure.Unsupported)
            Addresses.Left(visit);
        else if (!IsAway(failure))
            Addresses.Answered(visit);
        else if (IsLimit(failure))
            Addresses.Limited(visit, failure);
        else
            Addresses.Failed(visit, failure);

        ClientTelemetry.Asked(clock.GetElapsedTime(began), visit.Address, question.IsBatch, failure);
        ExceptionDispatchInfo.Throw(failure);
        throw new UnreachableException();
    }

    private async Task<TAnswer> TalkAsync<TAnswer>(Visit visit, Question<TAnswer> question, CancellationToken cancellationToken)
    {
        var (endpoints, asked) = await metadata.EndpointsAsync(visit.Address.At, cancellationToken).ConfigureAwait(false);
        if (asked)
            Addresses.Answered(visit); // those who waited for this go on
        if (question.Endpoint(endpoints) is not { } url)
        {
            throw new AssayTokenException(
                TokenFailure.Unsupported, $"The metadata of the issuer {options.Issuer.OriginalString} names no usable token_batch_endpoint: ask it for each token by itself.");
        }

        var (isResent, isRedated) = (false, false);
        while (true)
        {
            try
            {
                return await endpoint.AskAsync(url, question, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (!isResent && Addresses.Count == 1 && visit.Address.IsWell && BrokeOff(e))
            {
                isResent = true; // one address may stand for many silos, and the next connection reaches another
            }
            catch (AssayTokenException e) when (!isRedated && e.Error == "invalid_client" && issuerClock.Learn(e.AnsweredAt))
            {
                isRedated = true;
            }
        }
    }

    /// <summary>The issuer cannot be had there now. Everything else is an answer.</summary>
    private static bool IsAway(AssayTokenException fault) => fault.Failure is TokenFailure.Unreachable or TokenFailure.Unavailable or TokenFailure.NotAnIssuer;

    private static bool IsLimit(AssayTokenException fault) => fault.StatusCode is HttpStatusCode.TooManyRequests;

    /// <summary>Somebody was there and went away in the middle, or a gateway says so of the silo behind it. Not: nobody is there.</summary>
    private static bool BrokeOff(Exception fault) => fault switch
    {
        IOException => true,
        HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded or HttpRequestError.HttpProtocolError } => true,
        HttpRequestException { HttpRequestError: HttpRequestError.Unknown, InnerException: IOException } => true,
        AssayTokenException { StatusCode: HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout, RetryAfter: null } => true,
        _ => false,
    };

    private AssayTokenException TimedOut(Exception e) =>
        new(TokenFailure.Unreachable, $"The issuer {options.Issuer.OriginalString} did not answer in time.", e);

    private static string Where(IssuerAddress address) => address.At is { } at ? $" at {at.OriginalString}" : "";
}
