using System.Buffers.Binary;
using System.Collections.Immutable;
using System.IO.Hashing;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;
using Assay.Core.Evidence;
using Assay.Core.Tests.Transparency;
using Assay.Core.Transparency;
using Assay.Grains.Authority;
using Assay.Silo.Evidence;
using Assay.Silo.Transparency;
using Microsoft.Extensions.Logging.Abstractions;

namespace Assay.Silo.Tests.Storage.Contract;

/// <summary>
/// What holds of the log in every store: what was written verifies, and whatever somebody with all rights on the database changes is found and named by whoever
/// holds an earlier checkpoint.
/// </summary>
public abstract class EvidenceLogContract : IAsyncLifetime
{
    private const string Log = "assay.example/log";
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(10);

    private readonly ECDsa pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly NoteKey key;

    protected EvidenceLogContract() => key = NoteKey.Of(Log, pair.ExportSubjectPublicKeyInfo());

    protected abstract IEvidenceStore Store { get; }

    private protected abstract ILogStore Trees { get; }

    protected abstract IAuthorityStore Authority { get; }

    /// <summary>Changes columns of a batch behind the store's back; null deletes the row.</summary>
    protected abstract Task Tamper(long shard, long first, params (string Column, object Value)[]? values);

    /// <summary>Writes a row of its own making.</summary>
    private protected abstract Task Forge(StoredBatch batch);

    public abstract ValueTask InitializeAsync();

