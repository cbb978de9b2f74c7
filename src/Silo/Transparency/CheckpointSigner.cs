using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Assay.Core.Transparency;
using Assay.Grains.Keys;
using Assay.Silo.Signing;

namespace Assay.Silo.Transparency;

/// <summary>Signs checkpoints with the key for them, under the name of what they are of.</summary>
internal sealed class CheckpointSigner(TokenSigner signer, SiloIdentity self)
{
    private readonly ConcurrentDictionary<string, NoteKey> names = new(StringComparer.Ordinal);

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
            var text = Encoding.UTF8.GetBytes(Checkpoint.TextOf(LogOrigin.OfShard(Log, head.Shard), head.Size, head.Root));
            var signature = new byte[4 + key.PrivateKey.GetMaxSignatureSize(DSASignatureFormat.Rfc3279DerSequence)];
            BinaryPrimitives.WriteUInt32BigEndian(signature, Named(key).Id);
            return key.PrivateKey.TrySignData(text, signature.AsSpan(4), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence, out var length)
                ? signature.AsMemory(0, 4 + length)
                : default;
        }
        catch (CryptographicException)
        {
            return default; // the record is durable without it; verification says that it is not signed
        }
    }

    /// <summary>A note by this log; null when there is no key now.</summary>
    public SignedNote? Sign(string text) =>
        signer.PickKey(KeyPurposes.Checkpoint) is { } key ? SignedNote.Sign(text, Named(key), key.PrivateKey) : null;

    private NoteKey Named(SignerKey key) =>
        names.GetOrAdd(key.KeyId, static (_, made) => NoteKey.Of(made.Log, made.Key.PrivateKey.ExportSubjectPublicKeyInfo()), (Log, Key: key));
}
