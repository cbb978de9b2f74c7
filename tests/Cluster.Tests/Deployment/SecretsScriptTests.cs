using System.Buffers.Text;
using System.Security.Cryptography.X509Certificates;

namespace Assay.Cluster.Tests.Deployment;

/// <summary>deploy/secrets.sh: what a cluster needs to start, by openssl.</summary>
public sealed class SecretsScriptTests
{
    [Fact]
    public async Task It_makes_what_a_cluster_needs()
    {
        using var work = new WorkFolder();
        await Make(work, "silo1", "silo2");

        var files = Directory.GetFiles(work.Path, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(work.Path, file)).Order(StringComparer.Ordinal);
        Assert.Equal(
            [
                "authority/authority.crt", "authority/authority.key", "cluster/authority.crt", "cluster/kek", "cluster/pgpass", "database/password",
                "silo1/silo.crt", "silo1/silo.key", "silo2/silo.crt", "silo2/silo.key",
            ],
            files);
        Assert.Equal(32, Base64Url.DecodeFromChars(File.ReadAllText(work["cluster/kek"]).Trim()).Length);
        Assert.Equal($"database:*:*:assay:{File.ReadAllText(work["database/password"])}", File.ReadAllText(work["cluster/pgpass"]));
        Assert.All(
            Directory.GetFiles(work.Path, "*", SearchOption.AllDirectories),
            file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
    }

    [Fact]
    public async Task Its_certificates_are_those_of_silos_of_one_authority()
    {
        using var work = new WorkFolder();
        await Make(work, "silo1");
        using var certificate = X509Certificate2.CreateFromPemFile(work["silo1/silo.crt"], work["silo1/silo.key"]);
        using var authority = X509CertificateLoader.LoadCertificateFromFile(work["cluster/authority.crt"]);

        using var chain = new X509Chain { ChainPolicy = { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck } };
        chain.ChainPolicy.CustomTrustStore.Add(authority);

        Assert.True(chain.Build(certificate), string.Join(' ', chain.ChainStatus.Select(status => status.StatusInformation)));
        Assert.True(certificate.MatchesHostname("silo.assay.internal", allowCommonName: false));
        Assert.Equal(
            ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"],
            certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages.Cast<System.Security.Cryptography.Oid>().Select(use => use.Value));
    }

    [Fact]
    public async Task What_is_there_already_stays_and_a_certificate_that_ends_soon_is_made_anew()
    {
        using var work = new WorkFolder();
        await Make(work, "silo1", "silo2");
        var before = Contents(work);

        await Make(work, "silo1", "silo2");
        var same = Contents(work);
        await Make(work, new Dictionary<string, string> { ["RENEW_DAYS"] = "400" }, "silo1");
        var after = Contents(work);

        Assert.Equal(before, same);
        Assert.Equal(["silo1/silo.crt", "silo1/silo.key"], after.Where(file => before[file.Key] != file.Value).Select(file => file.Key).Order(StringComparer.Ordinal));
    }

    private static Task Make(WorkFolder work, params string[] silos) => Make(work, new Dictionary<string, string>(), silos);

    private static async Task Make(WorkFolder work, Dictionary<string, string> environment, params string[] silos)
    {
        Tools.Need("openssl", "openssl");
        var made = await Tools.Run("sh", [Path.Combine(Tools.Checkout, "deploy/secrets.sh"), work.Path, .. silos], environment);
        Assert.True(made.ExitCode == 0, made.Output);
    }

    private static Dictionary<string, string> Contents(WorkFolder work) =>
        Directory.GetFiles(work.Path, "*", SearchOption.AllDirectories).ToDictionary(file => Path.GetRelativePath(work.Path, file), File.ReadAllText);
}
