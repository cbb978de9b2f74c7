using System.Numerics;
using System.Security.Cryptography;
using Assay.Core.Transparency;

namespace Assay.Core.Tests.Transparency;

public sealed class WitnessTests
{
    private const string Text = "assay.example/log/7\n2\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";

    private static readonly Ed25519Signing Key = new(new byte[32]);

    /// <summary>RFC 8032 §7.1, tests 1 to 3.</summary>
    [Theory]
    [InlineData(
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")]
    [InlineData(
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")]
    [InlineData(
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")]
    public void The_vectors_of_RFC_8032_verify_and_nothing_beside_them(string secret, string publicKey, string message, string signature)
    {
        var (key, text, signed) = (Convert.FromHexString(publicKey), Convert.FromHexString(message), Convert.FromHexString(signature));

        Assert.True(Ed25519.Verify(key, text, signed));
        Assert.Equal(publicKey, Convert.ToHexStringLower(new Ed25519Signing(Convert.FromHexString(secret)).PublicKey)); // the tests' own signer too
        Assert.Equal(signature, Convert.ToHexStringLower(new Ed25519Signing(Convert.FromHexString(secret)).Sign(text)));
        Assert.False(Ed25519.Verify(key, [.. text, 0], signed));
        foreach (var at in new[] { 0, 31, 32, 63 })
        {
            var changed = (byte[])signed.Clone();
            changed[at] ^= 1;
            Assert.False(Ed25519.Verify(key, text, changed));
        }

        Assert.False(Ed25519.Verify(key.AsSpan(1), text, signed));
        Assert.False(Ed25519.Verify(key, text, signed.AsSpan(1)));
        Assert.False(Ed25519.Verify(SHA256.HashData(key), text, signed));
    }

    [Fact]
    public void A_second_spelling_of_a_signature_is_none()
    {
        var signature = Key.Sign([1, 2, 3]);
        Assert.True(Ed25519.Verify(Key.PublicKey, [1, 2, 3], signature));
        var order = BigInteger.Pow(2, 252) + BigInteger.Parse("27742317777372353535851937790883648493");

        (new BigInteger(signature.AsSpan(32), isUnsigned: true) + order).TryWriteBytes(signature.AsSpan(32), out _, isUnsigned: true);

        Assert.False(Ed25519.Verify(Key.PublicKey, [1, 2, 3], signature));
    }

    [Fact]
    public void A_cosignature_says_when_the_witness_saw_the_checkpoint()
    {
        var witness = WitnessKey.Parse(Key.NoteKey("witness.example/w1"));
        var signature = SignedNote.ParseSignature(Key.Cosign("witness.example/w1", Text, 1_769_860_800));

        Assert.Equal(Key.NoteKey("witness.example/w1"), witness.ToString());
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1_769_860_800), witness.TimeOf(signature, Text));
        Assert.Null(witness.TimeOf(signature, Text.Replace("\n2\n", "\n3\n", StringComparison.Ordinal)));
        Assert.Null(WitnessKey.Parse(Key.NoteKey("witness.example/w2")).TimeOf(signature, Text));
        Assert.Null(WitnessKey.Parse(new Ed25519Signing([.. Enumerable.Repeat((byte)9, 32)]).NoteKey("witness.example/w1")).TimeOf(signature, Text));
        Assert.Null(witness.TimeOf(signature with { Signature = [0, 0, 0, 0, 0, 0, 0, 1, .. signature.Signature.AsSpan()[8..]] }, Text)); // another time
        Assert.Null(witness.TimeOf(signature with { Signature = signature.Signature[..^1] }, Text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("w1+00000000+")]
    [InlineData("w1+00000000+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")] // another id
    [InlineData("w 1+00000000+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("w1+00000000+AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")] // another type
    public void What_is_no_key_of_a_witness_is_refused(string text) => Assert.Throws<FormatException>(() => WitnessKey.Parse(text));

    [Fact]
    public void A_cluster_checkpoint_carries_cosignatures()
    {
        var signature = SignedNote.ParseSignature(Key.Cosign("witness.example/w1", Text, 7));
        var checkpoint = new ClusterCheckpoint("assay.example/log", DateTimeOffset.UnixEpoch, [], [new ShardHead(7, 3, TreeHash.Empty, true)])
        {
            Cosigned = [new CosignedHead(7, 2, TreeHash.Empty, signature)],
        };

        var read = ClusterCheckpoint.Parse(checkpoint.Text);

        Assert.Equal(checkpoint.Heads, read.Heads);
        Assert.Equal(checkpoint.Cosigned, read.Cosigned);
        Assert.EndsWith($"\nwitness 7 2 {TreeHash.Empty} witness.example/w1 {signature.Encoded}\n", checkpoint.Text);
        Assert.Throws<FormatException>(() => ClusterCheckpoint.Parse(checkpoint.Text.Replace("witness 7 2", "witness 7 x", StringComparison.Ordinal)));
    }
}
