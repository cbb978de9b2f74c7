using System.Diagnostics;
using Assay.Core.Decisions;
using Assay.Core.Evidence;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Replay;
using Assay.Tests.Shared;

namespace Assay.Benchmarks;

/// <summary>Recorded decisions a second on one core: read from their stored form, decided again by a candidate, compared and tallied. No store, no network.</summary>
internal static class Replay
{
    private const int Identities = 2003;
    private const int Records = 200_000;
    private const int Rounds = 7;

    public static void Print()
    {
        var history = new RecordedHistory(Identities);
        var directory = DirectorySnapshot.Of(RecordedHistory.Groups, [RecordedHistory.Api]);
        var candidate = LoadedPolicySet.Load(RecordedHistory.WithoutExporters).Set!;
        var start = new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);
        for (var place = 0; place < Identities; place++)
        {
            history.Stored(place, changed: false, place);
            history.Stored(place, changed: true, Identities + place);
        }

        var records = new byte[Records][];
        for (var n = 0; n < Records; n++)
            records[n] = history.Record(n, late: n >= Records / 2, new RecordId(1, n), start.AddMilliseconds(n), directoryNumber: 1).Encode();
        Console.WriteLine($"{Records:N0} records of {Identities:N0} identities, {records.Average(record => record.Length):N0} bytes each");

        for (var round = 0; round < Rounds; round++)
        {
            var replay = new PolicyReplay(candidate, new ReplayRange("default", "tokens", start, start.AddDays(1)), 100_000);
            var stages = new Dictionary<(string, long), DecisionStage>();
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            var (clock, processor) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
            for (var n = records.Length - 1; n >= 0; n--)
                Take(replay, n, records[n], history, directory, stages);
            var elapsed = clock.Elapsed;
            processor = Environment.CpuUsage.TotalTime - processor;
            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            if (replay.Tally.Decided != Records || replay.Tally.Totals()[0].Identities != history.Losing.Count)
                throw new InvalidOperationException("the replay did not find what is known to be there");
            Console.WriteLine(
                $"{Records / processor.TotalSeconds,9:N0} a second of processor time, all threads counted ({Records / elapsed.TotalSeconds:N0} by the clock on the wall); " +
                $"{processor.TotalMicroseconds / Records:F2} us and {allocated / Records:N0} bytes each; {history.Losing.Count} identities lose");
        }
    }

    private static void Take(
        PolicyReplay replay, int n, byte[] record, RecordedHistory history, DirectorySnapshot directory, Dictionary<(string, long), DecisionStage> stages)
    {
        if (!replay.Take(new RecordId(1, n), record))
            throw new InvalidOperationException("a decision was not taken for one");

        var decision = replay.Current;
        var key = (decision.ClientId, decision.IdentityNumber);
        if (!stages.TryGetValue(key, out var stage))
        {
            var isLate = decision.IdentityNumber >= Identities;
            var identity = history.At((int)(decision.IdentityNumber % Identities), isLate);
            stages.Add(key, stage = DecisionStage.Of(directory, identity, decision.Resource, decision.Time)!);
        }

        replay.Decide(stage);
    }
}
