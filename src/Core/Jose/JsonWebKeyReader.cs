using System.Text.Json;

namespace Assay.Core.Jose;

/// <summary>Why a JSON Web Key was refused.</summary>
public enum JwkFault
{
    None,

    /// <summary>Over 16 KiB.</summary>
    TooLarge,

    /// <summary>Not valid UTF-8, or not one JSON object, or nested too deeply.</summary>
    NotAJsonObject,

    /// <summary>An object has the same member name twice.</summary>
    DuplicateMember,

    /// <summary><c>d</c>, <c>k</c>, <c>priv</c> or another private member is there. The key is burnt: make a new pair.</summary>
    PrivateMember,

    /// <summary><c>kty</c> is absent or neither <c>EC</c> nor <c>RSA</c>.</summary>
    KeyTypeUnsupported,

    /// <summary><c>crv</c> is absent or none of <c>P-256</c>, <c>P-384</c> and <c>P-521</c>.</summary>
    CurveUnsupported,

    /// <summary>A key member is absent, not a string, or not base64url.</summary>
    MemberInvalid,

    /// <summary><c>x</c> or <c>y</c> is not exactly as long as the curve's field; leading zeros must be kept.</summary>
    CoordinateLength,

    /// <summary>The point does not lie on the curve.</summary>
    NotOnCurve,

    /// <summary><c>n</c> is empty, even, or has a leading zero.</summary>
    ModulusInvalid,

    /// <summary><c>n</c> is shorter than 2048 or longer than 4096 bits.</summary>
    ModulusSize,

    /// <summary><c>e</c> is even, below 65537 or over four bytes.</summary>
    ExponentInvalid,

    /// <summary>An RSA key must name its one algorithm, <c>PS256</c> or <c>RS256</c>.</summary>
    AlgMissing,

    /// <summary><c>alg</c> does not belong to this kind of key.</summary>
    AlgMismatch,

    /// <summary><c>use</c> or <c>key_ops</c> says the key is not for verifying signatures.</summary>
    UseNotSignature,

    /// <summary><c>kid</c> is not 1 to 128 printable ASCII characters.</summary>
    KidInvalid,

    /// <summary>A key set without a <c>keys</c> array, or with none or more than 16 keys in it.</summary>
    SetInvalid,

    /// <summary>Two keys of a set share a <c>kid</c> or are the same key.</summary>
    DuplicateKey,
}

internal static class JsonWebKeyReader
{
    public const int MaxBytes = 16 * 1024;

    private static readonly string[] PrivateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

    public static JsonWebKey? Read(ReadOnlySpan<byte> json, out JwkFault fault)
    {
        using var document = Parse(json, MaxBytes, out fault);
        return document is null ? null : Read(document.RootElement, out fault);
    }

    /// <summary>The document, after the checks every text from outside must pass.</summary>
    public static JsonDocument? Parse(ReadOnlySpan<byte> json, int maxBytes, out JwkFault fault)
    {
        fault = json.Length > maxBytes ? JwkFault.TooLarge : StrictJson.CheckObject(json) switch
        {
            JsonFault.None => JwkFault.None,
            JsonFault.DuplicateMember => JwkFault.DuplicateMember,
            _ => JwkFault.NotAJsonObject,
        };
        return fault == JwkFault.None ? JsonDocument.Parse(json.ToArray()) : null;
    }

    /// <summary>Reads a key out of a document that passed <see cref="Parse"/>.</summary>
    public static JsonWebKey? Read(JsonElement jwk, out JwkFault fault)
    {
        if (jwk.ValueKind != JsonValueKind.Object)
            return Refuse(JwkFault.NotAJsonObject, out fault);
        foreach (var name in PrivateMembers)
        {
            if (jwk.TryGetProperty(name, out _))
                return Refuse(JwkFault.PrivateMember, out fault);
        }

        if (!IsForVerifying(jwk))
            return Refuse(JwkFault.UseNotSignature, out fault);
        if (!TryReadKid(jwk, out var kid))
            return Refuse(JwkFault.KidInvalid, out fault);
        if (!TryReadString(jwk, "alg", out var alg))
            return Refuse(JwkFault.AlgMismatch, out fault);

        TryReadString(jwk, "kty", out var keyType);
        return keyType switch
        {
            "EC" => ReadEc(jwk, alg, kid, out fault),
            "RSA" => ReadRsa(jwk, alg, kid, out fault),
            _ => Refuse(JwkFault.KeyTypeUnsupported, out fault),
        };
    }

    private static JsonWebKey? ReadEc(JsonElement jwk, string? alg, string? kid, out JwkFault fault)
    {
        if (!TryReadString(jwk, "crv", out var name) || name is null || EllipticCurve.Named(name) is not { } curve)
            return Refuse(JwkFault.CurveUnsupported, out fault);
        if (alg is not null && alg != curve.Alg)
            return Refuse(JwkFault.AlgMismatch, out fault);
        if (ReadBytes(jwk, "x") is not { } x || ReadBytes(jwk, "y") is not { } y)
            return Refuse(JwkFault.MemberInvalid, out fault);

        return JsonWebKey.Ec(curve, x, y, kid, out fault);
    }

    private static JsonWebKey? ReadRsa(JsonElement jwk, string? alg, string? kid, out JwkFault fault)
    {
        if (alg is null)
            return Refuse(JwkFault.AlgMissing, out fault);
        if (alg is not (JoseAlg.PS256 or JoseAlg.RS256))
            return Refuse(JwkFault.AlgMismatch, out fault);
        if (ReadBytes(jwk, "n") is not { } modulus || ReadBytes(jwk, "e") is not { } exponent)
            return Refuse(JwkFault.MemberInvalid, out fault);

        return JsonWebKey.Rsa(modulus, exponent, alg, kid, out fault);
    }

    // RFC 7517 §4.2, §4.3: both are optional; where present they must allow what the key is registered for.
    private static bool IsForVerifying(JsonElement jwk)
    {
        if (!TryReadString(jwk, "use", out var use) || use is not (null or "sig"))
            return false;
        if (!jwk.TryGetProperty("key_ops", out var operations))
            return true;

        if (operations.ValueKind != JsonValueKind.Array)
            return false;
        foreach (var operation in operations.EnumerateArray())
        {
            if (operation.ValueKind == JsonValueKind.String && operation.ValueEquals("verify"))
                return true;
        }

        return false;
    }

    private static bool TryReadKid(JsonElement jwk, out string? kid) =>
        TryReadString(jwk, "kid", out kid) && (kid is null || JoseHeader.IsPrintable(kid, JoseHeader.MaxKidLength));

    /// <summary>True with null when the member is absent, false when it is there and no string.</summary>
    private static bool TryReadString(JsonElement jwk, string name, out string? value)
    {
        value = null;
        if (!jwk.TryGetProperty(name, out var member))
            return true;
        if (member.ValueKind != JsonValueKind.String)
            return false;

        value = member.GetString();
        return true;
    }

    private static byte[]? ReadBytes(JsonElement jwk, string name) =>
        TryReadString(jwk, name, out var text) && text is not null ? Base64UrlText.Decode(text, MaxBytes) : null;

    private static JsonWebKey? Refuse(JwkFault reason, out JwkFault fault)
    {
        fault = reason;
        return null;
    }
}
