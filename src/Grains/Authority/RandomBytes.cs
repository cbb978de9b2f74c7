using System.Security.Cryptography;

namespace Assay.Grains.Authority;

/// <summary>The platform's random bytes, fetched for many at once: a call for a few costs as much as one for thousands. Each is given out once.</summary>
internal static class RandomBytes
{
    private const int Fetched = 4096;

    [ThreadStatic]
    private static byte[]? kept;

    [ThreadStatic]
    private static int left;

    /// <param name="destination">At most 4,096 bytes.</param>
    public static void Fill(Span<byte> destination)
    {
        kept ??= new byte[Fetched];
        if (left < destination.Length)
        {
            RandomNumberGenerator.Fill(kept);
            left = Fetched;
        }

        var given = kept.AsSpan(left - destination.Length, destination.Length);
        given.CopyTo(destination);
        given.Clear();
        left -= destination.Length;
    }
}
