using System.Text.Json;
using Assay.Core.Jose;

namespace Assay.Cli.Explaining;

/// <summary>What can be said of a token at hand beside its record.</summary>
/// <param name="IsRecorded">Its signing input is the one that was recorded.</param>
/// <param name="IsSigned">Its signature is the one of the key it names; null when that key is no longer published.</param>
internal sealed record TokenCheck(bool IsRecorded, bool? IsSigned)
{
    public bool IsForged => !IsRecorded || IsSigned == false;

    /// <summary>Checks the signature with the keys that the issuer publishes.</summary>
    public static async Task<bool?> Signature(Uri issuer, string token, CancellationToken cancellationToken)
    {
        if (!CompactJws.TryParse(token, out var jws, out _))
            return false;

        try
        {
            using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10), MaxResponseContentBufferSize = JsonWebKeySet.MaxBytes };
            using var set = JsonDocument.Parse(await http.GetByteArrayAsync(new Uri($"{issuer.AbsoluteUri.TrimEnd('/')}/oauth/jwks"), cancellationToken));
            foreach (var member in set.RootElement.GetProperty("keys").EnumerateArray())
            {
                if (JsonWebKey.ParsePublic(member.GetRawText(), out _) is { } key && key.Kid == jws.Header.Kid)
                    return key.Verifier.Verify(jws);
            }
        }
        catch (Exception fault) when (fault is HttpRequestException or JsonException or KeyNotFoundException or InvalidOperationException
            || fault is TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // Not known, then: the record is what there is to compare with.
        }

        return null;
    }
}
