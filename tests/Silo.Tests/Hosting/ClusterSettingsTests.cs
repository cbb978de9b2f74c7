using System.Net;
using Assay.Silo.Hosting;
using Microsoft.Extensions.Configuration;

namespace Assay.Silo.Tests.Hosting;

public sealed class ClusterSettingsTests
{
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(10);

    [Fact]
    public void The_defaults_are_fit()
    {
        var faults = new List<string>();

        new ClusterSettings().Check(Skew, faults);

        Assert.Empty(faults);
    }

    [Fact]
    public void Every_fault_is_said_at_once()
    {
        var faults = new List<string>();

        new ClusterSettings
        {
            SiloPort = 0,
            ProbeEvery = TimeSpan.Zero,
            AliveEvery = TimeSpan.FromHours(1),
            RefreshEvery = TimeSpan.FromMilliseconds(1),
            CallTimeout = TimeSpan.FromMinutes(2),
            DrainDelay = TimeSpan.FromSeconds(-1),
            StopTimeout = TimeSpan.FromSeconds(-1),
            IdleAge = TimeSpan.FromSeconds(1),
        }.Check(Skew, faults);

        Assert.Equal(
            ["SiloPort", "ProbeEvery", "AliveEvery", "RefreshEvery", "CallTimeout", "DrainDelay", "StopTimeout", "IdleAge"],
            faults.Select(fault => fault.Split(' ')[0].Split(':')[^1]));
    }

    [Theory]
    [InlineData("00:06:40", true)] // 300 s of life, 30 s of leeway, 10 s of skew, and a minute
    [InlineData("00:06:39", false)]
    public void An_identity_stays_in_memory_for_longer_than_its_assertions_are_good(string age, bool isFit)
    {
        var faults = new List<string>();

        new ClusterSettings { IdleAge = TimeSpan.Parse(age, System.Globalization.CultureInfo.InvariantCulture) }.Check(Skew, faults);

        Assert.Equal(isFit, faults.Count == 0);
    }

    [Fact]
    public void An_address_is_a_number_or_a_name_that_can_be_looked_up()
    {
        var faults = new List<string>();

        Assert.Equal(IPAddress.Parse("192.0.2.7"), ClusterSettings.Resolve("192.0.2.7", faults));
        Assert.True(IPAddress.IsLoopback(ClusterSettings.Resolve("localhost", faults)!));
        Assert.Empty(faults);
    }

    [Theory]
    [InlineData("0.0.0.0", "is every address of this machine")]
    [InlineData("::", "is every address of this machine")]
    [InlineData("no such name", "is neither an address nor a name that can be looked up")]
    public void An_address_nobody_reaches_is_refused(string address, string why)
    {
        var faults = new List<string>();

        Assert.Null(ClusterSettings.Resolve(address, faults));
        Assert.Contains(why, Assert.Single(faults), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_silo_of_a_cluster_lacks_is_said_in_one_go()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Assay:Cluster:Address"] = "192.0.2.7",
            ["Assay:Cluster:SiloPort"] = "70000",
        }).Build();
        var faults = new List<string>();

        Assert.Null(ClusteredSilo.Read(configuration, new ServerOptions(), "Host=127.0.0.1;Database=assay;Pooling=false", faults));

        string[] lacking =
        [
            "Assay:Issuer is missing", "ASSAY_KEK_FILE is missing", "Assay:Cluster:SiloPort must be 1 to 65535", "Assay:Cluster:Address '192.0.2.7' is not loopback",
            "Assay:Postgres says Pooling=false",
        ];
        Assert.Equal(lacking, faults.Select((fault, i) => fault[..lacking[i].Length]));
    }
}
