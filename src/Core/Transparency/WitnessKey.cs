using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Assay.Core.Transparency;

/// <summary>
/// The key of a witness: somebody else who says, with the time, that a log only grew as far as they have seen it (C2SP tlog-cosignature, <c>cosignature/v1</c> with Ed25519, type <c>0x04</c>).
/// </summary>
public sealed class WitnessKey
{
    private const byte CosignatureType = 0x04;
    private const int TimeSize = sizeof(ulong);

    private WitnessKey(string name, ImmutableArray<byte> publicKey)
    {
        (Name, PublicKey) = (name, publicKey);

        // C2SP signed-note, "Signatures": the first four bytes of SHA-256 over name, newline, type, key.
        Id = BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData([.. Encoding.UTF8.GetBytes(name), (byte)'\n', CosignatureType, .. publicKey]));
    }

    public string Name { get; }

    public uint Id { get; }

    public ImmutableArray<byte> PublicKey { get; }

    /// <summary>Reads <c>name+id+base64</c>, the form in which witnesses hand out their keys.</summary>
    /// <exception cref="FormatException">It is not that, or of another type.</exception>
    public static WitnessKey Parse(string text)
    {
        var parts = text.Split('+', 3);
        var bytes = new byte[text.Length];
        if (parts is not [{ Length: > 0 } name, { Length: 8 } id, var encoded] || name.Any(char.IsWhiteSpace) || !Convert.TryFromBase64String(encoded, bytes, out var length)
            || length != 1 + Ed25519.KeySize || bytes[0] != CosignatureType)
            throw new FormatException($"'{text}' is no key of a witness: expected name+id+base64 of an Ed25519 key for cosignatures (type 4)");
        var key = new WitnessKey(name, [.. bytes.AsSpan(1, Ed25519.KeySize)]);
        return key.Id.ToString("x8", CultureInfo.InvariantCulture) == id ? key : throw new FormatException($"the id of the key '{text}' is not the one of its name and bytes");
    }

    /// <summary>When the witness has seen a checkpoint, as a signature under it says; null when that is not by this key.</summary>
    /// <param name="text">The text of the checkpoint.</param>
    public DateTimeOffset? TimeOf(NoteSignature signature, string text)
    {
        if (signature.Name != Name || signature.KeyId != Id || signature.Signature.Length != TimeSize + Ed25519.SignatureSize)
            return null;
        var seconds = BinaryPrimitives.ReadUInt64BigEndian(signature.Signature.AsSpan());
        if (seconds > 253_402_300_799) // the year 9999
            return null;
        var message = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"cosignature/v1\ntime {seconds}\n{text}"));
        return Ed25519.Verify(PublicKey.AsSpan(), message, signature.Signature.AsSpan()[TimeSize..]) ? DateTimeOffset.FromUnixTimeSeconds((long)seconds) : null;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name}+{Id:x8}+{Convert.ToBase64String([CosignatureType, .. PublicKey])}");
}
