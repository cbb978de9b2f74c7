using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Assay.Cluster.Tests.Running;

/// <summary>A client with a key of its own, and the assertions it makes (RFC 7523 §3).</summary>
internal sealed class ClusterIdentity : IDisposable
{
    private readonly ECDsa key;
    private readonly string header = Base64Url.EncodeToString("""{"alg":"ES256","typ":"client-authentication+jwt"}"""u8);

    private ClusterIdentity(string id, string issuer, ECDsa key)
    {
        Id = id;
        Issuer = issuer;
        this.key = key;
    }

    public string Id { get; }

    public string Issuer { get; }

    public string PublicJwk
    {
        get
        {
            var q = key.ExportParameters(false).Q;
            return $$"""{"kty":"EC","crv":"P-256","alg":"ES256","x":"{{Base64Url.EncodeToString(q.X)}}","y":"{{Base64Url.EncodeToString(q.Y)}}"}""";
        }
    }

    public static ClusterIdentity Create(string id, string issuer) => new(id, issuer, ECDsa.Create(ECCurve.NamedCurves.nistP256));

    public static ClusterIdentity FromPrivateJwk(string id, string issuer, string file)
    {
        using var jwk = JsonDocument.Parse(File.ReadAllText(file));
        byte[] Member(string name) => Base64Url.DecodeFromChars(jwk.RootElement.GetProperty(name).GetString());
        return new ClusterIdentity(id, issuer, ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256, D = Member("d"), Q = new ECPoint { X = Member("x"), Y = Member("y") },
        }));
    }

    /// <summary>A fresh one, good for a minute, to be used once.</summary>
    public string Assertion()
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var claims = $$"""{"iss":"{{Id}}","sub":"{{Id}}","aud":"{{Issuer}}","iat":{{now}},"exp":{{now + 60}},"jti":"{{Guid.NewGuid():N}}"}""";
        var input = header + "." + Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims));
        return input + "." + Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256));
    }

    public void Dispose() => key.Dispose();
}
