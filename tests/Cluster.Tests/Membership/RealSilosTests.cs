using System.Net;
using Assay.Cluster.Tests.Postgres;
using Assay.Silo.Storage.Postgres;
using Assay.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Assay.Cluster.Tests.Membership;

/// <summary>Orleans itself starts on an empty database: no query is missing, and silos find each other.</summary>
public sealed class RealSilosTests(PostgresServer server)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Silos_that_start_on_an_empty_database_become_one_cluster()
    {
        PostgresServer.SkipIfMissing();
        var settings = PostgresSettings.Of(await server.CreateDatabase(), TimeSpan.FromSeconds(10));
        await new PostgresMigrations(settings, PostgresSchema.Scripts).SetUpOrCheck(default);

        using var first = Silo("one", settings);
        using var second = Silo("two", settings);
        await Task.WhenAll(first.StartAsync(), second.StartAsync()).WaitAsync(Soon);

        Assert.Equal(["one", "two"], await Names(first, 2));
        Assert.Equal(["one", "two"], await Names(second, 2));

        await second.StopAsync().WaitAsync(Soon);
        Assert.Equal(["one"], await Names(first, 1));
        await first.StopAsync().WaitAsync(Soon);
    }

    /// <summary>The active members as that silo knows them, once there are so many.</summary>
    private static async Task<string[]> Names(IHost silo, int count)
    {
        var membership = silo.Services.GetRequiredService<IClusterMembershipService>();
        using var patience = new CancellationTokenSource(Soon);
        await foreach (var snapshot in membership.MembershipUpdates.WithCancellation(patience.Token))
        {
            var active = snapshot.Members.Values.Where(member => member.Status == SiloStatus.Active).Select(member => member.Name).Order(StringComparer.Ordinal).ToArray();
            if (active.Length == count)
                return active;
        }

        throw new InvalidOperationException("the silo has stopped");
    }

    private static IHost Silo(string name, PostgresSettings settings)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.UseOrleans(silo =>
        {
            silo.UseAdoNetClustering(options =>
            {
                options.Invariant = "Npgsql";
                options.ConnectionString = settings.Membership;
            });
            silo.Configure<ClusterOptions>(cluster => cluster.ClusterId = cluster.ServiceId = "assay");
            silo.Configure<SiloOptions>(options => options.SiloName = name);
            silo.ConfigureEndpoints(IPAddress.Loopback, Ports.Free(), gatewayPort: 0);
        });
        return builder.Build();
    }
}
