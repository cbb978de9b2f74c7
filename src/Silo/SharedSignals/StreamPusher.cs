using System.Collections.Immutable;
using Assay.Grains.Authority;
using Assay.Grains.Keys;
using Assay.Grains.SharedSignals;
using Microsoft.Extensions.Options;

namespace Assay.Silo.SharedSignals;

/// <summary>Pushes one stream that lives on this silo: one event after the other, so that none overtakes another of its subject.</summary>
internal sealed class StreamPusher(
    StreamDelivery delivery,
    StreamStanding standing,
    SetSigner signer,
    SetPush push,
    PushTargets targets,
    IKeyVault vault,
    DecisionGate gate,
    Pulses pulses,
    EventMetrics metrics,
    IOptions<EventOptions> options,
    TimeProvider clock,
    ILogger<StreamPusher> log)
{
    /// <summary>What the <c>Authorization</c> header of a stream is wrapped as.</summary>
    public static string SecretName(string stream) => $"event-stream/{stream}/authorization";

    private const int PerBatch = 16;

    /// <summary>How often it looks without having been told.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    private readonly EventOptions bounds = options.Value;

    /// <summary>Until cancelled. What is not settled when it ends is sent again by whoever goes on.</summary>
    public async Task Run(string id, CancellationToken cancellationToken)
    {
        var failures = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            var (news, changed) = (pulses.News.Next, pulses.Streams.Next);
            var round = Round.Idle;
            TimeSpan? asked = null;
            try
            {
                (round, asked) = await Once(id, failures > 0, cancellationToken);
            }
            catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
            {
                Log.NotDelivered(log, fault, id);
                round = Round.Failed;
            }
            catch (Exception) // whatever it was, it is over
            {
                return;
            }

            failures = round == Round.Failed ? failures + 1 : 0;
            await (round switch
            {
                Round.More => Task.CompletedTask,
                Round.Failed => Wait(Backoff.After(failures, bounds.FirstRetry, bounds.LongestRetry, asked, Random.Shared.NextDouble()), changed, cancellationToken),
                Round.NotPushed => Wait(Timeout.InfiniteTimeSpan, changed, cancellationToken),
                _ => Wait(LookEvery, news, cancellationToken),
            });
        }
    }

    private async Task<(Round Round, TimeSpan? Asked)> Once(string id, bool hasFailed, CancellationToken cancellationToken)
    {
        StreamBatch batch;
        using (var passage = gate.Enter())
            batch = await delivery.Next(id, PerBatch, passage, cancellationToken);
        if (batch.Outcome == StreamOutcome.NotFound || (batch.Outcome == StreamOutcome.Done && batch.Endpoint is null))
            return (Round.NotPushed, null);
        if (batch.Outcome != StreamOutcome.Done || batch.Events.IsEmpty)
            return (Round.Idle, null);

        if (targets.Objection(batch.Endpoint) is { } objection)
        {
            metrics.PushFailed();
            if (!hasFailed)
                Log.PushFailed(log, id, objection);
            return (Round.Failed, null);
        }

        var authorization = batch.WrappedAuthorization is { } wrapped ? System.Text.Encoding.UTF8.GetString(vault.Unwrap(SecretName(id), wrapped)) : null;
        var taken = ImmutableArray.CreateBuilder<string>();
        var refused = ImmutableArray.CreateBuilder<RefusedEvent>();
        Pushed.Failed? failed = null;
        var isOver = false;
        foreach (var made in batch.Events)
        {
            if (signer.Sign(made, id, batch.Owner) is not { } set || !await MayLeave(batch, made, cancellationToken))
            {
                isOver = true;
                break;
            }

            switch (await push.Send(batch.Endpoint!, authorization, set, cancellationToken))
            {
                case Pushed.Taken:
                    taken.Add(made.JwtId);
                    break;
                case Pushed.Refused refusal:
                    refused.Add(new RefusedEvent(made.JwtId, refusal.Error, refusal.Description));
                    break;
                case Pushed.Failed failure:
                    failed = failure;
                    break;
            }

            if (failed is not null)
                break; // the ones behind it wait for it
        }

        metrics.Delivered("push", taken.Count);
        metrics.Refused(refused.Count);
        if (taken.Count + refused.Count > 0 && !await delivery.Stream(id).Settle(taken.DrainToImmutable(), refused.DrainToImmutable()))
            failed ??= new Pushed.Failed("what the receiver has could not be written down", null); // it is sent again, which the receiver knows how to take
        if (failed is null)
        {
            if (hasFailed)
                Log.PushGoesOn(log, id);
            return (isOver ? Round.Idle : Round.More, null);
        }

        metrics.PushFailed();
        if (!hasFailed)
            Log.PushFailed(log, id, failed.Reason);
        return (Round.Failed, failed.After);
    }

    /// <summary>Asked for each event: a batch takes longer than a change.</summary>
    private async ValueTask<bool> MayLeave(StreamBatch batch, StreamEvent made, CancellationToken cancellationToken)
    {
        if (made.IsNotice)
            return true;
        using var passage = gate.Enter();
        return await standing.MayHear(batch, passage, cancellationToken) == true && passage.MayLeave();
    }

    private async Task Wait(TimeSpan atMost, Task pulse, CancellationToken cancellationToken)
    {
        try
        {
            await pulse.WaitAsync(atMost, clock, cancellationToken);
        }
        catch (Exception fault) when (fault is TimeoutException or OperationCanceledException)
        {
            // time to look, or to end
        }
    }

    private enum Round
    {
        Idle,

        /// <summary>There may be more at once.</summary>
        More,
        Failed,

        /// <summary>It is polled, or gone.</summary>
        NotPushed,
    }
}
