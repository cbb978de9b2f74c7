using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Assay.Silo.Interconnect;

/// <summary>What this silo shows to others and whom it believes. Immutable; a change of the files makes another one.</summary>
/// <param name="Own">This silo's certificate with its key and those between it and the authority.</param>
/// <param name="NotBefore">Start of the certificate's life.</param>
/// <param name="NotAfter">End of the certificate's life.</param>
/// <param name="Authorities">The only roots a silo's certificate may lead to.</param>
internal sealed record SiloCredentials(
    SslStreamCertificateContext Own, DateTimeOffset NotBefore, DateTimeOffset NotAfter, X509Certificate2Collection Authorities)
{
    /// <summary>Checks what another silo would check, so that a certificate nobody would accept stops the start and not the cluster.</summary>
    /// <returns>Null, and every fault as a sentence, when they are of no use.</returns>
    public static SiloCredentials? Load(PemFiles files, DateTimeOffset now, List<string> faults)
    {
        var authorities = files.Authority.Parse(Certificates, "certificates", faults);
        var chain = files.Certificate.Parse(Certificates, "a certificate", faults);
        if (authorities is { Count: 0 })
            faults.Add($"{files.Authority.Setting} holds no certificate.");
        if (chain is { Count: 0 })
            faults.Add($"{files.Certificate.Setting} holds no certificate.");
        if (authorities is not { Count: > 0 } || chain is not { Count: > 0 })
            return null;

        var found = faults.Count;
        foreach (var authority in authorities)
        {
            if (!SiloCertificate.IsRoot(authority))
                faults.Add($"{files.Authority.Setting}: '{authority.Subject}' is not the certificate of a root authority (self-issued, basicConstraints CA).");
        }

        // Reported by its own sentence: the parser's only says that something does not fit.
        var leaf = files.Key.Parse(key => X509Certificate2.CreateFromPem(files.Certificate.Text, key), $"the private key of {files.Certificate.Setting}, not encrypted", faults);
        chain.RemoveAt(0);
        if (leaf is null || faults.Count > found)
            return null;

        using var built = new X509Chain { ChainPolicy = SiloCertificate.Policy(authorities, now) };
        built.ChainPolicy.ExtraStore.AddRange(chain);
        var complete = built.Build(leaf);
        if (SiloCertificate.Refusal(leaf, built, complete) is { } refusal)
        {
            faults.Add($"{files.Certificate.Setting} would be refused by every other silo: {refusal.Detail}.");
            return null;
        }

        return new SiloCredentials(
            SslStreamCertificateContext.Create(leaf, chain, offline: true),
            new DateTimeOffset(leaf.NotBefore.ToUniversalTime(), TimeSpan.Zero),
            new DateTimeOffset(leaf.NotAfter.ToUniversalTime(), TimeSpan.Zero),
            authorities);
    }

    private static X509Certificate2Collection Certificates(string text)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPem(text);
        return certificates;
    }
}
