using Assay.Core.Evidence;
using Assay.Core.Policies;
using Assay.Core.Replay;
using Assay.Grains.Authority;
using Assay.Silo.Admin.Explaining;
using Assay.Silo.Admin.Replaying;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Tests.Storage;
using Assay.Tests.Shared;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Tests.Replaying;

/// <summary>Replays over a real store, without a silo around it.</summary>
public sealed class PolicyReplaysTests : IDisposable
{
    private const int Records = 1200;

    private readonly TemporaryFolder temporary = new();
    private readonly TestClock clock = new();
    private readonly DataFolder folder;
    private readonly SqliteStorage storage;
    private readonly RecordedHistory past = new(101);
    private readonly List<ReplayProgress> progress = [];

    public PolicyReplaysTests()
    {
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, clock);
    }

    private DateTimeOffset End => clock.GetUtcNow();

    public void Dispose()
    {
        storage.Dispose();
        folder.Dispose();
        temporary.Dispose();
    }

    [Fact]
    public async Task Those_who_lose_are_named_and_nobody_else()
    {
        await Past();

        var replay = (await Run(RecordedHistory.WithoutExporters)).Replay;

        Assert.Equal((Records, Records, 0), (replay.Taken, replay.Tally.Decided, replay.LeftOut.Count));
        Assert.Equal(
            past.Losing.Select(one => (one.Key, one.Value)).Order(),
            replay.Tally.Changes().Select(change => (change.Identity, change.Count)).Order());
        Assert.All(replay.Tally.Changes(), change => Assert.Equal((ChangeKind.Lost, "ledger.export"), (change.Kind, change.Scope)));
        Assert.InRange(past.Losing.Count, 10, 33);
    }

    [Fact]
    public async Task The_policies_that_decided_change_nothing_and_every_record_holds()
    {
        await Past();

        var replay = (await Run(RecordedHistory.Policies, verify: true)).Replay;

        Assert.Equal((Records, 0, 0), (replay.Tally.Decided, replay.Tally.Changed, replay.Tally.OtherReason));
        Assert.Equal((Records, 0, 0), (replay.Verification.Checked, replay.Verification.DifferingCount, replay.Verification.NotCheckedCount));
    }

    [Fact]
    public async Task A_time_is_replayed_from_its_first_moment_to_before_its_end()
    {
        await Past();

        var replay = (await Run(RecordedHistory.Policies, since: End.AddMilliseconds(-900), until: End.AddMilliseconds(-300))).Replay;

        Assert.Equal((600, End.AddMilliseconds(-900), End.AddMilliseconds(-301)), (replay.Tally.Decided, replay.Tally.First, replay.Tally.Last));
    }

    [Theory]
    [InlineData(500, true)]
    [InlineData(Records, false)]
    public async Task The_newest_are_replayed_up_to_the_limit(int limit, bool reached)
    {
        await Past();

        var result = await Run(RecordedHistory.Policies, limit: limit);

        Assert.Equal((limit, reached, End.AddMilliseconds(-limit)), (result.Replay.Tally.Decided, result.LimitReached, result.Replay.Tally.First));
    }

    [Fact]
    public async Task What_cannot_be_decided_again_is_counted_and_named()
    {
        await Past();
        var shard = (await storage.Authority.Join(new SiloPlace("other", "other"), TimeSpan.FromMinutes(1), default)).Epoch;
        var whole = past.Record(1, late: true, new RecordId(shard, 0), End.AddMilliseconds(-5), directoryNumber: long.MaxValue / 2);
        EvidenceRecord[] records =
        [
            whole with { Input = whole.Input! with { IdentityNumber = 1 } },
            whole with { Input = whole.Input! with { Resource = "https://gone.example" } },
            whole with { Kind = EvidenceKind.Void, Input = null, Verdict = null, JwtId = null },
            whole with { Kind = EvidenceKind.Refusal, Verdict = null, Refusal = "IdentityDisabled", Error = "unauthorized_client" },
            whole with { Input = whole.Input! with { PolicyDomain = "admin" } },
        ];
        var stored = records.Select((record, i) => (ReadOnlyMemory<byte>)(record with { Position = i }).Encode()).Append("{\"v\":7}"u8.ToArray()).ToArray();
        await storage.Log.Append(EvidenceBatch.Create(shard, 0, End, stored, []), default);
        await storage.Log.Append(EvidenceBatch.Create(shard, 6, End, [whole.Encode(), whole.Encode()], []), default);
        Rot(shard, 6);

        var replay = (await Run(RecordedHistory.Policies)).Replay;

        Assert.Equal((Records, 1, 1, 1), (replay.Tally.Decided, replay.NoDecisions, replay.Refusals, replay.OtherDomains));
        Assert.Equal(5, replay.LeftOut.Count);
        Assert.Equal(
            [
                (null, LeftOutReason.Damaged, 2),
                (new RecordId(shard, 5), LeftOutReason.Unreadable, 1),
                (new RecordId(shard, 1), LeftOutReason.ApiMissing, 1),
                (new RecordId(shard, 0), LeftOutReason.IdentityMissing, 1),
            ],
            replay.LeftOut.Named().Select(record => (record.Id, record.Reason, replay.LeftOut.Of(record.Reason))));
        Assert.Contains($"there is no version 1 of '{whole.Input!.ClientId}'", replay.LeftOut.Named()[3].Detail);
    }

    [Fact]
    public async Task A_record_that_its_own_policies_contradict_differs_from_its_own_record()
    {
        await Past();
        var shard = (await storage.Authority.Join(new SiloPlace("other", "other"), TimeSpan.FromMinutes(1), default)).Epoch;
        EvidenceRecord Sound(int at) => past.Record(1, late: true, new RecordId(shard, at), End.AddMilliseconds(-5), directoryNumber: long.MaxValue / 2);
        var widened = Sound(0);
        var scope = widened.Verdict!.Scopes[0];
        EvidenceRecord[] records =
        [
            widened with { Verdict = widened.Verdict with { Scopes = [scope with { Outcome = Assay.Core.Decisions.ScopeOutcome.Forbidden }, .. widened.Verdict.Scopes[1..]], Lifetime = TimeSpan.Zero }, Kind = EvidenceKind.Denial, Error = "invalid_scope" },
            Sound(1) with { Verdict = widened.Verdict with { Scopes = [scope with { Policies = ["another"] }, .. widened.Verdict.Scopes[1..]] } },
            Sound(2) with { Position = 77 },
            Sound(3) with { Input = widened.Input! with { PolicyVersion = new string('0', 64) } },
            Sound(4),
        ];
        if (records[0].Verdict!.GrantsAny)
            records[0] = records[0] with { Kind = EvidenceKind.Permit, Error = null };
        await storage.Log.Append(EvidenceBatch.Create(shard, 0, End, [.. records.Select(record => (ReadOnlyMemory<byte>)record.Encode())], []), default);

        var verification = (await Run(RecordedHistory.Policies, verify: true)).Replay.Verification;

        Assert.Equal((Records + 4, 3, 1), (verification.Checked, verification.DifferingCount, verification.NotCheckedCount));
        Assert.Equal(
            [
                (2, "it says that it is record 77 of shard " + shard),
                (1, "ledger.read is granted as recorded, but by other policies, or with other reasons, errors or obligations"),
                (0, "ledger.read was forbidden and is granted"),
            ],
            verification.NamedDiffering().Select(record => ((int)record.Id.Position, record.Detail)));
        Assert.Equal($"the policy set {new string('0', 64)} is not stored", Assert.Single(verification.NamedNotChecked()).Detail);
    }

    [Fact]
    public async Task A_stored_set_whose_text_was_changed_vouches_for_nothing()
    {
        await Past();
        using (var connection = new SqliteConnection($"Data Source={folder.StateFile};Pooling=False"))
        {
            connection.Open();
            using var change = connection.CreateCommand();
            change.CommandText = "UPDATE object SET body = CAST(replace(CAST(body AS TEXT), 'score >= 80', 'score >= 99') AS BLOB) WHERE kind = 'policy-set' AND id = $id";
            change.Parameters.AddWithValue("$id", "tokens/" + RecordedHistory.Policies.ContentHash());
            Assert.Equal(1, change.ExecuteNonQuery());
        }

        var verification = (await Run(RecordedHistory.Policies, verify: true)).Replay.Verification;

        Assert.Equal(Records, verification.DifferingCount);
        Assert.StartsWith($"the policy set {RecordedHistory.Policies.ContentHash()} was changed at rest", verification.NamedDiffering()[0].Detail);
    }

    [Fact]
    public async Task One_runs_at_a_time()
    {
        var replays = Replays();

        var first = replays.TryBegin();
        var second = replays.TryBegin();
        first!.Dispose();
        first.Dispose();
        var third = replays.TryBegin();

        Assert.Null(second);
        Assert.NotNull(third);
        Assert.Null(replays.TryBegin());
    }

    [Fact]
    public async Task It_ends_when_the_caller_leaves()
    {
        await Past();
        using var leaves = new CancellationTokenSource();
        await leaves.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Run(RecordedHistory.Policies, cancellation: leaves.Token));
    }

    [Fact]
    public async Task It_tells_how_far_it_is()
    {
        await Past();

        await Run(RecordedHistory.Policies, moving: true);

        Assert.NotEmpty(progress);
        Assert.Equal(progress, progress.OrderBy(told => told.Taken).ThenByDescending(told => told.ReachedBackTo));
        Assert.All(progress, told => Assert.InRange(told.Decided, 1, Records));
    }

    private Task Past() => StoredHistory.Write(storage, past, Records, recordsPerBatch: 100, End);

    private PolicyReplays Replays(TimeProvider? time = null)
    {
        var self = new SiloIdentity("http://127.0.0.1:1", "silo-1");
        return new PolicyReplays(storage.Log, storage.Authority, new History(storage.Authority, self), self, time ?? clock);
    }

    private Task<ReplayResult> Run(
        PolicyDocument candidate, bool verify = false, DateTimeOffset? since = null, DateTimeOffset? until = null, long limit = long.MaxValue, bool moving = false, CancellationToken cancellation = default)
    {
        var question = new ReplayQuestion(LoadedPolicySet.Load(candidate).Set!, "tokens", since ?? End.AddHours(-1), until ?? End, limit, verify);
        return Replays(moving ? new HurryingClock(End) : null).Run(
            question,
            told =>
            {
                progress.Add(told);
                return Task.CompletedTask;
            },
            cancellation);
    }

    private void Rot(long shard, long first)
    {
        using var connection = new SqliteConnection($"Data Source={folder.EvidenceFile};Pooling=False");
        connection.Open();
        using var rot = connection.CreateCommand();
        rot.CommandText = "UPDATE batch SET checksum = checksum + 1 WHERE shard = $shard AND first = $first";
        rot.Parameters.AddWithValue("$shard", shard);
        rot.Parameters.AddWithValue("$first", first);
        Assert.Equal(1, rot.ExecuteNonQuery());
    }

    /// <summary>A second passes with every look at it.</summary>
    private sealed class HurryingClock(DateTimeOffset now) : TimeProvider
    {
        private long looked;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Interlocked.Increment(ref looked);

        public override DateTimeOffset GetUtcNow() => now;
    }
}
