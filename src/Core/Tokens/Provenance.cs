using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Assay.Core.Evidence;
using Assay.Core.Jose;

namespace Assay.Core.Tokens;

/// <summary>
/// Where a token comes from, as far as its end depends on it and its other claims do not say it: a private claim that only the cluster can read.
/// A token dies with any of its handles.
/// </summary>
/// <remarks>
/// One byte of version, two of timeline, six of number, eight a handle, under the key stream that <see cref="JtiCodec"/> gives each token. No two tokens
/// share it, so no nonce takes room, and no tag either: the token's signature covers the claim.
/// </remarks>
/// <param name="Timeline">Which history of the database the number belongs to.</param>
/// <param name="Number">The feed number of the decision: everything up to it was considered.</param>
/// <param name="Handles">Of the credential and the policy version; whatever else a token comes to hang on is one more of them.</param>
public sealed record Provenance(int Timeline, long Number, ImmutableArray<ulong> Handles)
{
    /// <summary>The name of the claim: a URI, so that it collides with nobody's (RFC 7519 §4.2).</summary>
    public const string Claim = "urn:assay:prov";

    /// <summary>The history that begins with an empty database.</summary>
    public const int FirstTimeline = 1;

    public const int MaxHandles = 32;

    private const byte Version = 1;
    private const int HeadBytes = 9;
    private const int MaxBytes = HeadBytes + MaxHandles * sizeof(ulong);
    private const ulong MaxNumber = (1UL << 48) - 1;

    /// <summary>How much key stream the claim of so many handles takes, in bytes.</summary>
    public static int Size(int handles) => HeadBytes + handles * sizeof(ulong);

    /// <summary>How many characters the claim of so many handles has.</summary>
    public static int TextLength(int handles) => Base64UrlText.EncodedLength(Size(handles));

    /// <summary>Writes the claim's value, ASCII.</summary>
    /// <param name="keyStream">Of the token's <c>jti</c>; <see cref="Size"/> bytes at least. Not to be used again.</param>
    /// <param name="text">Of <see cref="TextLength"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number has more than 48 bits, the timeline more than 16, or there are too many handles.</exception>
    public static void Write(int timeline, long number, ReadOnlySpan<ulong> handles, ReadOnlySpan<byte> keyStream, Span<byte> text)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)timeline, ushort.MaxValue, nameof(timeline));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((ulong)number, MaxNumber, nameof(number));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(handles.Length, MaxHandles, nameof(handles));

        Span<byte> bytes = stackalloc byte[MaxBytes];
        bytes = bytes[..Size(handles.Length)];
        bytes[0] = Version;
        BinaryPrimitives.WriteUInt64BigEndian(bytes[1..], (ulong)timeline << 48 | (ulong)number);
        for (var i = 0; i < handles.Length; i++)
            BinaryPrimitives.WriteUInt64BigEndian(bytes[(HeadBytes + i * sizeof(ulong))..], handles[i]);
        Apply(keyStream, bytes);
        Base64UrlText.Encode(bytes, text);
    }

    /// <summary>Reads the claim of a token whose signature was verified; false when it is none that this cluster made for <paramref name="id"/>.</summary>
    public static bool TryRead(JtiCodec jtis, RecordId id, ReadOnlySpan<char> text, [NotNullWhen(true)] out Provenance? provenance)
    {
        provenance = null;
        if (Base64UrlText.Decode(text, MaxBytes) is not { } bytes || bytes.Length < HeadBytes || (bytes.Length - HeadBytes) % sizeof(ulong) != 0)
            return false;

        Span<byte> keyStream = stackalloc byte[MaxBytes];
        jtis.KeyStream(id, keyStream[..bytes.Length]);
        Apply(keyStream, bytes);
        if (bytes[0] != Version)
            return false;

        var handles = ImmutableArray.CreateBuilder<ulong>((bytes.Length - HeadBytes) / sizeof(ulong));
        for (var at = HeadBytes; at < bytes.Length; at += sizeof(ulong))
            handles.Add(BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(at)));
        var head = BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(1));
        provenance = new Provenance((int)(head >> 48), (long)(head & MaxNumber), handles.MoveToImmutable());
        return true;
    }

    private static void Apply(ReadOnlySpan<byte> keyStream, Span<byte> bytes)
    {
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] ^= keyStream[i];
    }
}
