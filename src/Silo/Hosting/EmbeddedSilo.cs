using System.Net;
using System.Net.Sockets;
using Assay.Silo.Storage.Sqlite;
using Orleans.Configuration;

namespace Assay.Silo.Hosting;

/// <summary>One silo alone, with SQLite in its data folder. Needs no server and no settings.</summary>
internal sealed class EmbeddedSilo(DataFolder folder) : ISiloSetup
{
    public void AddStorage(IServiceCollection services) => services.AddSqliteStorage(folder);

    public void UseOrleans(ISiloBuilder silo)
    {
        silo.UseLocalhostClustering(siloPort: FreePort());
        silo.Configure<EndpointOptions>(endpoints => endpoints.GatewayPort = 0); // nobody outside speaks Orleans
        silo.Configure<GrainDirectoryOptions>(directory => directory.CachingStrategy = GrainDirectoryOptions.CachingStrategyType.None); // the whole directory is here
    }

    public Task Prepare(IServiceProvider services, CancellationToken cancellationToken) => Task.CompletedTask; // SQLite's files are checked when they are opened

    public string? Bundle(string? named)
    {
        if (named is not null)
            return named == BundleFolders.None ? null : BundleFolders.Existing(named);

        // Run from a checkout: the quickstart of that checkout.
        for (var at = new DirectoryInfo(Directory.GetCurrentDirectory()); at is not null; at = at.Parent)
        {
            if (Directory.Exists(Path.Combine(at.FullName, "samples", "quickstart")) && File.Exists(Path.Combine(at.FullName, "Cluster.sln")))
                return Path.Combine(at.FullName, "samples", "quickstart");
        }

        return null;
    }

    /// <summary>It talks to nobody; its port only has to be free.</summary>
    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
