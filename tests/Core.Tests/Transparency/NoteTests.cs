using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Assay.Core.Transparency;

namespace Assay.Core.Tests.Transparency;

public sealed class NoteTests : IDisposable
{
    private const string Text = "assay.example/log/7\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    private readonly ECDsa pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly NoteKey key;

    public NoteTests() => key = NoteKey.Of("assay.example/log/7", pair.ExportSubjectPublicKeyInfo());

    public void Dispose() => pair.Dispose();

    [Theory]
    [InlineData("assay.example/log/7", 0L), InlineData("ä/log/7", 12L), InlineData("", long.MaxValue)]
    public void A_checkpoint_is_written_as_the_bytes_of_its_text(string origin, long size)
    {
        var root = TreeHash.OfLeaf("leaf"u8);
        var name = System.Text.Encoding.UTF8.GetBytes(origin);
        var text = new byte[name.Length + Checkpoint.MostBesideOrigin];

        var length = Checkpoint.Write(name, size, root, text);

        Assert.Equal(Checkpoint.TextOf(origin, size, root), System.Text.Encoding.UTF8.GetString(text, 0, length));
    }

    [Fact]
    public void A_note_is_what_the_specification_says_to_the_byte()
    {
        var note = SignedNote.Sign(Text, key, pair).ToString();

        // C2SP signed-note, read by hand: text, blank line, em dash, name, base64 of four bytes of SHA-256(SPKI) and a DER signature over the text.
        var parts = note.Split("\n\n");
        Assert.Equal(Text.TrimEnd('\n'), parts[0]);
        var fields = parts[1].TrimEnd('\n').Split(' ');
        Assert.Equal(["—", "assay.example/log/7"], fields[..2]);
        var bytes = Convert.FromBase64String(fields[2]);
        Assert.Equal(SHA256.HashData(pair.ExportSubjectPublicKeyInfo())[..4], bytes[..4]);
        Assert.True(pair.VerifyData(Encoding.UTF8.GetBytes(Text), bytes[4..], HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
        Assert.Equal(note, SignedNote.Parse(note).ToString());
        Assert.True(SignedNote.Parse(note).IsSignedBy([key], out var by));
        Assert.Same(key, by);
    }

    [Fact]
    public void A_key_is_handed_out_as_name_id_and_bytes()
    {
        var parts = key.ToString().Split('+', 3);

        Assert.Equal("assay.example/log/7", parts[0]);
        Assert.Equal(BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(pair.ExportSubjectPublicKeyInfo())).ToString("x8"), parts[1]);
        Assert.Equal([2, .. pair.ExportSubjectPublicKeyInfo()], Convert.FromBase64String(parts[2]));
        Assert.Equal(key.ToString(), NoteKey.Parse(key.ToString()).ToString());
    }

    [Theory]
    [InlineData("name+00000000+AmFiYw==")]
    [InlineData("name")]
    [InlineData("name+0000000+AmFiYw==")]
    [InlineData("name+00000000+AQ==")] // another type of key
    public void What_is_no_key_is_refused(string text) => Assert.Throws<FormatException>(() => NoteKey.Parse(text));

    [Fact]
    public void A_key_with_the_id_of_another_is_refused()
    {
        var parts = key.ToString().Split('+', 3);

        Assert.Throws<FormatException>(() => NoteKey.Parse($"{parts[0]}+00000000+{parts[2]}"));
    }

    [Fact]
    public void A_changed_text_another_name_or_another_key_is_not_signed()
    {
        var note = SignedNote.Sign(Text, key, pair);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        Assert.False((note with { Text = Text.Replace("\n3\n", "\n4\n", StringComparison.Ordinal) }).IsSignedBy([key], out _));
        Assert.False(note.IsSignedBy([key.Named("assay.example/log/8")], out _));
        Assert.False(note.IsSignedBy([NoteKey.Of(key.Name, other.ExportSubjectPublicKeyInfo())], out _));
        Assert.False(note.IsSignedBy([], out _));
    }

    [Fact]
    public void Signatures_of_strangers_are_passed_over_and_a_false_one_of_a_known_key_spoils_the_note()
    {
        var note = SignedNote.Sign(Text, key, pair);
        var stranger = new NoteSignature("witness.example", 1, [1, 2, 3]);
        var false_ = new NoteSignature(key.Name, key.Id, [1, 2, 3]);

        Assert.True(SignedNote.Parse((note with { Signatures = [stranger, .. note.Signatures] }).ToString()).IsSignedBy([key], out _));
        Assert.False((note with { Signatures = [.. note.Signatures, false_] }).IsSignedBy([key], out _));
    }

    [Theory]
    [InlineData("text\n")]
    [InlineData("text\n\n")]
    [InlineData("text\n\n— name AAAAAAA=")]
    [InlineData("text\n\nname AAAAAAA=\n")]
    [InlineData("text\n\n— name AAAA\n")]
    [InlineData("text\n\n— na+me AAAAAAA=\n")]
    [InlineData("te\txt\n\n— name AAAAAAA=\n")]
    public void What_is_no_note_is_refused(string note) => Assert.Throws<FormatException>(() => SignedNote.Parse(note));

    [Fact]
    public void A_checkpoint_reads_back()
    {
        var checkpoint = Checkpoint.Parse(Text);

        Assert.Equal(("assay.example/log/7", 3, Text), (checkpoint.Origin, checkpoint.Size, checkpoint.Text));
        Assert.Equal(checkpoint, Checkpoint.Parse(Text + "an extension\n"));
        Assert.Equal((7L, null, null), (LogOrigin.ShardOf("assay.example/log", checkpoint.Origin), LogOrigin.ShardOf("other/log", checkpoint.Origin), LogOrigin.ShardOf("assay.example/log", "assay.example/log/07")));
    }

    [Theory]
    [InlineData("origin\n03\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")]
    [InlineData("origin\n-3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")]
    [InlineData("origin\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n")]
    [InlineData("origin\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n")]
    [InlineData("\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")]
    [InlineData("origin\n3\n")]
    public void What_is_no_checkpoint_is_refused(string text) => Assert.Throws<FormatException>(() => Checkpoint.Parse(text));

    [Fact]
    public void A_cluster_checkpoint_reads_back_with_its_keys_and_heads()
    {
        var root = TreeHash.OfLeaf([1]);
        var written = new ClusterCheckpoint("assay.example/log", DateTimeOffset.UnixEpoch, [key.Named("assay.example/log")], [new ShardHead(7, 3, root), new ShardHead(8, 1, root, true)]);

        var read = ClusterCheckpoint.Parse(written.Text);

        Assert.True(ClusterCheckpoint.IsOne(written.Text));
        Assert.False(ClusterCheckpoint.IsOne(Text));
        Assert.Equal(written.Text, read.Text);
        Assert.Equal(written.Heads.AsEnumerable(), read.Heads);
        Assert.Throws<FormatException>(() => ClusterCheckpoint.Parse(written.Text + "shard x\n"));
        Assert.Throws<FormatException>(() => ClusterCheckpoint.Parse(Text));
    }

    [Theory]
    [InlineData("https://assay.example", "assay.example/log")]
    [InlineData("http://127.0.0.1:8420/", "127.0.0.1:8420/log")]
    [InlineData("https://assay.example/a+b", "assay.example/a%2Bb/log")]
    public void A_log_is_called_by_its_issuer(string issuer, string origin) => Assert.Equal(origin, LogOrigin.Of(issuer));
}
