using System.Security.Cryptography;

namespace Assay.Core.Tests.Transparency;

/// <summary>Merkle trees word for word as RFC 6962 §2.1 defines them, over byte strings: slow, and with nothing of ours in it.</summary>
internal static class Naive
{
    public static byte[] Root(ReadOnlySpan<byte[]> entries)
    {
        if (entries.Length == 0)
            return SHA256.HashData([]);
        if (entries.Length == 1)
            return SHA256.HashData([0, .. entries[0]]);
        var k = Split(entries.Length);
        return SHA256.HashData([1, .. Root(entries[..k]), .. Root(entries[k..])]);
    }

    public static List<byte[]> Path(int m, ReadOnlySpan<byte[]> entries)
    {
        if (entries.Length == 1)
            return [];
        var k = Split(entries.Length);
        return m < k ? [.. Path(m, entries[..k]), Root(entries[k..])] : [.. Path(m - k, entries[k..]), Root(entries[..k])];
    }

    public static List<byte[]> Proof(int m, ReadOnlySpan<byte[]> entries) => SubProof(m, entries, true);

    private static List<byte[]> SubProof(int m, ReadOnlySpan<byte[]> entries, bool b)
    {
        if (m == entries.Length)
            return b ? [] : [Root(entries)];
        var k = Split(entries.Length);
        return m <= k
            ? [.. SubProof(m, entries[..k], b), Root(entries[k..])]
            : [.. SubProof(m - k, entries[k..], false), Root(entries[..k])];
    }

    private static int Split(int n)
    {
        var k = 1;
        while (k * 2 < n)
            k *= 2;
        return k;
    }
}
