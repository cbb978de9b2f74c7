using System.Net;
using Assay.Cluster.Tests.Postgres;
using Assay.Silo.Storage.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService;

namespace Assay.Cluster.Tests.Membership;

/// <summary>Orleans' own membership provider over our tables and queries.</summary>
public sealed class MembershipTableTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly DateTime Then = new(2030, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private IMembershipTable table = null!;
    private string database = "";

    public async ValueTask InitializeAsync()
    {
        PostgresServer.SkipIfMissing();
        database = await server.CreateDatabase();
        var settings = PostgresSettings.Of(database, TimeSpan.FromSeconds(10));
        await new PostgresMigrations(settings, PostgresSchema.Scripts).SetUpOrCheck(default);
        table = new AdoNetClusteringTable(
            new ServiceCollection().BuildServiceProvider(),
            Options.Create(new ClusterOptions { ClusterId = "assay" }),
            Options.Create(new AdoNetClusteringSiloOptions { Invariant = "Npgsql", ConnectionString = settings.Membership }),
            NullLogger<AdoNetClusteringTable>.Instance);
        await table.InitializeMembershipTableAsync(true);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_new_cluster_has_a_version_and_no_member()
    {
        await table.InitializeMembershipTableAsync(true); // as every silo does

        var all = await table.ReadAllAsync();

        Assert.Equal((0, 0), (all.Version.Version, all.Members.Count));
    }

    [Fact]
    public async Task A_member_is_read_as_it_was_written()
    {
        var entry = Entry(1, SiloStatus.Joining);
        Assert.True(await table.InsertRowAsync(entry, After(0)));

        var (read, _) = Assert.Single((await table.ReadAllAsync()).Members);
        var row = await table.ReadRowAsync(entry.SiloAddress);

        Assert.Equal(
            (entry.SiloAddress, entry.SiloName, entry.HostName, entry.Status, entry.ProxyPort, entry.StartTime, entry.IAmAliveTime),
            (read.SiloAddress, read.SiloName, read.HostName, read.Status, read.ProxyPort, read.StartTime, read.IAmAliveTime));
        Assert.Equal((1, entry.SiloAddress), (row.Version.Version, Assert.Single(row.Members).Item1.SiloAddress));
    }

    [Fact]
    public async Task A_member_nobody_knows_is_no_member_of_the_version()
    {
        Assert.True(await table.InsertRowAsync(Entry(1, SiloStatus.Active), After(0)));

        var row = await table.ReadRowAsync(Entry(2, SiloStatus.Active).SiloAddress);

        Assert.Equal((1, 0), (row.Version.Version, row.Members.Count));
    }

    [Fact]
    public async Task Of_several_who_saw_the_same_version_one_writes()
    {
        var joined = await Task.WhenAll(Enumerable.Range(1, 8).Select(port => Task.Run(() => table.InsertRowAsync(Entry(port, SiloStatus.Joining), After(0)))));
        Assert.Equal(1, joined.Count(done => done));

        var one = Assert.Single((await table.ReadAllAsync()).Members).Item1;
        one.Status = SiloStatus.Active;
        var changed = await Task.WhenAll(Enumerable.Range(1, 8).Select(_ => Task.Run(() => table.UpdateRowAsync(one, "1", After(1)))));
        Assert.Equal(1, changed.Count(done => done));

        var all = await table.ReadAllAsync();
        Assert.Equal((2, SiloStatus.Active), (all.Version.Version, Assert.Single(all.Members).Item1.Status));
    }

    [Fact]
    public async Task What_is_there_is_not_inserted_and_what_is_not_there_is_not_updated()
    {
        Assert.True(await table.InsertRowAsync(Entry(1, SiloStatus.Active), After(0)));

        Assert.False(await table.InsertRowAsync(Entry(1, SiloStatus.Active), After(1)));
        Assert.False(await table.UpdateRowAsync(Entry(2, SiloStatus.Active), "1", After(1)));
        Assert.Equal(1, (await table.ReadAllAsync()).Version.Version);
    }

    [Fact]
    public async Task Votes_against_a_silo_are_kept_and_take_no_sign_of_life_back()
    {
        var entry = Entry(1, SiloStatus.Active);
        Assert.True(await table.InsertRowAsync(entry, After(0)));
        var seen = (await table.ReadAllAsync()).Members[0].Item1;
        entry.IAmAliveTime = Then.AddSeconds(5);
        await table.UpdateIAmAliveAsync(entry);

        var voter = Entry(2, SiloStatus.Active).SiloAddress;
        seen.SuspectTimes = [Tuple.Create(voter, Then.AddSeconds(6))];
        Assert.True(await table.UpdateRowAsync(seen, "1", After(1)));

        var read = Assert.Single((await table.ReadAllAsync()).Members).Item1;
        Assert.Equal((Then.AddSeconds(5), voter), (read.IAmAliveTime, Assert.Single(read.SuspectTimes!).Item1));
    }

    [Fact]
    public async Task Only_dead_silos_of_long_ago_are_forgotten()
    {
        var version = 0;
        foreach (var (port, status, alive) in new[] { (1, SiloStatus.Dead, Then), (2, SiloStatus.Dead, Then.AddDays(3)), (3, SiloStatus.Active, Then), (4, SiloStatus.Stopping, Then) })
        {
            var entry = Entry(port, SiloStatus.Active);
            Assert.True(await table.InsertRowAsync(entry, After(version++)));
            entry.Status = status;
            entry.IAmAliveTime = alive;
            entry.SuspectTimes = [];
            Assert.True(await table.UpdateRowAsync(entry, Text(version), After(version++)));
        }

        await table.CleanupDefunctSiloEntriesAsync(Then.AddDays(1));

        Assert.Equal([2, 3, 4], (await table.ReadAllAsync()).Members.Select(member => member.Item1.SiloAddress.Endpoint.Port).Order());
    }

    [Fact]
    public async Task A_cluster_can_be_deleted_and_another_one_stays()
    {
        Assert.True(await table.InsertRowAsync(Entry(1, SiloStatus.Active), After(0)));
        await PostgresServer.Execute(database, "INSERT INTO assay.membership (deployment) VALUES ('other')");

        await table.DeleteMembershipTableEntriesAsync("assay");

        Assert.Equal("other", await PostgresServer.Scalar<string>(database, "SELECT string_agg(deployment, ',') FROM assay.membership"));
        Assert.Equal(0, await PostgresServer.Scalar<long>(database, "SELECT count(*) FROM assay.member"));
    }

    private static TableVersion After(int version) => new TableVersion(version, Text(version)).Next();

    private static string Text(int version) => version.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static MembershipEntry Entry(int port, SiloStatus status) => new()
    {
        SiloAddress = SiloAddress.New(new IPEndPoint(IPAddress.Loopback, port), 7),
        SiloName = $"silo-{port}",
        HostName = "here",
        Status = status,
        ProxyPort = 0,
        StartTime = Then.AddSeconds(-1),
        IAmAliveTime = Then,
    };
}
