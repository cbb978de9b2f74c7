using System.Security.Cryptography;
using System.Text;
using Assay.Core.Jose;

namespace Assay.Core.SharedSignals;

/// <summary>
/// Names of streams: eight bytes of the owner's hash, then sixteen random ones. Whoever asks for another's stream is told that there is none without anybody
/// having to look.
/// </summary>
public static class StreamIds
{
    private const int OwnerBytes = 8;
    private const int RandomBytes = 16;

    public static string New(string owner)
    {
        Span<byte> random = stackalloc byte[RandomBytes];
        RandomNumberGenerator.Fill(random);
        return $"{Prefix(owner)}.{Base64UrlText.Encode(random)}";
    }

    /// <summary>Whether it can be the name of a stream of that owner's.</summary>
    public static bool CanBe(string? id, string owner) =>
        id is not null
        && id.StartsWith(Prefix(owner), StringComparison.Ordinal)
        && id.Length == Base64UrlText.EncodedLength(OwnerBytes) + 1 + Base64UrlText.EncodedLength(RandomBytes)
        && id.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    private static string Prefix(string owner) => Base64UrlText.Encode(SHA256.HashData(Encoding.UTF8.GetBytes(owner)).AsSpan(0, OwnerBytes));
}
