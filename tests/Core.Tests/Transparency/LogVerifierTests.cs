using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using Assay.Core.Evidence;
using Assay.Core.Transparency;

namespace Assay.Core.Tests.Transparency;

/// <summary>What only the verifier and the reader of exports can be asked; that every change of a store is found is tested with the stores.</summary>
public sealed class LogVerifierTests : IDisposable
{
    private const string Log = "assay.example/log";

    private readonly ECDsa pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly TreeFrontier tree = new();
    private readonly ArrayBufferWriter<byte> export = new();
    private ImmutableArray<CosignedHead> cosigned = [];

    public void Dispose() => pair.Dispose();

    [Fact]
    public async Task A_log_that_was_written_verifies_also_when_some_batches_are_not_signed()
    {
        var batches = new[] { Batch(2, isSigned: false), Batch(3), Batch(1) };

        var report = await Verify(Export(batches));

        Assert.Empty(report.Faults);
        Assert.Equal((3L, 6L), (report.Batches, report.Records));
        Assert.Equal([new ShardHead(7, 6, tree.Root)], report.Heads);
        Assert.Equal("No saved checkpoint was given: whoever holds both the database and the checkpoint key could have written all of this anew.", Assert.Single(report.Remarks));
    }

    [Fact]
    public async Task An_end_that_no_signature_covers_is_a_fault()
    {
        var batches = new[] { Batch(2), Batch(3, isSigned: false) };

        var fault = Assert.Single((await Verify(Export(batches))).Faults);

        Assert.Equal((LogFaultKind.Signature, 7L, 2L), (fault.Kind, fault.Shard, fault.Position));
    }

    [Fact]
    public async Task A_checkpoint_of_one_shard_is_held_against_the_log_too()
    {
        var first = Batch(2);
        var saved = Note(new Checkpoint($"{Log}/7", tree.Size, tree.Root).Text, $"{Log}/7");
        var wrong = Note(new Checkpoint($"{Log}/7", tree.Size, TreeHash.Empty).Text, $"{Log}/7");
        var within = Note(new Checkpoint($"{Log}/7", 1, TreeHash.OfLeaf(first.Leaves.Span[..32])).Text, $"{Log}/7");
        var log = Export(first, Batch(3));

        Assert.Empty((await Verify(log, saved, within)).Faults);
        Assert.Equal((LogFaultKind.Inconsistent, (long?)7), (await Verify(log, wrong)).Faults.Select(fault => (fault.Kind, fault.Shard)).Single());
    }

    [Fact]
    public async Task A_key_that_the_saved_checkpoint_does_not_name_is_remarked_on()
    {
        var first = Batch(2);
        using var earlier = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var old = NoteKey.Of(Log, earlier.ExportSubjectPublicKeyInfo());
        var saved = SignedNote.Sign(new ClusterCheckpoint(Log, DateTimeOffset.UnixEpoch, [old], [new ShardHead(7, 2, tree.Root)]).Text, old, earlier);

        var report = await Verify(Export(first), saved);

        Assert.Empty(report.Faults);
        Assert.Equal($"The log is signed today by key {Key.Id:x8}, which the saved checkpoint does not name: it was made since, or is not the log's.", Assert.Single(report.Remarks));
    }

    [Fact]
    public async Task Saved_checkpoints_of_another_log_or_that_were_changed_are_refused()
    {
        var log = Export(Batch(2));
        var other = Note(new ClusterCheckpoint("other.example/log", DateTimeOffset.UnixEpoch, [Key], []).Text, Log);
        var changed = Note(Cluster().Text, Log) with { Text = Cluster().Text.Replace("shard 7 2 ", "shard 7 1 ", StringComparison.Ordinal) };

        Assert.Contains("is of other.example/log", (await Assert.ThrowsAsync<FormatException>(() => Verify(log, other))).Message);
        Assert.Contains("the file was changed", (await Assert.ThrowsAsync<FormatException>(() => Verify(log, changed))).Message);
        Assert.Contains("is of other.example/log/7", (await Assert.ThrowsAsync<FormatException>(() => Verify(log, Note("other.example/log/7\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", "x")))).Message);
    }

