using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Assay.Core.Transparency;

/// <summary>
/// A key that verifies notes: ECDSA over P-256 with SHA-256, signature type <c>0x02</c> of C2SP signed-note. Its id is the first four bytes of SHA-256 over the
/// SubjectPublicKeyInfo; a signature is DER (RFC 3279 §2.2.3). .NET 10 has no Ed25519, the usual type.
/// </summary>
public sealed class NoteKey
{
    private const byte EcdsaType = 0x02;

    [ThreadStatic]
    private static (NoteKey? Of, ECDsa? Key) opened;

    private NoteKey(string name, ImmutableArray<byte> publicKey)
    {
        (Name, PublicKey) = (name, publicKey);
        Id = IdOf(publicKey.AsSpan());
    }

    public string Name { get; }

    public uint Id { get; }

    /// <summary>The DER SubjectPublicKeyInfo.</summary>
    public ImmutableArray<byte> PublicKey { get; }

    /// <summary>First four bytes, big-endian, of SHA-256 over a SubjectPublicKeyInfo.</summary>
    public static uint IdOf(ReadOnlySpan<byte> publicKey)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(publicKey, hash);
        return BinaryPrimitives.ReadUInt32BigEndian(hash);
    }

    /// <exception cref="FormatException">The name has spaces or a plus in it, or the key is none on P-256.</exception>
    public static NoteKey Of(string name, ReadOnlySpan<byte> publicKey)
    {
        if (name.Length == 0 || name.Contains('+', StringComparison.Ordinal) || name.Any(char.IsWhiteSpace))
            throw new FormatException($"'{name}' cannot name a key: spaces and plus signs are not allowed");
        Open(publicKey).Dispose();
        return new NoteKey(name, [.. publicKey]);
    }

    /// <summary>Reads <c>name+id+base64</c>, the form in which keys for notes are handed out.</summary>
    /// <exception cref="FormatException">It is not that, or of another type than ECDSA.</exception>
    public static NoteKey Parse(string text)
    {
        var parts = text.Split('+', 3);
        var bytes = new byte[text.Length];
        if (parts is not [var name, { Length: 8 } id, var encoded] || !Convert.TryFromBase64String(encoded, bytes, out var length) || length < 2 || bytes[0] != EcdsaType)
            throw new FormatException($"'{text}' is no ECDSA key for notes: expected name+id+base64");
        var key = Of(name, bytes.AsSpan(1, length - 1));
        return key.Id.ToString("x8", CultureInfo.InvariantCulture) == id ? key : throw new FormatException($"the id of the key '{text}' is not the one of its bytes");
    }

    /// <summary>The same key under another name: the shards of one log sign with the same keys, each under its origin.</summary>
    public NoteKey Named(string name) => name == Name ? this : new NoteKey(name, PublicKey);

    public bool Verify(string text, ReadOnlySpan<byte> signature)
    {
        // Opening a key costs as much as using it, and one key signs nearly everything.
        if (!ReferenceEquals(opened.Of, this))
        {
            opened.Key?.Dispose();
            opened = (this, Open(PublicKey.AsSpan()));
        }

        return opened.Key!.VerifyData(Encoding.UTF8.GetBytes(text), signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
    }

    internal static ImmutableArray<byte> Sign(string text, ECDsa privateKey) =>
        System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(
            privateKey.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name}+{Id:x8}+{Convert.ToBase64String([EcdsaType, .. PublicKey])}");

    private static ECDsa Open(ReadOnlySpan<byte> publicKey)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportSubjectPublicKeyInfo(publicKey, out var read);
            if (read == publicKey.Length && key.KeySize == 256)
                return key;
        }
        catch (CryptographicException)
        {
            // said below
        }

        key.Dispose();
        throw new FormatException("the public key is none on P-256");
    }
}
