using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;

namespace Assay.Client;

/// <summary>Reads a private key in the form of RFC 7517 and RFC 7518 §6.</summary>
internal static class PrivateJwk
{
    private const int CoordinateBytes = 32;

    public static AsymmetricAlgorithm Read(string text, out string? keyId)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
            var jwk = document.RootElement;
            keyId = Text(jwk, "kid", required: false);
            return Text(jwk, "kty") switch
            {
                "EC" => ReadEc(jwk),
                "RSA" => ReadRsa(jwk),
                var other => throw new InvalidDataException($"The JSON Web Key must have kty EC or RSA, but has {other}."),
            };
        }
        catch (JsonException) // its message may quote the key
        {
            throw new InvalidDataException("The JSON Web Key is not valid JSON.");
        }
        catch (CryptographicException)
        {
            throw new InvalidDataException("The JSON Web Key's members do not belong together.");
        }
    }

    private static ECDsa ReadEc(JsonElement jwk)
    {
        if (Text(jwk, "crv") is not "P-256" and var curve)
            throw new InvalidDataException($"The JSON Web Key must be on the curve P-256, but is on {curve}.");

        return ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = { X = Bytes(jwk, "x", CoordinateBytes), Y = Bytes(jwk, "y", CoordinateBytes) },
            D = Bytes(jwk, "d", CoordinateBytes),
        });
    }

    private static RSA ReadRsa(JsonElement jwk)
    {
        var modulus = Bytes(jwk, "n");
        var half = (modulus.Length + 1) / 2; // what .NET wants: leading zeros where JOSE has none
        return RSA.Create(new RSAParameters
        {
            Modulus = modulus,
            Exponent = Bytes(jwk, "e"),
            D = Padded(Bytes(jwk, "d"), modulus.Length, "d"),
            P = Padded(Bytes(jwk, "p"), half, "p"),
            Q = Padded(Bytes(jwk, "q"), half, "q"),
            DP = Padded(Bytes(jwk, "dp"), half, "dp"),
            DQ = Padded(Bytes(jwk, "dq"), half, "dq"),
            InverseQ = Padded(Bytes(jwk, "qi"), half, "qi"),
        });
    }

    private static string? Text(JsonElement jwk, string name, bool required = true)
    {
        if (jwk.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String)
            return member.GetString();
        return required ? throw Invalid(name) : null;
    }

    private static byte[] Bytes(JsonElement jwk, string name, int? length = null)
    {
        try
        {
            var bytes = Base64Url.DecodeFromChars(Text(jwk, name));
            return bytes.Length > 0 && (length is null || bytes.Length == length) ? bytes : throw Invalid(name);
        }
        catch (FormatException)
        {
            throw Invalid(name);
        }
    }

    private static byte[] Padded(byte[] bytes, int length, string name) =>
        bytes.Length <= length ? [.. new byte[length - bytes.Length], .. bytes] : throw Invalid(name);

    private static InvalidDataException Invalid(string name) => new($"The JSON Web Key lacks a usable member {name}.");
}
