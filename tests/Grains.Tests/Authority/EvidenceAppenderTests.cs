using System.Collections.Immutable;
using System.Text;
using Assay.Core.Evidence;
using Assay.Core.Transparency;
using Assay.Grains.Authority;
using Microsoft.Extensions.Logging.Abstractions;

namespace Assay.Grains.Tests.Authority;

public sealed class EvidenceAppenderTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private readonly ManualClock clock = new();
    private readonly SiloLease lease;
    private readonly RecordingEvidenceStore store = new();

    public EvidenceAppenderTests()
    {
        lease = new SiloLease(TimeSpan.FromSeconds(10), TimeSpan.Zero, clock);
        lease.Begin(7, lease.Ask());
    }

    [Fact]
    public async Task Positions_are_given_in_order_and_records_that_wait_share_a_commit()
    {
        var appender = Appender();
        var slots = Enumerable.Range(0, 3).Select(_ => appender.Reserve()!).ToArray();
        slots[2].Fill(Bytes("c"), About("exporter", "key-1", 30));
        slots[0].Fill(Bytes("a"), About("exporter", "key-1", 10));
        slots[1].Fill(Bytes("b"), About("importer", null));

        var running = appender.Run(default);

        foreach (var slot in slots)
            Assert.True(await slot.Committed.WaitAsync(Soon));
        var batch = Assert.Single(store.Batches);
        Assert.Equal((7, 0, "a b c"), (batch.Shard, batch.FirstPosition, Text(batch)));
        Assert.Equal(
            ["credential:key-1 0,2 ", "identity:exporter 0,2 10,30", "identity:importer 1 "],
            batch.Index.Select(row => $"{row.Subject} {string.Join(',', row.Positions)} {string.Join(',', row.Spent.Select(one => one.Hash.Low))}").Order());
        appender.Close();
        await running.WaitAsync(Soon);
    }

    [Fact]
    public async Task A_slot_that_is_not_filled_holds_up_only_what_comes_after_it()
    {
        var appender = Appender();
        var running = appender.Run(default);
        var first = appender.Reserve()!;
        var second = appender.Reserve()!;
        var third = appender.Reserve()!;

        first.Fill(Bytes("a"), default);
        third.Fill(Bytes("c"), default);
        Assert.True(await first.Committed.WaitAsync(Soon));
        Assert.False(third.Committed.IsCompleted);

        second.Dispose();

        Assert.True(await third.Committed.WaitAsync(Soon));
        Assert.Equal(["a", "void 7/1 c"], store.Batches.Select(Text));
        appender.Close();
        await running.WaitAsync(Soon);
    }

    [Fact]
    public async Task While_one_commit_is_under_way_the_others_gather()
    {
        var held = store.Hold();
        var appender = Appender();
        var running = appender.Run(default);
        var first = Filled(appender, "a");
        await store.Asked.WaitAsync(Soon);
        var later = new[] { Filled(appender, "b"), Filled(appender, "c"), Filled(appender, "d") };

        held.SetResult();

        foreach (var slot in later)
            Assert.True(await slot.Committed.WaitAsync(Soon));
        Assert.Equal(["a", "b c d"], store.Batches.Select(Text));
        Assert.True(await first.Committed);
        appender.Close();
        await running.WaitAsync(Soon);
    }

    [Fact]
    public async Task A_commit_of_unknown_outcome_is_tried_again_unchanged()
    {
        store.FailNext(times: 3, afterWriting: true);
        var appender = Appender();
        var running = appender.Run(default);
        var slot = Filled(appender, "a");
        await store.Asked.WaitAsync(Soon);
        Filled(appender, "b");

        await Pump(slot.Committed);

        Assert.True(await slot.Committed);
        Assert.Equal(4, store.Tries.Count(tried => tried.FirstPosition == 0));
        Assert.Single(store.Tries.Where(tried => tried.FirstPosition == 0).Select(tried => (tried.Checksum, tried.CommittedAt, Text(tried))).Distinct());
        appender.Close();
        await Pump(running);
    }

    [Fact]
    public async Task When_the_lease_lapses_those_who_wait_are_refused_and_the_records_stay_in_line()
    {
        store.FailNext(times: int.MaxValue, afterWriting: false);
        var appender = Appender(new EvidenceOptions { CommitPatience = TimeSpan.FromMinutes(1) });
        var running = appender.Run(default);
        var written = Filled(appender, "a");
        var queued = Filled(appender, "b");
        await store.Asked.WaitAsync(Soon);

        clock.Advance(TimeSpan.FromSeconds(11));

        Assert.Equal((false, false), (await written.Committed.WaitAsync(Soon), await queued.Committed.WaitAsync(Soon)));
        Assert.Null(appender.Reserve());

        store.FailNext(times: 0, afterWriting: false);
        lease.Extend(lease.Ask());
        var next = Filled(appender, "c");
        await Pump(next.Committed);
        Assert.Equal("a b c", string.Join(' ', store.Batches.Select(Text)));
        appender.Close();
        await Pump(running);
    }

    [Fact]
    public async Task When_a_commit_takes_too_long_those_who_wait_are_refused_until_it_is_done()
    {
        var held = store.Hold();
        var appender = Appender(new EvidenceOptions { CommitPatience = TimeSpan.FromSeconds(3) });
        var running = appender.Run(default);
        var written = Filled(appender, "a");
        await store.Asked.WaitAsync(Soon);
        var queued = Filled(appender, "b");

        clock.Advance(TimeSpan.FromSeconds(2.9));
        Assert.Equal((false, false), (written.Committed.IsCompleted, queued.Committed.IsCompleted));
        clock.Advance(TimeSpan.FromSeconds(0.4));

        Assert.Equal((false, false), (await written.Committed.WaitAsync(Soon), await queued.Committed.WaitAsync(Soon)));
        Assert.Equal((true, null), (lease.IsCurrent, appender.Reserve()));

        held.SetResult();
        EvidenceSlot? next = null;
        using var patience = new CancellationTokenSource(Soon);
        while ((next = appender.Reserve()) is null)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        next.Fill(Bytes("c"), default);
        Assert.True(await next.Committed.WaitAsync(Soon));
        Assert.Equal("a b c", string.Join(' ', store.Batches.Select(Text)));
        appender.Close();
        await running.WaitAsync(Soon);
    }

    [Fact]
    public async Task A_sealed_epoch_ends_it_and_refuses_all_who_wait()
    {
        store.IsSealed = true;
        var appender = Appender();
        var slot = Filled(appender, "a");
        var unfilled = appender.Reserve()!;

        await appender.Run(default).WaitAsync(Soon);

        Assert.Equal((false, false), (await slot.Committed, await unfilled.Committed));
        Assert.Null(appender.Reserve());
        Assert.Empty(store.Batches);
    }

    [Fact]
    public void Too_much_waiting_refuses_more()
    {
        var appender = Appender(new EvidenceOptions { MaxPending = 16 });
        for (var i = 0; i < 16; i++)
            Assert.NotNull(appender.Reserve());

        Assert.Null(appender.Reserve());
        Assert.Equal(16, appender.Pending);
    }

    [Fact]
    public void Without_a_current_lease_there_are_no_positions()
    {
        var appender = Appender();
        clock.Advance(TimeSpan.FromSeconds(10));

        Assert.Null(appender.Reserve());
    }

    [Fact]
    public async Task A_batch_takes_no_more_than_its_bounds()
    {
        var appender = Appender(new EvidenceOptions { MaxBatchRecords = 3, MaxBatchBytes = 4096 });
        var slots = Enumerable.Range(0, 5).Select(i => Filled(appender, i == 1 ? new string('x', 5000) : $"{i}")).ToArray();
        appender.Close();

        await appender.Run(default).WaitAsync(Soon);

        Assert.Equal([1, 1, 3], store.Batches.Select(batch => batch.Records.Length));
        foreach (var slot in slots)
            Assert.True(await slot.Committed);
    }

    [Fact]
    public async Task Closing_writes_what_was_reserved_and_takes_no_more()
    {
        var appender = Appender();
        var slot = appender.Reserve()!;
        var running = appender.Run(default);

        appender.Close();
        Assert.Null(appender.Reserve());
        Assert.False(running.IsCompleted);
        slot.Fill(Bytes("a"), default);

        await running.WaitAsync(Soon);
        Assert.True(await slot.Committed);
    }

    [Fact]
    public async Task Giving_up_refuses_those_who_wait()
    {
        store.FailNext(times: int.MaxValue, afterWriting: false);
        using var givingUp = new CancellationTokenSource();
        var appender = Appender();
        var running = appender.Run(givingUp.Token);
        var slot = Filled(appender, "a");
        await store.Asked.WaitAsync(Soon);

        await givingUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.False(await slot.Committed);
    }

    [Fact]
    public async Task Once_a_batch_is_committed_its_memory_cannot_be_read_any_more()
    {
        var appender = Appender();
        var running = appender.Run(default);

        Assert.True(await Filled(appender, "a").Committed.WaitAsync(Soon));
        appender.Close();
        await running.WaitAsync(Soon);

        var lent = Assert.Single(store.Lent);
        Assert.Throws<ObjectDisposedException>(() => lent.Payload.ToArray());
        Assert.Throws<ObjectDisposedException>(() => lent.Proof!.Salts.ToArray());
        Assert.Throws<ObjectDisposedException>(() => lent.Proof!.Leaves.ToArray());
        Assert.Throws<ObjectDisposedException>(() => lent.Copy());
        Assert.Equal("a", Text(Assert.Single(store.Batches)));
    }

    [Fact]
    public async Task The_memory_of_a_batch_that_was_tried_again_is_left_to_the_tries_that_may_still_read_it()
    {
        store.FailNext(times: 1, afterWriting: false);
        var appender = Appender();
        var running = appender.Run(default);
        await Pump(Filled(appender, "first").Committed);

        for (var i = 0; i < 3; i++)
            Assert.True(await Filled(appender, "other").Committed.WaitAsync(Soon));
        appender.Close();
        await running.WaitAsync(Soon);

        Assert.Equal(["first", "first"], store.Lent.Where(tried => tried.FirstPosition == 0).Select(Text));
        Assert.All(store.Lent.Where(tried => tried.FirstPosition > 0), later => Assert.Throws<ObjectDisposedException>(() => later.Payload.ToArray()));
    }

    [Fact]
    public async Task The_memory_of_a_batch_that_was_given_up_is_left_to_the_store_that_may_still_read_it()
    {
        var held = store.Hold();
        using var givingUp = new CancellationTokenSource();
        var appender = Appender();
        var running = appender.Run(givingUp.Token);
        Filled(appender, "a");
        await store.Asked.WaitAsync(Soon);

        await givingUp.CancelAsync();
        held.SetException(new OperationCanceledException(givingUp.Token));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal("a", Text(Assert.Single(store.Lent)));
    }

    [Fact]
    public async Task Batches_of_any_size_one_after_the_other_hold_what_was_recorded()
    {
        var appender = Appender(new EvidenceOptions { MaxBatchRecords = 4 });
        string[] records = [.. Enumerable.Range(0, 60).Select(i => new string((char)('a' + i % 26), 1 + i * 7919 % 3000)), new string('z', 2 * 1024 * 1024), "last"];
        foreach (var record in records)
            appender.Reserve()!.Fill(RentedRecord.Of(Bytes(record)), About("exporter", "key-1"));
        appender.Close();

        await appender.Run(default).WaitAsync(Soon);

        Assert.Equal(string.Join(' ', records), string.Join(' ', store.Batches.Select(Text)));
        Assert.All(store.Batches, batch => EvidenceBatch.Read(batch.Shard, batch.FirstPosition, batch.Count, batch.CommittedAt, batch.Payload, batch.Checksum));
        Assert.Equal(
            records.Select((record, i) => EvidenceLeaf.Commit(SaltOf(store.Batches, i), Bytes(record))),
            store.Batches.SelectMany(batch => batch.Proof!.Leaves.ToArray().Chunk(TreeHash.Size)).Select(leaf => TreeHash.From(leaf)));
    }

    [Fact]
    public void A_slot_is_filled_once()
    {
        var slot = Filled(Appender(), "a");

        Assert.Throws<InvalidOperationException>(() => slot.Fill(Bytes("b"), default));
    }

    private EvidenceAppender Appender(EvidenceOptions? options = null) => new(
        store, lease, (shard, position) => Bytes($"void {shard}/{position}"), options ?? new EvidenceOptions(), clock, NullLogger.Instance);

    private static EvidenceSlot Filled(EvidenceAppender appender, string record)
    {
        var slot = appender.Reserve()!;
        slot.Fill(Bytes(record), default);
        return slot;
    }

    /// <summary>Moves the clock whenever the appender waits for it.</summary>
    private async Task Pump(Task until)
    {
        using var patience = new CancellationTokenSource(Soon);
        while (!until.IsCompleted)
        {
            patience.Token.ThrowIfCancellationRequested();
            if (clock.Armed > 1) // beside the one that watches the lease
                clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        await until;
    }

    private static EvidenceEntry About(string clientId, string? credential, int? spent = null) => new(
        "default", clientId, credential, spent is { } hash ? new SpentAssertion(new AssertionHash(0, (ulong)hash), DateTimeOffset.MaxValue) : null);

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(EvidenceBatch batch) => string.Join(' ', batch.Records.Select(record => Encoding.UTF8.GetString(record.Span)));

    private static byte[] SaltOf(IEnumerable<EvidenceBatch> batches, int position) =>
        batches.SelectMany(batch => batch.Proof!.Salts.ToArray().Chunk(EvidenceLeaf.SaltSize)).ElementAt(position);

    private sealed class RecordingEvidenceStore : IEvidenceStore
    {
        private readonly TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TaskCompletionSource? held;
        private int failures;
        private bool writesBeforeFailing;

        public List<EvidenceBatch> Batches { get; } = [];

        public List<EvidenceBatch> Tries { get; } = [];

        /// <summary>The batches as they came, which no store may keep.</summary>
        public List<EvidenceBatch> Lent { get; } = [];

        public bool IsSealed { get; set; }

        public Task Asked => asked.Task;

        public TaskCompletionSource Hold() => held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void FailNext(int times, bool afterWriting) => (failures, writesBeforeFailing) = (times, afterWriting);

        public async Task<BatchResult> Append(EvidenceBatch batch, CancellationToken cancellationToken)
        {
            Tries.Add(batch.Copy());
            Lent.Add(batch);
            asked.TrySetResult();
            if (held is { } hold)
                await hold.Task;
            if (IsSealed)
                return BatchResult.Sealed;
            var fails = failures > 0;
            if ((!fails || writesBeforeFailing) && !Batches.Exists(there => there.FirstPosition == batch.FirstPosition && there.Checksum == batch.Checksum))
                Batches.Add(batch.Copy());
            if (!fails)
                return BatchResult.Committed;
            failures--;
            throw new IOException("the answer was lost");
        }

        public Task<EvidenceBatch?> Find(long shard, long position, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ImmutableArray<EvidenceIndexRow>> IndexBack(
            string realm, string subject, DateTimeOffset until, DateTimeOffset since, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ImmutableArray<EvidenceIndexRow>> Index(
            string realm, string subject, DateTimeOffset since, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ImmutableArray<ImmutableArray<SpentAssertion>>> Spent(ImmutableArray<SubjectKey> subjects, DateTimeOffset now, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<EvidencePage> Before(EvidencePlace place, DateTimeOffset since, int maxBytes, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ImmutableArray<EvidenceBatch>> Newest(int batches, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