    public virtual ValueTask DisposeAsync()
    {
        pair.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task What_was_written_verifies_and_every_shard_is_where_it_is_said_to_be()
    {
        var (one, two) = (await Shard("one", 10), await Shard("two", 4));

        var report = await Verify(await Checkpoint());

        Assert.Empty(report.Faults);
        Assert.Empty(report.Remarks);
        Assert.Equal([(one, 11L), (two, 5L)], report.Heads.Select(head => (head.Shard, head.Size)));
        Assert.Equal((16L, 0L, 1L), (report.Records, report.DroppedRecords, report.Vouched));
    }

    [Fact]
    public async Task Tiles_entries_and_proofs_are_those_of_the_definitions()
    {
        var shard = await Shard("one", 530, batchRecords: 100);
        var head = Assert.Single(await Trees.Heads(null, default));
        var entries = new List<byte[]>();
        foreach (var batch in await Trees.Batches(shard, 0, int.MaxValue, default))
            entries.AddRange(batch.Leaves.ToArray().Chunk(32));
        var tiles = new TreeTiles(Trees);

        Assert.Equal((531L, TreeHash.From(Naive.Root(entries.ToArray()))), (head.Size, head.Root!.Value));
        Assert.Equal(entries.Select(entry => TreeHash.From(entry)), await tiles.Entries(shard, 0, 531, default));
        Assert.Equal(entries[256..512].Select(entry => TreeHash.OfLeaf(entry)), await tiles.Hashes(shard, 0, 1, 256, default));
        Assert.Equal(
            [TreeHash.From(Naive.Root(entries.ToArray().AsSpan(0, 256))), TreeHash.From(Naive.Root(entries.ToArray().AsSpan(256, 256)))], await tiles.Hashes(shard, 1, 0, 2, default));
        Assert.Equal(
            Naive.Path(300, entries.ToArray()).Select(hash => TreeHash.From(hash)), await tiles.Hashes(shard, TreeProof.Inclusion(300, 531), default));
        Assert.Equal(
            Naive.Proof(300, entries.ToArray()).Select(hash => TreeHash.From(hash)), await tiles.Hashes(shard, TreeProof.Consistency(300, 531), default));
        await Assert.ThrowsAsync<InvalidDataException>(() => tiles.Entries(shard, 530, 2, default));
    }

    [Fact]
    public async Task Heads_are_the_newest_batches_and_a_sealed_shard_says_so()
    {
        var (one, two) = (await Shard("one", 10), await Shard("two", 4));
        await Authority.Leave(one, default);

        Assert.Equal([(one, 11L, true), (two, 5L, false)], (await Trees.Heads(null, default)).Select(head => (head.Shard, head.Size, head.IsSealed)));
        Assert.Equal([two], (await Trees.Heads([], default)).Select(head => head.Shard));
        Assert.Equal([one, two], (await Trees.Heads([one], default)).Select(head => head.Shard));
    }

    [Fact]
    public async Task Batches_come_in_order_from_the_one_that_holds_a_position()
    {
        var shard = await Shard("one", 10);

        Assert.Equal([0, 3, 6, 9], (await Trees.Batches(shard, 0, int.MaxValue, default)).Select(batch => batch.FirstPosition));
        Assert.Equal([3, 6, 9], (await Trees.Batches(shard, 5, int.MaxValue, default)).Select(batch => batch.FirstPosition));
        Assert.Equal([6], (await Trees.Batches(shard, 6, 1, default)).Select(batch => batch.FirstPosition));
        Assert.Empty(await Trees.Batches(shard, 11, int.MaxValue, default));
        Assert.Empty(await Trees.Batches(shard + 100, 0, int.MaxValue, default));
        Assert.Equal([(3, 3), (6, 3)], (await Trees.Leaves(shard, 4, 8, default)).Select(leaves => ((int)leaves.FirstPosition, leaves.Count)));
    }

    [Theory]
    [InlineData("a byte is flipped", LogFaultKind.Changed, 4)]
    [InlineData("a byte is flipped and the checksum made to fit", LogFaultKind.Changed, 4)]
    [InlineData("a salt is changed", LogFaultKind.Changed, 3)]
    [InlineData("a record is taken out", LogFaultKind.Misplaced, 4)]
    [InlineData("a record is taken out and the batch says so", LogFaultKind.Damaged, 3)]
    [InlineData("the last record is taken out", LogFaultKind.Missing, 5)]
    [InlineData("two records change places", LogFaultKind.Misplaced, 3)]
    [InlineData("two records change places with their leaves", LogFaultKind.Misplaced, 3)]
    [InlineData("a batch is taken out", LogFaultKind.Missing, 3)]
    [InlineData("the payload is cut", LogFaultKind.Damaged, 3)]
    [InlineData("the checksum is changed", LogFaultKind.Damaged, 3)]
    [InlineData("the tree is stripped", LogFaultKind.NoTree, 3)]
    [InlineData("the root is changed", LogFaultKind.Root, 3)]
    [InlineData("the end is cut off", LogFaultKind.Missing, 6)]
    [InlineData("a record is forged with everything that follows from it", LogFaultKind.Inconsistent, null)]
    [InlineData("a record is appended", LogFaultKind.Signature, 11)]
    [InlineData("records are dropped", LogFaultKind.DroppedSilently, 3)]
    public async Task What_somebody_with_all_rights_changes_is_named(string how, LogFaultKind kind, int? position)
    {
        var shard = await Shard("one", 10);
        await Shard("two", 2);
        var saved = await Checkpoint();

        await Attack(shard, how);

        var fault = (await Verify(saved)).Faults[0];
        Assert.Equal((kind, shard, (long?)position), (fault.Kind, fault.Shard, fault.Position));
    }

    [Fact]
    public async Task Without_a_saved_checkpoint_the_other_shards_tell_that_an_end_was_cut_off()
    {
        var shard = await Shard("one", 10);
        await Shard("two", 2); // it writes down how far the first had come
        await Tamper(shard, 9, null);

        var fault = Assert.Single((await Verify()).Faults);

        Assert.Equal((LogFaultKind.Missing, shard, 9L), (fault.Kind, fault.Shard, fault.Position));
    }

    [Fact]
    public async Task A_record_that_is_appended_to_a_sealed_shard_is_told_by_the_others_even_when_it_is_signed()
    {
        var shard = await Shard("one", 10);
        await Authority.Leave(shard, default);
        await Shard("two", 2);

        await Append(shard, Sign);

        var fault = Assert.Single((await Verify()).Faults);
        Assert.Equal((LogFaultKind.GrewAfterSeal, shard, 11L), (fault.Kind, fault.Shard, fault.Position));
    }

    [Fact]
    public async Task A_database_that_is_rolled_back_is_told_by_a_later_checkpoint()
    {
        var shard = await Shard("one", 10);
        var copy = await Export();
        var gone = await Shard("two", 4);
        var saved = await Checkpoint();

        var report = await Verify(copy, saved);

        Assert.Equal([(LogFaultKind.Missing, gone, (long?)0)], report.Faults.Select(fault => (fault.Kind, fault.Shard!.Value, fault.Position)));
        Assert.Equal(11, report.Heads.Single(head => head.Shard == shard).Size);
    }

    [Fact]
    public async Task After_a_recovery_it_is_said_where_the_history_that_was_given_up_ends()
    {
        var shard = await Shard("one", 10);
        var unknown = await Shard("two", 2);
        var saved = await Checkpoint();
        await Tamper(shard, 9, null); // a copy from before these
        await Tamper(unknown, 0, null);
        var heads = new LogHeads([.. (await Trees.Heads(null, default)).Select(head => new ShardHead(head.Shard, head.Size, head.Root!.Value, IsSealed: true))]);

        var recovered = await Shard("recover", 0, new EvidenceRecord
        {
            Kind = EvidenceKind.Admin, Shard = 0, Position = 0, Node = "two", Time = DateTimeOffset.UnixEpoch,
            Admin = new AdminAct("operator", Core.Tokens.Timeline.Act, "timeline 2 after feed number 1", 2), Heads = heads,
        });

        var report = await Verify(saved);
        Assert.Equal(
            [(LogFaultKind.GivenUp, shard, (long?)9), (LogFaultKind.GivenUp, unknown, 0)], report.Faults.Select(fault => (fault.Kind, fault.Shard!.Value, fault.Position)));
        Assert.EndsWith(
            $"has 11 records here, and the 2 from this position on are of a history that was given up. A recovery at 1970-01-01 00:00:00Z opened timeline 2 after feed number 1 (position 0 of shard {recovered})",
            report.Faults[0].What);
        var alone = await Verify(await Checkpoint());
        Assert.Empty(alone.Faults);
        Assert.StartsWith("A recovery at 1970-01-01 00:00:00Z opened timeline 2", Assert.Single(alone.Remarks));
    }

    [Fact]
    public async Task Records_whose_time_is_over_are_dropped_and_their_proofs_stay()
    {
        var shard = await Shard("one", 10);
        var saved = await Checkpoint();
        var before = await After((await Trees.Heads([shard], default))[0].At);
        await Shard("two", 0, new EvidenceRecord
        {
            Kind = EvidenceKind.Admin, Shard = 0, Position = 0, Node = "two", Time = before,
            Admin = new AdminAct("alice", LogVerifier.RetentionAction, before.UtcDateTime.ToString("O"), 1),
        });

        var dropped = 0L;
        while (await Trees.Drop(before, 2, default) is > 0 and var more)
            dropped += more;

        var report = await Verify(saved);
        Assert.Empty(report.Faults);
        Assert.Equal((11L, (shard, 0L, 10L)), (report.DroppedRecords, (report.Dropped[0].Shard, report.Dropped[0].First, report.Dropped[0].Last)));
        Assert.True((await Store.Find(shard, 4, default))!.IsDropped);
        Assert.Empty(await Store.Index("default", "identity:one", DateTimeOffset.MinValue, 10, default));
        Assert.DoesNotContain(await Store.Newest(100, default), batch => batch.Shard == shard);
        Assert.DoesNotContain((await Store.Before(EvidencePlace.At(DateTimeOffset.MaxValue), DateTimeOffset.MinValue, int.MaxValue, default)).Batches, batch => batch.Shard == shard);
        Assert.Equal(11, (await new TreeTiles(Trees).Entries(shard, 0, 11, default)).Distinct().Count());
    }

    [Fact]
    public async Task An_export_that_is_cut_off_is_not_taken_for_the_whole()
    {
        await Shard("one", 3);
        var export = await Export();
        var end = export.AsSpan(0, export.Length - 1).LastIndexOf((byte)'\n') + 1;

        Assert.Equal(LogFaultKind.Incomplete, Assert.Single((await Verify(export[..end])).Faults).Kind);
    }

    /// <summary>The first whole millisecond after a moment.</summary>
    private static async Task<DateTimeOffset> After(DateTimeOffset moment)
    {
        while (true)
        {
            var now = DateTimeOffset.FromUnixTimeMilliseconds(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
            if (now > moment)
                return now;
            await Task.Yield();
        }
    }

    /// <summary>A shard of that many records in batches of three, and a last one that says how far all others have come, or another.</summary>
    private async Task<long> Shard(string slot, int records, EvidenceRecord? last = null, int batchRecords = 3)
    {
        var epoch = (await Authority.Join(new SiloPlace(slot, slot), Life, default)).Epoch;
        var lease = new SiloLease(Life, TimeSpan.Zero, TimeProvider.System);
        lease.Begin(epoch, lease.Ask());
        var appender = new EvidenceAppender(
            Store, lease, (_, _) => throw new InvalidOperationException("every slot is filled"), new EvidenceOptions { MaxBatchRecords = batchRecords }, TimeProvider.System, NullLogger.Instance,
            sign: Sign);
        for (var i = 0; i <= records; i++)
        {
            var slotHere = appender.Reserve()!;
            var record = new EvidenceRecord { Kind = EvidenceKind.Void, Shard = epoch, Position = slotHere.Position, Node = slot, Time = TimeProvider.System.GetUtcNow() };
            if (i == records)
            {
                var heads = (await Trees.Heads(null, default)).Select(head => new ShardHead(head.Shard, head.Size, head.Root!.Value, head.IsSealed));
                record = last is not null ? last with { Shard = epoch, Position = slotHere.Position }
                    : heads.Any() ? record with { Kind = EvidenceKind.Checkpoint, Heads = new LogHeads([.. heads]) }
                    : record;
            }

            slotHere.Fill(record.Encode(), new EvidenceEntry("default", slot, null));
        }

        appender.Close();
        await appender.Run(default);
        return epoch;
    }

    private ReadOnlyMemory<byte> Sign(ShardHead head) => Sign(head, pair);

    private static ReadOnlyMemory<byte> Sign(ShardHead head, ECDsa with)
    {
        var text = Encoding.UTF8.GetBytes(Core.Transparency.Checkpoint.TextOf(LogOrigin.OfShard(Log, head.Shard), head.Size, head.Root));
        return (byte[])[.. SHA256.HashData(with.ExportSubjectPublicKeyInfo()).AsSpan(0, 4), .. with.SignData(text, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)];
    }

    private async Task<SignedNote> Checkpoint()
    {
        var heads = await Trees.Heads(null, default);
        var text = new ClusterCheckpoint(
            Log, TimeProvider.System.GetUtcNow(), [key], [.. heads.Where(head => head.Root is not null).Select(head => new ShardHead(head.Shard, head.Size, head.Root!.Value, head.IsSealed))]).Text;
        return SignedNote.Sign(text, key, pair);
    }

    private async Task<byte[]> Export()
    {
        var output = new MemoryStream();
        var writer = PipeWriter.Create(output);
        await EvidenceExport.Write(Trees, await Trees.Heads(null, default), await Checkpoint(), writer, default);
        await writer.CompleteAsync();
        return output.ToArray();
    }

    private async Task<LogReport> Verify(params SignedNote[] saved) => await Verify(await Export(), saved);

    private static async Task<LogReport> Verify(byte[] export, params SignedNote[] saved)
    {
        var reader = LogExport.Read(new MemoryStream(export));
        var verifier = new LogVerifier(await reader.ReadHead(), saved);
        while (await reader.Next() is { } batch)
            verifier.Add(batch);
        return verifier.End(reader.IsWhole);
    }

    private async Task Attack(long shard, string how)
    {
        var batches = await Trees.Batches(shard, 0, int.MaxValue, default);
        var batch = batches[1]; // positions 3 to 5
        var records = LoggedBatch.Split(batch.Payload)!.Value.Select(record => record.ToArray()).ToList();
        var forged = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(records[1]).Replace("\"one\"", "\"eno\"", StringComparison.Ordinal));
        var leaves = batch.Leaves.ToArray();
        var salts = batch.Salts.ToArray();
        (string, object)[] Payload(IEnumerable<byte[]> with) => [("payload", Framed(with)), ("checksum", unchecked((long)XxHash3.HashToUInt64(Framed(with))))];
        switch (how)
        {
            case "a byte is flipped":
                await Tamper(shard, 3, ("payload", Framed([records[0], forged, records[2]])));
                break;
            case "a byte is flipped and the checksum made to fit":
                await Tamper(shard, 3, Payload([records[0], forged, records[2]]));
                break;
            case "a salt is changed":
                salts[0] ^= 1;
                await Tamper(shard, 3, ("salts", salts));
                break;
            case "a record is taken out":
                await Tamper(shard, 3, Payload([records[0], records[2]]));
                break;
            case "a record is taken out and the batch says so":
                await Tamper(shard, 3, [.. Payload([records[0], records[2]]), ("count", 2)]);
                break;
            case "the last record is taken out":
                await Tamper(shard, 3, Payload([records[0], records[1]]));
                break;
            case "two records change places":
                await Tamper(shard, 3, Payload([records[1], records[0], records[2]]));
                break;
            case "two records change places with their leaves":
                await Tamper(
                    shard, 3,
                    [.. Payload([records[1], records[0], records[2]]), ("leaves", Swapped(leaves, 32)), ("salts", Swapped(salts, 16))]);
                break;
            case "a batch is taken out":
                await Tamper(shard, 3, null);
                break;
            case "the payload is cut":
                await Tamper(shard, 3, ("payload", batch.Payload[..^1].ToArray()));
                break;
            case "the checksum is changed":
                await Tamper(shard, 3, ("checksum", 7L));
                break;
            case "the tree is stripped":
                await Tamper(shard, 3, ("leaves", DBNull.Value), ("root", DBNull.Value));
                break;
            case "the root is changed":
                await Tamper(shard, 3, ("root", batches[0].Root.ToArray()));
                break;
            case "the end is cut off":
                await Tamper(shard, 6, null);
                await Tamper(shard, 9, null);
                break;
            case "a record is forged with everything that follows from it":
                EvidenceLeaf.Commit(salts.AsSpan(16, 16), forged).CopyTo(leaves.AsSpan(32));
                await Tamper(shard, 3, [.. Payload([records[0], forged, records[2]]), ("leaves", leaves)]);
                await Reroot(shard);
                break;
            case "a record is appended":
                using (var other = ECDsa.Create(ECCurve.NamedCurves.nistP256))
                    await Append(shard, head => Sign(head, other));
                break;
            case "records are dropped":
                await Tamper(shard, 3, ("payload", Array.Empty<byte>()), ("salts", Array.Empty<byte>()));
                break;
            default:
                throw new ArgumentException(how);
        }
    }

    /// <summary>Every root made to fit the leaves, as whoever forges would.</summary>
    private async Task Reroot(long shard)
    {
        var tree = new TreeFrontier();
        foreach (var batch in await Trees.Batches(shard, 0, int.MaxValue, default))
        {
            foreach (var leaf in batch.Leaves.ToArray().Chunk(32))
                tree.Append(TreeHash.OfLeaf(leaf));
            await Tamper(shard, batch.FirstPosition, ("root", tree.Root.ToArray()));
        }
    }

    /// <summary>One more record, with a leaf and a root that fit.</summary>
    private async Task Append(long shard, Func<ShardHead, ReadOnlyMemory<byte>> sign)
    {
        var tree = new TreeFrontier();
        foreach (var batch in await Trees.Batches(shard, 0, int.MaxValue, default))
        {
            foreach (var there in batch.Leaves.ToArray().Chunk(32))
                tree.Append(TreeHash.OfLeaf(there));
        }

        var at = tree.Size;
        var record = new EvidenceRecord { Kind = EvidenceKind.Void, Shard = shard, Position = at, Node = "mallory", Time = DateTimeOffset.UnixEpoch }.Encode();
        var salt = new byte[16];
        var leaf = EvidenceLeaf.Commit(salt, record).ToArray();
        tree.Append(TreeHash.OfLeaf(leaf));
        var payload = Framed([record]);
        await Forge(new StoredBatch(
            shard, at, 1, TimeProvider.System.GetUtcNow(), payload, XxHash3.HashToUInt64(payload), salt, leaf, tree.Root.ToArray(), sign(new ShardHead(shard, tree.Size, tree.Root))));
    }

    private static byte[] Framed(IEnumerable<byte[]> records)
    {
        var payload = new List<byte>();
        foreach (var record in records)
        {
            var length = new byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(length, record.Length);
            payload.AddRange([.. length, .. record]);
        }

        return [.. payload];
    }

    private static byte[] Swapped(byte[] parts, int size) => [.. parts[size..(2 * size)], .. parts[..size], .. parts[(2 * size)..]];
}
