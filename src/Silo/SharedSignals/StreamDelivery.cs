using System.Collections.Immutable;
using Assay.Core.SharedSignals;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.SharedSignals;

namespace Assay.Silo.SharedSignals;

/// <summary>What comes next in a stream, as far as its owner may hear it now. Polls and pushes both take it from here.</summary>
internal sealed class StreamDelivery(IGrainFactory grains, StreamStanding standing, SiloIdentity self)
{
    private const string WithdrawnReason = "the right to hear of these subjects was withdrawn";
    private const string ReturnedReason = "the right to hear of these subjects is there again";

    public IEventStreamGrain Stream(string id) => grains.GetGrain<IEventStreamGrain>(GrainKey.For(self.Realm, id));

    /// <summary>
    /// The next events. When the owner may not hear them any more the stream is stopped, and what comes is that news alone; when it may again, the stream goes on.
    /// </summary>
    /// <param name="passage">Events that are about more than the stream itself rest on a decision: ask it before sending them.</param>
    public async Task<StreamBatch> Next(string id, int most, DecisionTicket passage, CancellationToken cancellationToken)
    {
        var stream = Stream(id);
        var batch = await stream.Take(most);
        for (var tries = 0; tries < 2; tries++)
        {
            if (batch.Outcome != StreamOutcome.Done || (batch.Held != StreamHold.Right && batch.Events.All(made => made.IsNotice)))
                return batch;

            if (await standing.MayHear(batch, passage, cancellationToken) is not { } mayHear)
                return batch with { Outcome = StreamOutcome.Unavailable, Events = [] };
            if (mayHear == (batch.Held != StreamHold.Right))
                return batch;
            await stream.Change(
                mayHear
                    ? new StreamChange.SetStatus(StreamStatus.Enabled, ReturnedReason, StreamHold.Right)
                    : new StreamChange.SetStatus(StreamStatus.Paused, WithdrawnReason, StreamHold.Right));
            batch = await stream.Take(most);
        }

        return batch with { Events = [.. batch.Events.Where(made => made.IsNotice)] };
    }
}
