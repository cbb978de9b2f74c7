using System.Security.Cryptography;
using System.Text.Json;
using Assay.Core.Jose;

namespace Assay.Cli.Applying;

/// <summary>The key pair of an identity with <c>credential: generate</c>: made here, the private half never leaves this machine.</summary>
internal static class GeneratedKey
{
    /// <summary>The public JWK of the key in the file. Without a file a P-256 key is made and kept there, readable by its owner only.</summary>
    public static string PublicJwkOf(string file)
    {
        try
        {
            using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            if (File.Exists(file))
                pair.ImportParameters(Read(file));
            else
                Write(file, pair);
            return JsonWebKey.From(pair).ToJson();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw Failure.Usage($"The key file {file} cannot be used: {fault.Message}");
        }
    }

    private static ECParameters Read(string file)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file));
            byte[] Member(string name) => json.RootElement.GetProperty(name).GetString() is { } text && Base64UrlText.Decode(text, 32) is { Length: 32 } bytes
                ? bytes
                : throw new FormatException(name);
            return new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = Member("d"), Q = { X = Member("x"), Y = Member("y") } };
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or FormatException or InvalidOperationException or CryptographicException)
        {
            throw Failure.Usage($"{file} is not a private key on P-256 (JWK).", "Move it away to have a new one made.");
        }
    }

    private static void Write(string file, ECDsa pair)
    {
        var parameters = pair.ExportParameters(includePrivateParameters: true);
        var jwk = new Dictionary<string, string>
        {
            ["kty"] = "EC",
            ["crv"] = "P-256",
            ["alg"] = JoseAlg.ES256,
            ["kid"] = JsonWebKey.From(pair).Thumbprint,
            ["x"] = Base64UrlText.Encode(parameters.Q.X),
            ["y"] = Base64UrlText.Encode(parameters.Q.Y),
            ["d"] = Base64UrlText.Encode(parameters.D),
        };

        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

        // Whole or not at all: a key that was half written would be taken for one that is there.
        var half = $"{file}.{Path.GetRandomFileName()}";
        using (var stream = new FileStream(half, options))
            JsonSerializer.Serialize(stream, jwk);
        File.Move(half, file, overwrite: false);
    }
}
