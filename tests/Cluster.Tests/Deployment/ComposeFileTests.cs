namespace Assay.Cluster.Tests.Deployment;

/// <summary>docker-compose.yml, without an engine: that it is read, that its parts fit each other, and that it opens no more than it says.</summary>
public sealed class ComposeFileTests
{
    private readonly ComposeFile compose = ComposeFile.Read();

    [Fact]
    public async Task Docker_compose_reads_it()
    {
        var read = await Tools.Run(Tools.Need("docker-compose", "docker-compose"), ["-f", ComposeFile.Path, "config", "-q"]);

        Assert.True(read.ExitCode == 0, read.Output);
    }

    [Fact]
    public void Nothing_is_published_but_the_proxy_on_loopback()
    {
        var published = compose.Services.SelectMany(service => compose.List(service, "ports").Select(port => (service, port)));

        Assert.Equal([("proxy", "127.0.0.1:8420:8420")], published);
    }

    [Fact]
    public void Every_silo_has_a_name_an_address_a_data_volume_and_a_certificate_of_its_own()
    {
        Assert.Equal(["silo1", "silo2", "silo3"], compose.Silos.Order(StringComparer.Ordinal));
        Assert.All(compose.Silos, silo =>
        {
            var settings = compose.Environment(silo);
            Assert.Equal((silo, compose.Addresses(silo)["inside"]), (settings["Assay__Authority__Slot"], settings["Assay__Cluster__Address"]));
            Assert.Equal([$"{silo}:/var/lib/assay", "cluster:/etc/assay/cluster:ro", $"{silo}-certificate:/etc/assay/silo:ro"], compose.List(silo, "volumes"));
        });
    }

    [Fact]
    public void Silos_agree_on_everything_else()
    {
        var others = compose.Silos.Select(silo => compose.Environment(silo).Where(setting => setting.Key is not ("Assay__Authority__Slot" or "Assay__Cluster__Address")));

        Assert.All(others, settings => Assert.Equal(others.First(), settings));
    }

    [Fact]
    public void The_proxy_knows_every_silo_and_every_silo_believes_the_proxy()
    {
        var proxy = compose.Environment("proxy");

        Assert.All(compose.Silos, silo =>
        {
            Assert.Equal($"{compose.Addresses(silo)["edge"]}:8420", proxy[silo.ToUpperInvariant()]);
            Assert.Equal(compose.Addresses("proxy")["edge"], compose.Environment(silo)["Assay__TrustedProxies"]);
        });
    }

    [Fact]
    public void Only_the_one_shot_that_makes_the_secrets_sees_all_of_them_and_it_has_no_network()
    {
        string[] owners = ["authority", "database-password"];
        var seen = compose.Services.SelectMany(service => compose.List(service, "volumes").Select(volume => (service, Volume: volume.Split(':')[0])))
            .Where(mount => owners.Contains(mount.Volume));

        Assert.Equal([("secrets", "authority"), ("secrets", "database-password"), ("database", "database-password")], seen);
        Assert.Equal("none", compose.Text("secrets", "network_mode"));
        Assert.Equal(["/opt/assay/bin/secrets.sh", "/secrets", .. compose.Silos], compose.List("secrets", "entrypoint"));
    }

    [Fact]
    public void Whatever_runs_our_image_for_long_may_write_to_its_data_alone() =>
        Assert.All(compose.Silos.Append("migrate"), service => Assert.Equal(
            ("true", "ALL", "no-new-privileges:true", null),
            (compose.Text(service, "read_only"), Assert.Single(compose.List(service, "cap_drop")), Assert.Single(compose.List(service, "security_opt")), compose.Text(service, "user"))));
}
