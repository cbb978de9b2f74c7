using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Assay.Core.Jose;

namespace Assay.Core.SharedSignals;

/// <summary>
/// The <c>jti</c> and <c>txn</c> of events, computed and not stored: an event that is sent again, by whichever silo and after whatever crash, has the names it had.
/// Keyed, so that they say nothing of the numbers behind them.
/// </summary>
public sealed class EventNames
{
    private const int Bytes = 16;

    private readonly byte[] key;

    /// <param name="key">32 bytes.</param>
    public EventNames(ReadOnlySpan<byte> key)
    {
        if (key.Length != 32)
            throw new ArgumentException("the key of event names must have 32 bytes", nameof(key));
        this.key = key.ToArray();
    }

    /// <summary>Of one event for one stream.</summary>
    /// <param name="index">Which of the events that the place makes.</param>
    /// <param name="about">The identity the event names.</param>
    public string JwtId(string stream, FeedPlace place, int index, string? about) =>
        Name(string.Create(CultureInfo.InvariantCulture, $"jti\0{stream}\0{place.Number}\0{place.Kind}\0{place.Id}\0{index}\0{about}"));

    /// <summary>Of everything that one change caused, in all streams.</summary>
    public string Transaction(long number) => Name(string.Create(CultureInfo.InvariantCulture, $"txn\0{number}"));

    private string Name(string of)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(of), hash);
        return Base64UrlText.Encode(hash[..Bytes]);
    }
}
