using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Assay.Silo.AuthZen;

/// <summary>
/// Where a search goes on, sealed: it may name what the caller was not shown. It is good for the same search by the same caller on every silo, and for
/// nothing else.
/// </summary>
/// <param name="key">32 bytes.</param>
internal sealed class PageTokens(byte[] key)
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int LimitBytes = sizeof(int);
    private const int MaxLength = 2048;

    /// <param name="after">The last that was looked at; empty for none.</param>
    /// <param name="search">What it belongs to: <see cref="Describe"/>.</param>
    public string Seal(string after, int limit, ReadOnlySpan<byte> search)
    {
        var body = new byte[LimitBytes + Encoding.UTF8.GetByteCount(after)];
        BinaryPrimitives.WriteInt32BigEndian(body, limit);
        Encoding.UTF8.GetBytes(after, body.AsSpan(LimitBytes));

        var token = new byte[NonceBytes + TagBytes + body.Length];
        RandomNumberGenerator.Fill(token.AsSpan(0, NonceBytes));
        using var cipher = new AesGcm(key, TagBytes);
        cipher.Encrypt(token.AsSpan(0, NonceBytes), body, token.AsSpan(NonceBytes + TagBytes), token.AsSpan(NonceBytes, TagBytes), search);
        return Base64Url.EncodeToString(token);
    }

    /// <summary>False when it is none of ours, or of another search.</summary>
    public bool TryOpen(string token, ReadOnlySpan<byte> search, out string after, out int limit)
    {
        (after, limit) = ("", 0);
        if (token.Length > MaxLength || !Base64Url.IsValid(token))
            return false;
        ReadOnlySpan<byte> bytes = Base64Url.DecodeFromChars(token);
        if (bytes.Length < NonceBytes + TagBytes + LimitBytes)
            return false;

        var body = new byte[bytes.Length - NonceBytes - TagBytes];
        try
        {
            using var cipher = new AesGcm(key, TagBytes);
            cipher.Decrypt(bytes[..NonceBytes], bytes[(NonceBytes + TagBytes)..], bytes[NonceBytes..(NonceBytes + TagBytes)], body, search);
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }

        (after, limit) = (Encoding.UTF8.GetString(body.AsSpan(LimitBytes)), BinaryPrimitives.ReadInt32BigEndian(body));
        return true;
    }

    /// <summary>A search in a few bytes: every part of it, but for the page.</summary>
    public static byte[] Describe(string caller, AccessQuery query)
    {
        var parts = query.Parts;
        string?[] all =
        [
            query.For.ToString(), caller,
            parts.Subject?.Type, parts.Subject?.Id, parts.Action, parts.Resource?.Type, parts.Resource?.Id,
            parts.Context?.Ip, parts.Context?.Method, parts.Context?.Credential,
        ];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (var part in all)
        {
            var bytes = part is null ? [] : Encoding.UTF8.GetBytes(part);
            BinaryPrimitives.WriteInt32BigEndian(length, part is null ? -1 : bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }

        return hash.GetHashAndReset();
    }
}
