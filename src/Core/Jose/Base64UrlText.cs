using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Assay.Core.Jose;

/// <summary>
/// Base64url as JOSE wants it (RFC 7515 §2): the URL alphabet only, no padding, no white space, and one spelling per value:
/// unused bits of the last character must be zero, so two different texts never decode to the same bytes.
/// </summary>
public static class Base64UrlText
{
    private static readonly SearchValues<byte> Alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"u8);

    /// <summary>How many characters <paramref name="byteCount"/> bytes become.</summary>
    public static int EncodedLength(int byteCount) => Base64Url.GetEncodedLength(byteCount);

    /// <summary>How many bytes a text of this length holds, or -1 when no text of this length is valid.</summary>
    public static int DecodedLength(int textLength) => textLength % 4 == 1 ? -1 : textLength / 4 * 3 + textLength % 4 * 3 / 4;

    /// <summary>Writes the text of <paramref name="bytes"/> and returns its length.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than <see cref="EncodedLength"/>.</exception>
    public static int Encode(ReadOnlySpan<byte> bytes, Span<byte> destination) => Base64Url.EncodeToUtf8(bytes, destination);

    /// <summary>The text of <paramref name="bytes"/>.</summary>
    public static string Encode(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);

    /// <summary>Decodes, or returns false and leaves <paramref name="destination"/> undefined. Never throws.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> text, Span<byte> destination, out int written)
    {
        written = 0;
        var length = DecodedLength(text.Length);
        if (length < 0 || length > destination.Length || text.ContainsAnyExcept(Alphabet) || HasUnusedBits(text))
            return false;

        return Base64Url.DecodeFromUtf8(text, destination, out var consumed, out written) == OperationStatus.Done
            && consumed == text.Length
            && written == length;
    }

    /// <summary>Decodes text of at most <paramref name="maxBytes"/> decoded bytes, or returns null. Never throws.</summary>
    public static byte[]? Decode(ReadOnlySpan<char> text, int maxBytes)
    {
        var length = DecodedLength(text.Length);
        if (length < 0 || length > maxBytes || !Ascii.IsValid(text))
            return null;

        var ascii = new byte[text.Length];
        Encoding.ASCII.GetBytes(text, ascii);
        var bytes = new byte[length];
        return TryDecode(ascii, bytes, out _) ? bytes : null;
    }

    private static bool HasUnusedBits(ReadOnlySpan<byte> text) => (text.Length % 4) switch
    {
        2 => (Value(text[^1]) & 0b1111) != 0,
        3 => (Value(text[^1]) & 0b11) != 0,
        _ => false,
    };

    private static int Value(byte character) => character switch
    {
        >= (byte)'A' and <= (byte)'Z' => character - 'A',
        >= (byte)'a' and <= (byte)'z' => character - 'a' + 26,
        >= (byte)'0' and <= (byte)'9' => character - '0' + 52,
        (byte)'-' => 62,
        _ => 63,
    };
}
