using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Assay.Core.Jose;
using Assay.Core.Transparency;
using Assay.Grains.Keys;
using Assay.Silo.Signing;

namespace Assay.Silo.Transparency;

/// <summary>Signs checkpoints with the key for them, under the name of what they are of.</summary>
internal sealed class CheckpointSigner(TokenSigner signer, SiloIdentity self)
{
    private readonly ConcurrentDictionary<string, NoteKey> names = new(StringComparer.Ordinal);
    private Origin? origin; // of the shard that was signed last, which is this silo's

    /// <summary>The origin of this log.</summary>
    public string Log { get; } = LogOrigin.Of(self.Issuer);

    /// <summary>Whether there is a key now.</summary>
    public bool CanSign => signer.PickKey(KeyPurposes.Checkpoint) is not null;

    /// <summary>Key id and signature of a shard's checkpoint, as its batch keeps them; empty when there is no key now.</summary>
    public ReadOnlyMemory<byte> Sign(ShardHead head)
    {
        if (signer.PickKey(KeyPurposes.Checkpoint) is not { } key)
            return default;
        try
        {
            var origin = OriginOf(head.Shard);
            Span<byte> text = stackalloc byte[origin.Length + Checkpoint.MostBesideOrigin];
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(text[..Checkpoint.Write(origin, head.Size, head.Root, text)], hash);

            // The platform's own DER of a signature allocates more than the rest of a commit.
            Span<byte> signature = stackalloc byte[EcdsaDer.P256Bytes];
            Span<byte> signed = stackalloc byte[4 + EcdsaDer.MostBytes];
            if (key.PrivateKey.KeySize != 256 || !key.PrivateKey.TrySignHash(hash, signature, out var written) || written != EcdsaDer.P256Bytes)
                return default;
            BinaryPrimitives.WriteUInt32BigEndian(signed, Named(key).Id);
            return signed[..(4 + EcdsaDer.Write(signature, signed[4..]))].ToArray();
        }
        catch (CryptographicException)
        {
            return default; // the record is durable without it; verification says that it is not signed
        }
    }

    /// <summary>A note by this log; null when there is no key now.</summary>
    public SignedNote? Sign(string text) =>
        signer.PickKey(KeyPurposes.Checkpoint) is { } key ? SignedNote.Sign(text, Named(key), key.PrivateKey) : null;

    private byte[] OriginOf(long shard)
    {
        var known = origin;
        if (known is null || known.Shard != shard)
            origin = known = new Origin(shard, Encoding.UTF8.GetBytes(LogOrigin.OfShard(Log, shard)));
        return known.Name;
    }

    private NoteKey Named(SignerKey key) =>
        names.GetOrAdd(key.KeyId, static (_, made) => NoteKey.Of(made.Log, made.Key.PrivateKey.ExportSubjectPublicKeyInfo()), (Log, Key: key));

    private sealed record Origin(long Shard, byte[] Name);
}
