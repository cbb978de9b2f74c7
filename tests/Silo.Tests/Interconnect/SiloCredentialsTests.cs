using Assay.Silo.Interconnect;
using Assay.Silo.Tests.Storage;
using Microsoft.Extensions.Options;

namespace Assay.Silo.Tests.Interconnect;

public sealed class SiloCredentialsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly TestClock clock = new();
    private readonly TestAuthority authority;
    private readonly CertificateFiles files;

    public SiloCredentialsTests()
    {
        authority = new TestAuthority(now: clock.GetUtcNow());
        files = new CertificateFiles(folder.Path);
        files.Write(authority.Issue(), authority);
    }

    public void Dispose()
    {
        authority.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void Files_that_fit_are_accepted() => Assert.Equal([], Faults(files.Options));

    [Fact]
    public void A_chain_with_an_authority_in_between_is_accepted()
    {
        using var between = new TestAuthority("Issuing authority", clock.GetUtcNow(), authority);
        files.Write(between.Issue(), authority);

        Assert.Equal([], Faults(files.Options));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("localhost")]
    public void On_loopback_a_silo_may_speak_plainly(string address) => Assert.Equal([], Faults(new InterconnectOptions { Address = address }));

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    [InlineData("10.20.0.11")]
    [InlineData("silo1.internal")]
    [InlineData("")]
    public void Beyond_loopback_a_silo_does_not_start_without_a_certificate(string address) =>
        Assert.Equal(
            [
                $"Assay:Cluster:Address '{address}' is not loopback: whoever reaches it could call any grain. Silos on different machines speak mutual TLS: "
                + "set Assay:Cluster:Certificate, Assay:Cluster:CertificateKey and Assay:Cluster:Authority to PEM files.",
            ],
            Faults(new InterconnectOptions { Address = address }));

    [Fact]
    public void One_file_named_asks_for_the_others() =>
        Assert.Equal(
            [
                "Assay:Cluster:CertificateKey is missing: the PEM file with the private key of the silo's certificate.",
                "Assay:Cluster:Authority is missing: the PEM file with the authority that issues silo certificates.",
            ],
            Faults(new InterconnectOptions { Certificate = files.Certificate }));

    [Fact]
    public void Times_have_bounds() =>
        Assert.Equal(
            ["Assay:Cluster:HandshakeTimeout must be 100 ms to 1 min.", "Assay:Cluster:CertificateReloadEvery must be 100 ms to 1 h."],
            Faults(new InterconnectOptions { HandshakeTimeout = TimeSpan.FromHours(1), CertificateReloadEvery = TimeSpan.Zero }));

    [Fact]
    public void Every_file_that_is_not_there_is_named()
    {
        File.Delete(files.Certificate);
        File.Delete(files.Authority);

        Assert.Equal(
            [
                $"Assay:Cluster:Certificate '{files.Certificate}': there is no such file.",
                $"Assay:Cluster:Authority '{files.Authority}': there is no such file.",
            ],
            Faults(files.Options));
    }

    [Fact]
    public void Files_without_certificates_are_named()
    {
        File.WriteAllText(files.Certificate, "nothing");
        File.WriteAllText(files.Authority, "");

        Assert.Equal(
            [
                $"Assay:Cluster:Authority '{files.Authority}' holds no certificate.",
                $"Assay:Cluster:Certificate '{files.Certificate}' holds no certificate.",
            ],
            Faults(files.Options));
    }

    [Fact]
    public void A_certificate_that_is_cut_short_is_named()
    {
        File.WriteAllText(files.Certificate, "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");

        Assert.StartsWith($"Assay:Cluster:Certificate '{files.Certificate}' does not hold a certificate: ", Assert.Single(Faults(files.Options)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_of_another_certificate_is_named()
    {
        File.WriteAllText(files.Key, authority.Issue().Key);

        Assert.StartsWith(
            $"Assay:Cluster:CertificateKey '{files.Key}' does not hold the private key of Assay:Cluster:Certificate '{files.Certificate}', not encrypted: ",
            Assert.Single(Faults(files.Options)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_authority_has_to_be_a_root()
    {
        File.WriteAllText(files.Authority, authority.Issue("leaf").Chain);

        Assert.Equal(
            [$"Assay:Cluster:Authority '{files.Authority}': 'CN=leaf' is not the certificate of a root authority (self-issued, basicConstraints CA)."],
            Faults(files.Options));
    }

    [Fact]
    public void A_certificate_others_would_refuse_stops_the_start()
    {
        using var other = new TestAuthority("Another authority", clock.GetUtcNow());

        Assert.Equal(Refused("was not issued by the cluster's authority"), FaultsWith(other.Issue()));
        Assert.Equal(Refused("is not issued for use as both client and server (extendedKeyUsage)"), FaultsWith(authority.Issue(uses: [TestAuthority.ServerUse])));
        Assert.Equal(Refused("does not name silo.assay.internal (subjectAltName)"), FaultsWith(authority.Issue(name: "*.assay.internal")));
        Assert.Equal(
            Refused("or its issuer is not valid now (the certificate is from 2026-11-03 00:00:00Z to 2026-11-23 00:00:00Z)"),
            FaultsWith(authority.Issue(fromDays: -21, toDays: -1)));

        string[] Refused(string why) => [$"Assay:Cluster:Certificate '{files.Certificate}' would be refused by every other silo: the certificate 'CN=silo' {why}."];
    }

    [Fact]
    public void Nothing_in_a_certificate_forges_a_line_of_the_log()
    {
        var fault = Assert.Single(FaultsWith(authority.Issue("a\nassay: all is well\u2028" + new string('x', 300), name: null)));

        Assert.DoesNotContain('\n', fault);
        Assert.DoesNotContain('\u2028', fault);
        Assert.DoesNotContain(new string('x', 130), fault, StringComparison.Ordinal);
    }

    private IEnumerable<string> FaultsWith(IssuedCertificate issued)
    {
        files.Write(issued, authority);
        return Faults(files.Options);
    }

    private IEnumerable<string> Faults(InterconnectOptions options) =>
        new InterconnectValidator(clock).Validate(Options.DefaultName, options).Failures ?? [];
}
