using System.IO.Compression;

namespace Assay.Core.StatusLists;

/// <summary>The bytes of a status list (draft-ietf-oauth-status-list §4): statuses of 1, 2, 4 or 8 bits, the first in the lowest bits of the first byte.</summary>
public static class StatusList
{
    /// <summary>The lists we make have statuses of one bit: valid, or not for good.</summary>
    public const int Bits = 1;

    /// <summary>The status at an index.</summary>
    /// <param name="bits">1, 2, 4 or 8.</param>
    /// <exception cref="ArgumentOutOfRangeException">The list has no such index: a token that names it must be refused.</exception>
    public static int At(ReadOnlySpan<byte> list, int bits, long index)
    {
        if (bits is not (1 or 2 or 4 or 8))
            throw new ArgumentOutOfRangeException(nameof(bits), bits, "a status has 1, 2, 4 or 8 bits");
        var perByte = 8 / bits;
        if (index < 0 || index / perByte >= list.Length)
            throw new ArgumentOutOfRangeException(nameof(index), index, "outside the list");
        return list[(int)(index / perByte)] >> (int)(index % perByte) * bits & (1 << bits) - 1;
    }

    /// <summary>ZLIB (RFC 1950) over the list, as small as it gets.</summary>
    public static byte[] Compress(ReadOnlySpan<byte> list)
    {
        using var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.SmallestSize, leaveOpen: true))
            zlib.Write(list);
        return compressed.ToArray();
    }

    /// <summary>The list again.</summary>
    /// <param name="maxBytes">A list that is longer is not read to its end.</param>
    /// <exception cref="InvalidDataException">It is no ZLIB data, or longer.</exception>
    public static byte[] Inflate(ReadOnlySpan<byte> compressed, int maxBytes)
    {
        using var zlib = new ZLibStream(new MemoryStream(compressed.ToArray()), CompressionMode.Decompress);
        var list = new byte[maxBytes + 1];
        var length = zlib.ReadAtLeast(list, list.Length, throwOnEndOfStream: false);
        return length <= maxBytes ? list[..length] : throw new InvalidDataException($"the list is longer than {maxBytes} bytes");
    }
}
