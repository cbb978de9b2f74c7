using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Assay.Silo.Tests.Interconnect;

/// <summary>A certificate authority in memory.</summary>
internal sealed class TestAuthority : IDisposable
{
    public const string ServerUse = "1.3.6.1.5.5.7.3.1";
    public const string ClientUse = "1.3.6.1.5.5.7.3.2";

    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 certificate;
    private readonly DateTimeOffset now;
    private readonly string path;

    public TestAuthority(string name = "Cluster authority", DateTimeOffset? now = null, TestAuthority? issuer = null)
    {
        this.now = now ?? TimeProvider.System.GetUtcNow();
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        certificate = issuer is null
            ? request.CreateSelfSigned(this.now.AddYears(-1), this.now.AddYears(1))
            : issuer.Sign(request, this.now.AddDays(-100), this.now.AddDays(100));
        path = issuer is null ? "" : certificate.ExportCertificatePem() + "\n" + issuer.path;
    }

    public string Pem => certificate.ExportCertificatePem() + "\n";

    /// <summary>A certificate as silos have them, unless told otherwise.</summary>
    public IssuedCertificate Issue(string subject = "silo", string? name = "silo.assay.internal", string[]? uses = null, int fromDays = -1, int toDays = 30)
    {
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName($"CN={subject}"), own, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        var oids = new OidCollection();
        foreach (var use in uses ?? [ServerUse, ClientUse])
            oids.Add(new Oid(use));
        if (oids.Count > 0)
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(oids, false));
        if (name is not null)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(name);
            request.CertificateExtensions.Add(names.Build());
        }

        using var signed = Sign(request, now.AddDays(fromDays), now.AddDays(toDays));
        return new IssuedCertificate(signed.ExportCertificatePem() + "\n" + path, own.ExportPkcs8PrivateKeyPem() + "\n");
    }

    public void Dispose()
    {
        certificate.Dispose();
        key.Dispose();
    }

    private X509Certificate2 Sign(CertificateRequest request, DateTimeOffset from, DateTimeOffset to) =>
        request.Create(certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(key), from, to, RandomNumberGenerator.GetBytes(12));
}

/// <param name="Chain">PEM: the certificate, then those between it and the root.</param>
/// <param name="Key">PEM: its private key.</param>
internal sealed record IssuedCertificate(string Chain, string Key)
{
    public SslStreamCertificateContext Context()
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(Chain);
        chain.RemoveAt(0);
        return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(Chain, Key), chain, offline: true);
    }
}

/// <summary>The three files a silo is configured with.</summary>
internal sealed class CertificateFiles(string folder)
{
    public string Certificate { get; } = Path.Combine(folder, "silo.crt");

    public string Key { get; } = Path.Combine(folder, "silo.key");

    public string Authority { get; } = Path.Combine(folder, "authority.crt");

    public Silo.Interconnect.InterconnectOptions Options => new() { Certificate = Certificate, CertificateKey = Key, Authority = Authority };

    public void Write(IssuedCertificate issued, params TestAuthority[] authorities)
    {
        File.WriteAllText(Certificate, issued.Chain);
        File.WriteAllText(Key, issued.Key);
        File.WriteAllText(Authority, string.Concat(authorities.Select(authority => authority.Pem)));
    }
}
