using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Assay.Baseline;

/// <summary>The private key of a generated identity, and the assertions it makes (RFC 7523 §3).</summary>
internal sealed class ClientKey(string clientId, string keyId, ECDsa key)
{
    private static readonly string Type = Uri.EscapeDataString("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    private readonly string header = Encode($$"""{"alg":"ES256","typ":"client-authentication+jwt","kid":"{{keyId}}"}""");

    public ECDsa Key => key;

    public static ClientKey Read(string file)
    {
        using var jwk = JsonDocument.Parse(File.ReadAllBytes(file));
        byte[] Member(string name) => Base64Url.DecodeFromChars(jwk.RootElement.GetProperty(name).GetString());
        var pair = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = Member("d"), Q = new ECPoint { X = Member("x"), Y = Member("y") } });
        return new ClientKey(Path.GetFileNameWithoutExtension(file), jwk.RootElement.GetProperty("kid").GetString()!, pair);
    }

    /// <summary>A form for the token endpoint with a fresh assertion in it, good for <paramref name="life"/> (300 s at most) and for one use.</summary>
    public string Form(string audience, DateTimeOffset now, TimeSpan life, string scope)
    {
        var (issued, expires) = (now.ToUnixTimeSeconds(), (now + life).ToUnixTimeSeconds());
        var jti = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        var claims = $$"""{"iss":"{{clientId}}","sub":"{{clientId}}","aud":"{{audience}}","iat":{{issued}},"exp":{{expires}},"jti":"{{jti}}"}""";
        var input = header + "." + Encode(claims);
        var signature = Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256));
        return $"grant_type=client_credentials&client_assertion_type={Type}&client_assertion={input}.{signature}&scope={scope}";
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
