using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;

namespace Assay.Silo.Tokens;

/// <summary>
/// Texts that requests have in common (client identifiers, resources, scopes): of one that came a moment ago no string is made again. Never for secrets. Of a fixed size:
/// a text takes the place of another that falls on the same, which costs a string and nothing else. For any thread.
/// </summary>
internal static class KnownTexts
{
    /// <summary>Longer ones are as good as never alike. Bounds what callers can have kept: some 8 MB.</summary>
    private const int MaxLength = 96;

    private const int Places = 32_768; // a power of two: 256 KB

    private static readonly string?[] Texts = new string?[Places];
    private static readonly long Seed = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long))); // nobody chooses what falls together

    /// <summary>The text, which others may hold too.</summary>
    /// <param name="utf8">Valid UTF-8.</param>
    public static string Of(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > MaxLength)
            return Encoding.UTF8.GetString(utf8);

        ref var place = ref Texts[(int)XxHash3.HashToUInt64(utf8, Seed) & (Places - 1)];
        if (Volatile.Read(ref place) is { } known && Ascii.Equals(utf8, known))
            return known;
        var text = Encoding.UTF8.GetString(utf8);
        Volatile.Write(ref place, text);
        return text;
    }
}
