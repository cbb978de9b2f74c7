using Assay.Core.Evidence;
using Assay.Core.Policies;
using Assay.Core.Replay;
using Assay.Grains.Authority;
using Assay.Silo.Admin.Explaining;

namespace Assay.Silo.Admin.Replaying;

/// <param name="Limit">Decisions to decide again at most, the newest ones.</param>
/// <param name="Verify">Also by the policies each record names.</param>
internal sealed record ReplayQuestion(LoadedPolicySet Candidate, string Domain, DateTimeOffset Since, DateTimeOffset Until, long Limit, bool Verify);

/// <param name="Taken">Records read.</param>
/// <param name="Decided">Of those, decided again.</param>
/// <param name="ReachedBackTo">When the records that are being read were stored.</param>
internal readonly record struct ReplayProgress(long Taken, long Decided, DateTimeOffset ReachedBackTo, TimeSpan Elapsed);

/// <param name="LimitReached">There may be more decisions in the range, older ones.</param>
internal sealed record ReplayResult(PolicyReplay Replay, bool LimitReached, TimeSpan Elapsed);

/// <summary>
/// Walks back through the evidence and has a candidate decide what was decided. One replay at a time: it takes a core's worth of work and a bounded amount of
/// memory, and gives way to whatever waits for a thread after every few dozen records, so that issuance goes first.
/// </summary>
internal sealed class PolicyReplays(IEvidenceStore evidence, IAuthorityStore store, History history, SiloIdentity self, TimeProvider clock)
{
    /// <summary>Rows of a report.</summary>
    private const int MostChanges = 100_000;

    private const int PageBytes = 1 << 20;
    private const int RecordsPerTurn = 64;

    private static readonly TimeSpan ProgressEvery = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long after its decision a record may have been stored and still be found, when a replay ends before now: longer than a database outage
    /// that a silo survives, during which records wait.
    /// </summary>
    private static readonly TimeSpan StoredWithin = TimeSpan.FromMinutes(30);

    /// <summary>How far the clock of a silo may be ahead of the store's.</summary>
    private static readonly TimeSpan ClockSlack = TimeSpan.FromMinutes(1);

    private int running;

    /// <summary>A turn, given back by disposing it; null while another replay runs on this silo.</summary>
    public IDisposable? TryBegin() => Interlocked.CompareExchange(ref running, 1, 0) == 0 ? new Turn(this) : null;

    /// <summary>Replays within a turn. Reads only.</summary>
    /// <param name="progress">Called about once a second.</param>
    public async Task<ReplayResult> Run(ReplayQuestion question, Func<ReplayProgress, Task> progress, CancellationToken cancellationToken)
    {
        var start = clock.GetTimestamp();
        var reported = start;
        var replay = new PolicyReplay(question.Candidate, new ReplayRange(self.Realm, question.Domain, question.Since, question.Until), MostChanges);
        var versions = new ReplayHistory(store, history, self.Realm);
        var now = clock.GetUtcNow();
        var earliest = Earlier(question.Since, ClockSlack);
        EvidencePlace? next = EvidencePlace.At((question.Until < now ? question.Until : now) + StoredWithin);
        var turn = 0;
        while (next is { } place)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var page = await evidence.Before(place, earliest, PageBytes, cancellationToken);
            if (page.DamagedRecords > 0)
                replay.LeftOut.Add(new LeftOutRecord(null, null, LeftOutReason.Damaged, Where(place, page)), page.DamagedRecords);
            foreach (var batch in page.Batches)
            {
                for (var i = batch.Records.Length - 1; i >= 0; i--)
                {
                    if (++turn == RecordsPerTurn)
                    {
                        turn = 0;
                        cancellationToken.ThrowIfCancellationRequested();
                        await Task.Yield(); // to the end of the pool's queue
                        if (clock.GetElapsedTime(reported) >= ProgressEvery)
                        {
                            reported = clock.GetTimestamp();
                            await progress(new ReplayProgress(replay.Taken, replay.Tally.Decided, batch.CommittedAt, clock.GetElapsedTime(start)));
                        }
                    }

                    if (!replay.Take(new RecordId(batch.Shard, batch.FirstPosition + i), batch.Records[i].Span))
                        continue;
                    if (replay.Tally.Decided == question.Limit)
                        return new ReplayResult(replay, LimitReached: true, clock.GetElapsedTime(start));
                    var standing = versions.Known(replay.Current) ?? await versions.Find(replay.Current, cancellationToken);
                    if (standing.Stage is not { } stage)
                    {
                        replay.LeaveOut(standing.Reason, standing.Detail!);
                        continue;
                    }

                    replay.Decide(stage);
                    if (question.Verify)
                    {
                        var own = await versions.Policies(question.Domain, replay.Current.PolicyVersion, cancellationToken);
                        replay.Verify(batch.Records[i].Span, own, standing.Directory, standing.Identity!);
                    }
                }
            }

            next = page.Next;
        }

        return new ReplayResult(replay, LimitReached: false, clock.GetElapsedTime(start));
    }

    private static string Where(EvidencePlace place, EvidencePage page) =>
        $"{page.DamagedRecords} records in batches stored before {place.Stored:O}" + (page.Next is { } end ? $" and not before {end.Stored:O}" : "");

    private static DateTimeOffset Earlier(DateTimeOffset moment, TimeSpan by) => moment - DateTimeOffset.UnixEpoch > by ? moment - by : DateTimeOffset.UnixEpoch;

    private sealed class Turn(PolicyReplays replays) : IDisposable
    {
        private int ended;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref ended, 1) == 0)
                Volatile.Write(ref replays.running, 0);
        }
    }
}
