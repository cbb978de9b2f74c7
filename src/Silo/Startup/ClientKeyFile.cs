using System.Security.Cryptography;
using System.Text.Json;
using Assay.Core.Jose;

namespace Assay.Silo.Startup;

/// <summary>Private keys for clients that say <c>credential: generate</c>, and for the bootstrap administrator: JWK files only their owner may read.</summary>
internal static class ClientKeyFile
{
    /// <summary>The public JWK of the key in the file, and whether it was made now, because there was no file.</summary>
    public static (string Jwk, bool IsNew) PublicJwkOf(string file)
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var isNew = !File.Exists(file);
        if (isNew)
            PrivateFile.Write(file, Write(pair));
        else
            pair.ImportParameters(Read(file));
        return (JsonWebKey.From(pair).ToJson(), isNew);
    }

    /// <summary>File names from identifiers: what a path would read something into is escaped.</summary>
    public static string NameFor(string identity) => Uri.EscapeDataString(identity) + ".jwk";

    private static ECParameters Read(string file)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            var jwk = document.RootElement;
            byte[] Member(string name) => System.Buffers.Text.Base64Url.DecodeFromChars(jwk.GetProperty(name).GetString()!);
            return new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = Member("d"), Q = new ECPoint { X = Member("x"), Y = Member("y") } };
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or FormatException or InvalidOperationException or ArgumentNullException)
        {
            throw new InvalidOperationException($"'{file}' is not a private P-256 JWK: {fault.Message}", fault);
        }
    }

    private static string Write(ECDsa pair)
    {
        var parameters = pair.ExportParameters(includePrivateParameters: true);
        string Text(byte[]? bytes) => Base64UrlText.Encode(bytes);
        return JsonSerializer.Serialize(new Dictionary<string, string>
        {
            ["kty"] = "EC",
            ["crv"] = "P-256",
            ["alg"] = JoseAlg.ES256,
            ["kid"] = JsonWebKey.From(pair).Thumbprint,
            ["x"] = Text(parameters.Q.X),
            ["y"] = Text(parameters.Q.Y),
            ["d"] = Text(parameters.D),
        }) + "\n";
    }
}
