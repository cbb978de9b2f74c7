using System.Diagnostics.Metrics;
using Assay.Silo.Interconnect;
using Assay.Silo.Tests.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Assay.Silo.Tests.Interconnect;

public sealed class CredentialStoreTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly TestClock clock = new();
    private readonly LogLines log = new();
    private readonly TestAuthority authority;
    private readonly CertificateFiles files;
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    public CredentialStoreTests()
    {
        authority = new TestAuthority(now: clock.GetUtcNow());
        files = new CertificateFiles(folder.Path);
        files.Write(authority.Issue("before"), authority);
    }

    public void Dispose()
    {
        services.Dispose();
        authority.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void A_new_certificate_is_used_from_the_next_look_on()
    {
        var store = Store();
        files.Write(authority.Issue("after"), authority);

        store.Refresh();

        Assert.Equal("CN=after", store.Current.Own.TargetCertificate.Subject);
        Assert.Equal(["Information: The silo certificate was reloaded; it is valid until 2026-12-24 00:00:00Z"], Lines());
    }

    [Fact]
    public void Files_that_stay_the_same_are_no_news()
    {
        var store = Store();
        var before = store.Current;

        store.Refresh();
        store.Refresh();

        Assert.Same(before, store.Current);
        Assert.Empty(Lines());
    }

    [Fact]
    public void A_broken_file_keeps_the_old_certificate_and_is_said_once()
    {
        var store = Store();
        File.WriteAllText(files.Certificate, "");

        store.Refresh();
        store.Refresh();

        Assert.Equal("CN=before", store.Current.Own.TargetCertificate.Subject);
        Assert.Equal(
            [$"Error: The new silo certificate is of no use, and the one before it stays: Assay:Cluster:Certificate '{files.Certificate}' holds no certificate."],
            Lines());
    }

    [Fact]
    public void Between_the_writes_of_certificate_and_key_the_old_pair_stays()
    {
        var store = Store();
        var next = authority.Issue("after");
        File.WriteAllText(files.Certificate, next.Chain);
        store.Refresh();
        var between = store.Current.Own.TargetCertificate.Subject;

        File.WriteAllText(files.Key, next.Key);
        store.Refresh();

        Assert.Equal(("CN=before", "CN=after"), (between, store.Current.Own.TargetCertificate.Subject));
    }

    [Fact]
    public void A_file_that_is_gone_for_a_while_changes_nothing()
    {
        var store = Store();
        var text = File.ReadAllText(files.Authority);
        File.Delete(files.Authority);
        store.Refresh();

        File.WriteAllText(files.Authority, text);
        store.Refresh();
        store.Refresh();

        Assert.Equal("CN=before", store.Current.Own.TargetCertificate.Subject);
        Assert.Equal(
            [$"Error: The new silo certificate is of no use, and the one before it stays: Assay:Cluster:Authority '{files.Authority}': there is no such file."],
            Lines());
    }

    [Fact]
    public void The_end_of_the_certificate_is_announced_from_its_last_fifth_on_and_not_at_every_look()
    {
        var store = Store();
        clock.Advance(TimeSpan.FromDays(20));
        store.Refresh();
        var early = Lines().Count;

        clock.Advance(TimeSpan.FromDays(5));
        store.Refresh();
        clock.Advance(TimeSpan.FromHours(5));
        store.Refresh();
        clock.Advance(TimeSpan.FromHours(2));
        store.Refresh();

        const string line = "Warning: The silo certificate ends at 2026-12-24 00:00:00Z; without a new one this silo then loses the others";
        Assert.Equal(0, early);
        Assert.Equal([line, line], Lines());
    }

    [Fact]
    public void Files_that_are_of_no_use_are_no_store()
    {
        File.Delete(files.Key);

        var fault = Assert.Throws<OptionsValidationException>(Store);

        Assert.Equal($"Assay:Cluster:CertificateKey '{files.Key}': there is no such file.", fault.Message);
    }

    private IReadOnlyList<string> Lines()
    {
        const string category = "Assay.Silo.Interconnect.CredentialStore: ";
        return [.. log.Of(category).Select(line => line[category.Length..])];
    }

    private CredentialStore Store() => new(
        Options.Create(files.Options), new OpenConnections(log.For<OpenConnections>()), clock, services.GetRequiredService<IMeterFactory>(), log.For<CredentialStore>());
}
