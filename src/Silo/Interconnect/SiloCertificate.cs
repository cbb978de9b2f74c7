using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Assay.Silo.Interconnect;

/// <summary>
/// What makes a certificate a silo's, for either end of a connection: the cluster's authority issued it, it is valid now, it may be used as client
/// and as server, and it names <see cref="Name"/>. The name keeps out other certificates of an authority that issues more than silos'.
/// </summary>
internal static class SiloCertificate
{
    /// <summary>The DNS name every silo's certificate carries (subjectAltName). Resolved by nobody.</summary>
    public const string Name = "silo.assay.internal";

    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    public static bool IsRoot(X509Certificate2 certificate) =>
        certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData)
        && certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(constraints => constraints.CertificateAuthority);

    public static X509ChainPolicy Policy(X509Certificate2Collection authorities, DateTimeOffset now)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust, // the machine's own roots count for nothing here
            DisableCertificateDownloads = true, // what a stranger's certificate points at is not fetched
            RevocationMode = X509RevocationMode.NoCheck, // a cluster's authority publishes no list: certificates are short-lived, or the authority is rolled
            VerificationTime = now.UtcDateTime,
        };
        policy.CustomTrustStore.AddRange(authorities);
        policy.ApplicationPolicy.Add(ServerAuthentication);
        policy.ApplicationPolicy.Add(ClientAuthentication);
        return policy;
    }

    /// <summary>Why the certificate is not a silo's; null when it is.</summary>
    /// <param name="certificate">What the other side showed.</param>
    /// <param name="chain">Built for it under <see cref="Policy"/>.</param>
    /// <param name="complete">Whether the chain was built without a fault.</param>
    public static Refusal? Refusal(X509Certificate2? certificate, X509Chain? chain, bool complete)
    {
        if (certificate is null || chain is null)
            return new Refusal(RefusalReason.NoCertificate, "it showed no certificate");
        if (!complete)
            return Fault(certificate, chain);
        if (!NamesBothUses(certificate))
            return new Refusal(RefusalReason.WrongUse, $"{Describe(certificate)} is not issued for use as both client and server (extendedKeyUsage)");
        if (!certificate.MatchesHostname(Name, allowWildcards: false, allowCommonName: false))
            return new Refusal(RefusalReason.WrongName, $"{Describe(certificate)} does not name {Name} (subjectAltName)");
        return null;
    }

    private static Refusal Fault(X509Certificate2 certificate, X509Chain chain)
    {
        var status = X509ChainStatusFlags.NoError;
        foreach (var fault in chain.ChainStatus)
            status |= fault.Status;

        // A certificate of nobody's is called that, whatever else is wrong with it.
        if ((status & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.NotSignatureValid)) != 0)
            return new Refusal(RefusalReason.OtherAuthority, $"{Describe(certificate)} was not issued by the cluster's authority");
        if ((status & X509ChainStatusFlags.NotTimeValid) != 0)
        {
            return new Refusal(
                RefusalReason.NotValidNow,
                $"{Describe(certificate)} or its issuer is not valid now (the certificate is from {certificate.NotBefore.ToUniversalTime():u} to {certificate.NotAfter.ToUniversalTime():u})");
        }

        if ((status & X509ChainStatusFlags.NotValidForUsage) != 0)
            return new Refusal(RefusalReason.WrongUse, $"{Describe(certificate)} is not issued for use as both client and server (extendedKeyUsage)");
        return new Refusal(RefusalReason.OtherAuthority, $"{Describe(certificate)} is not acceptable ({status})");
    }

    /// <summary>Without the extension a certificate would do for every use: here it has to say so.</summary>
    private static bool NamesBothUses(X509Certificate2 certificate)
    {
        var uses = certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().SelectMany(extension => extension.EnhancedKeyUsages.Cast<Oid>()).Select(use => use.Value).ToHashSet();
        return uses.Contains(ServerAuthentication.Value) && uses.Contains(ClientAuthentication.Value);
    }

    /// <summary>Strangers choose what stands in their certificates: nothing of it may forge a line of a log.</summary>
    private static string Describe(X509Certificate2 certificate)
    {
        const int longest = 120;
        var text = new StringBuilder("the certificate '");
        foreach (var rune in certificate.Subject.EnumerateRunes())
        {
            if (text.Length > longest)
            {
                text.Append('…');
                break;
            }

            text.Append(Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.Format
                or System.Globalization.UnicodeCategory.LineSeparator or System.Globalization.UnicodeCategory.ParagraphSeparator ? '?' : rune.ToString());
        }

        return text.Append('\'').ToString();
    }
}