    [Fact]
    public async Task An_export_whose_checkpoint_is_forged_is_told()
    {
        var batch = Batch(2);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        LogExport.WriteLog(export, SignedNote.Sign(Cluster().Text, Key, other));
        LogExport.Write(export, batch);
        LogExport.WriteEnd(export, 1);

        Assert.Equal(LogFaultKind.Signature, Assert.Single((await Verify(export.WrittenSpan.ToArray())).Faults).Kind);
    }

    [Fact]
    public async Task Records_are_exported_byte_for_byte_whatever_is_in_them()
    {
        byte[][] records = [[.. "{\"v\":1,\"a\":\"ü \\u0001\"}"u8], [.. "{}"u8], [.. "{\"a\":\n1}"u8], [.. "no JSON"u8], [0xff, 0], []];
        var written = Batch(records);

        var reader = LogExport.Read(new MemoryStream(Export(written)));
        await reader.ReadHead();
        var read = await reader.Next();

        Assert.Equal(records, read!.Records!.Value.Select(record => record.ToArray()));
        Assert.Equal(
            (written.Shard, written.First, written.Count, written.CommittedAt, written.Checksum, false), (read.Shard, read.First, read.Count, read.CommittedAt, read.Checksum, read.IsDropped));
        Assert.Equal(
            [written.Root.ToArray(), written.Signature.ToArray(), written.Leaves.ToArray(), written.Salts.ToArray()],
            new[] { read.Root.ToArray(), read.Signature.ToArray(), read.Leaves.ToArray(), read.Salts.ToArray() });
        Assert.Null(await reader.Next());
        Assert.True(reader.IsWhole);
    }

    [Fact]
    public async Task What_a_witness_has_cosigned_is_held_against_the_log_and_said()
    {
        var (mine, other) = (new Ed25519Signing(new byte[32]), new Ed25519Signing([.. Enumerable.Repeat((byte)1, 32)]));
        var first = Batch(2);
        var text = new Checkpoint($"{Log}/7", tree.Size, tree.Root).Text;
        cosigned = [new CosignedHead(7, tree.Size, tree.Root, SignedNote.ParseSignature(mine.Cosign("w1", text, 1_769_860_800)))];
        var log = Export(first, Batch(3));

        var report = await Verify(log, [WitnessKey.Parse(mine.NoteKey("w1"))]);
        Assert.Empty(report.Faults);
        Assert.Equal("The witness w1 has cosigned 1 of 1 shards, last at 2026-01-31 12:00:00Z: 2 of 5 records cannot be written anew without it.", report.Remarks[1]);
        Assert.Equal("Cosigned by w1, which was not checked: give the witness's key.", (await Verify(log)).Remarks[1]);
        Assert.Equal(
            (LogFaultKind.Signature, "the witness w2 has cosigned nothing of this log"), (await Verify(log, [WitnessKey.Parse(other.NoteKey("w2"))])).Faults.Select(fault => (fault.Kind, fault.What)).Single());
    }

    [Fact]
    public async Task A_log_that_was_written_anew_is_not_the_one_that_was_cosigned()
    {
        var mine = new Ed25519Signing(new byte[32]);
        var text = new Checkpoint($"{Log}/7", 2, TreeHash.Empty).Text;
        var first = Batch(2);
        cosigned = [new CosignedHead(7, 2, TreeHash.Empty, SignedNote.ParseSignature(mine.Cosign("w1", text, 1)))];
        var log = Export(first);
        Assert.Equal((LogFaultKind.Inconsistent, (long?)7), (await Verify(log)).Faults.Select(fault => (fault.Kind, fault.Shard)).Single());

        // And one that claims to be cosigned.
        cosigned = [cosigned[0] with { Root = tree.Root }];
        export.Clear();
        var claimed = await Verify(Export(first), [WitnessKey.Parse(mine.NoteKey("w1"))]);
        Assert.Equal("what is said to be cosigned at 2 records by the witness w1 is not", claimed.Faults[0].What);
    }

