using Assay.Core.Evidence;
using Assay.Core.Registry;
using Assay.Core.Tokens;
using Assay.Grains.Authority;
using Assay.Grains.Keys;
using Assay.Silo.Evidence;
using Assay.Silo.Recovery;

namespace Assay.Silo.Tests.Storage.Contract;

/// <summary>What holds of a recovery in every store.</summary>
public abstract class RecoveryContract : StoreContract
{
    private protected abstract IRecoveryStore Recovery { get; }

    private protected abstract IEvidenceStore Evidence { get; }

    private protected abstract ILogStore Trees { get; }

    [Fact]
    public async Task A_timeline_begins_after_everything_that_the_copy_and_anybody_else_knows_of()
    {
        var done = await Store.Join(Place("done"), Life, default);
        await Append(done.Epoch, 2);
        await Store.Leave(done.Epoch, default);
        await Pass(TimeSpan.FromHours(1)); // so it is whole
        var open = await Store.Join(Place("open"), Life, default);
        await Append(open.Epoch, 3);
        var idle = await Store.Join(Place("idle"), Life, default);
        await Write(Exporter, 0, "known");
        await Pass(Life * 2);
        var before = (await Store.List(ObjectKey.NoRealm, ObjectKinds.Timeline, default)).Head;
        const long seen = 1L << 45; // beyond any time of day

        var recovered = await Recover(seen, timeline: 4);

        Assert.Equal(
            new Timeline(5, recovered.Timeline.OpenedAt, seen + 2, before, idle.Epoch, [new ShardEnd(open.Epoch, 3), new ShardEnd(idle.Epoch, 0)]),
            recovered.Timeline with { Ends = [.. recovered.Timeline.Ends.Where(end => end.Shard != done.Epoch)] });
        var stored = await Store.List(ObjectKey.NoRealm, ObjectKinds.Timeline, default);
        Assert.Equal(recovered.Timeline, RegistryJson.ReadTimeline(Assert.Single(stored.Objects).Body.Span));
        Assert.Equal((recovered.Number, true), (stored.Objects[0].Number, recovered.Number > before));
        Assert.Empty(await Store.Leases(default));
        Assert.Equal(seen + 3, (await Store.Join(Place("one"), Life, default)).Epoch);
        Assert.IsType<LeaseRenewal.Sealed>(await Store.Renew(open.Epoch, 0, null, Life, default));
    }

    [Fact]
    public async Task The_first_record_of_a_timeline_says_how_far_every_shard_of_the_copy_had_come()
    {
        var open = await Store.Join(Place("open"), Life, default);
        await Append(open.Epoch, 3);
        await Pass(Life);

        var recovered = await Recover(0, 0);

        var batch = await Evidence.Find(recovered.Timeline.FirstShard, 0, default);
        var record = EvidenceRecord.Decode(Assert.Single(batch!.Records).Span);
        Assert.Equal((EvidenceKind.Admin, "recover"), (record.Kind, record.Admin!.Action));
        Assert.Equal(("operator", $"timeline 2 after feed number {recovered.Timeline.LastNumber}", recovered.Number), (record.Admin.Actor, record.Admin.Target, record.Admin.Number));
        Assert.Equal((open.Epoch, 3L), (recovered.Heads.Single().Shard, recovered.Heads.Single().Size));
        Assert.False(recovered.IsSigned); // there are no keys in this store
    }

    [Fact]
    public async Task Another_recovery_opens_the_next_timeline()
    {
        var first = await Recover(0, 0);
        var second = await Recover(0, 0);

        Assert.Equal((2, 3), (first.Timeline.Number, second.Timeline.Number));
        Assert.True(second.Timeline.FirstShard > second.Timeline.LastShard && second.Timeline.LastShard >= first.Timeline.FirstShard);
        Assert.Equal(3, Timelines.Of((await Store.List(ObjectKey.NoRealm, ObjectKinds.Timeline, default)).Objects.Select(stored => RegistryJson.ReadTimeline(stored.Body.Span))).Current);
    }

    private protected Task<Recovered> Recover(long used, int timeline, TimeSpan? leaseLife = null) =>
        new TimelineRecovery(
            Recovery, Store, Evidence, Trees, new NoVault(), new SiloIdentity("https://assay.example", "test"), new AuthorityOptions { LeaseLife = leaseLife ?? Life }, TimeProvider.System)
        .Run(used, timeline, _ => { }, default);

    private async Task Append(long shard, int records)
    {
        var batch = EvidenceBatch.Create(shard, 0, TimeProvider.System.GetUtcNow(), [.. Enumerable.Range(0, records).Select(i => Bytes($"record {i}"))], []);
        Assert.Equal(BatchResult.Committed, await Evidence.Append(batch, default));
    }

    private sealed class NoVault : IKeyVault
    {
        public string Wrap(string name, ReadOnlySpan<byte> secret) => throw new NotSupportedException();

        public byte[] Unwrap(string name, string wrapped) => throw new NotSupportedException();
    }
}