    [Theory]
    [InlineData("", "the export is empty")]
    [InlineData("{\"type\":\"batch\"}\n", "the first line does not begin a log")]
    [InlineData("no JSON\n", "the first line does not begin a log")]
    [InlineData("{\"type\":\"log\",\"v\":1}", "it ends inside a line")]
    public async Task What_is_no_export_is_refused(string text, string why)
    {
        var fault = await Assert.ThrowsAsync<FormatException>(async () => await LogExport.Read(new MemoryStream(Encoding.UTF8.GetBytes(text))).ReadHead());

        Assert.Contains(why, fault.Message);
    }

    [Theory]
    [InlineData("\"first\":0", "\"first\":-1", "line 2: expected a batch")]
    [InlineData("\"position\":1", "\"position\":2", "line 4: expected the record at position 1")]
    [InlineData("\"count\":2", "\"count\":\"2\"", "line 2: ")]
    [InlineData("{\"type\":\"end\"", "{\"type\":\"end\"}\n{\"type\":\"end\"", "line 6: something follows the end")]
    public async Task A_line_that_is_wrong_is_named(string right, string wrong, string why)
    {
        var batch = Batch(2);
        var text = Encoding.UTF8.GetString(Export(batch)).Replace(right, wrong, StringComparison.Ordinal);

        var fault = await Assert.ThrowsAsync<FormatException>(() => Verify(Encoding.UTF8.GetBytes(text)));

        Assert.StartsWith(why, fault.Message);
    }

    private NoteKey Key => NoteKey.Of(Log, pair.ExportSubjectPublicKeyInfo());

    private ClusterCheckpoint Cluster() =>
        new(Log, DateTimeOffset.UnixEpoch, [Key], tree.Size == 0 ? [] : [new ShardHead(7, tree.Size, tree.Root)]) { Cosigned = cosigned };

    private SignedNote Note(string text, string name) => SignedNote.Sign(text, Key.Named(name), pair);

    private LoggedBatch Batch(int count, bool isSigned = true) => Batch(
        [.. Enumerable.Range(0, count).Select(i => new EvidenceRecord { Kind = EvidenceKind.Void, Shard = 7, Position = tree.Size + i, Node = "one", Time = DateTimeOffset.UnixEpoch }.Encode())], isSigned);

    private LoggedBatch Batch(byte[][] records, bool isSigned = true)
    {
        var first = tree.Size;
        var (payload, leaves, salts) = (new List<byte>(), new List<byte>(), RandomNumberGenerator.GetBytes(16 * records.Length));
        for (var i = 0; i < records.Length; i++)
        {
            var length = new byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(length, records[i].Length);
            payload.AddRange([.. length, .. records[i]]);
            var leaf = EvidenceLeaf.Commit(salts.AsSpan(i * 16, 16), records[i]).ToArray();
            leaves.AddRange(leaf);
            tree.Append(TreeHash.OfLeaf(leaf));
        }

        var signature = Note(new Checkpoint($"{Log}/7", tree.Size, tree.Root).Text, $"{Log}/7").Signatures[0];
        var id = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(id, signature.KeyId);
        return new LoggedBatch
        {
            Shard = 7, First = first, Count = records.Length, CommittedAt = DateTimeOffset.UnixEpoch, Checksum = XxHash3.HashToUInt64(payload.ToArray()), Root = tree.Root.ToArray(),
            Signature = isSigned ? (byte[])[.. id, .. signature.Signature] : [], Leaves = leaves.ToArray(), Salts = salts, Records = LoggedBatch.Split(payload.ToArray()),
        };
    }

    private byte[] Export(params LoggedBatch[] batches)
    {
        LogExport.WriteLog(export, Note(Cluster().Text, Log));
        foreach (var batch in batches)
            LogExport.Write(export, batch);
        LogExport.WriteEnd(export, batches.Length);
        return export.WrittenSpan.ToArray();
    }

    private static Task<LogReport> Verify(byte[] log, params SignedNote[] saved) => Verify(log, [], saved);

    private static async Task<LogReport> Verify(byte[] log, ImmutableArray<WitnessKey> witnesses, params SignedNote[] saved)
    {
        var reader = LogExport.Read(new MemoryStream(log));
        var verifier = new LogVerifier(await reader.ReadHead(), saved) { Witnesses = witnesses };
        while (await reader.Next() is { } batch)
            verifier.Add(batch);
        return verifier.End(reader.IsWhole);
    }
}
