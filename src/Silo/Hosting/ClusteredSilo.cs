using System.Net;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Silo.Interconnect;
using Assay.Silo.Startup;
using Assay.Silo.Storage.Postgres;
using Orleans.Configuration;

namespace Assay.Silo.Hosting;

/// <summary>One of several silos that share a PostgreSQL database: membership, authority and evidence are there.</summary>
internal sealed class ClusteredSilo : ISiloSetup
{
    private readonly string connectionString;
    private readonly PostgresSettings postgres;
    private readonly ClusterSettings settings;
    private readonly IPAddress address;
    private readonly string name;

    private ClusteredSilo(string connectionString, PostgresSettings postgres, ClusterSettings settings, IPAddress address, string name)
    {
        this.connectionString = connectionString;
        this.postgres = postgres;
        this.settings = settings;
        this.address = address;
        this.name = name;
    }

    /// <summary>Null, with every fault as a sentence, when the settings make no silo of a cluster.</summary>
    public static ClusteredSilo? Read(IConfiguration configuration, ServerOptions options, string connectionString, List<string> faults)
    {
        var settings = configuration.GetSection(ClusterSettings.Section).Get<ClusterSettings>() ?? new ClusterSettings();
        var interconnect = configuration.GetSection(InterconnectOptions.Section).Get<InterconnectOptions>() ?? new InterconnectOptions();
        var authority = configuration.GetSection(AuthorityOptions.Section).Get<AuthorityOptions>() ?? new AuthorityOptions();
        var decisions = configuration.GetSection(DecisionOptions.Section).Get<DecisionOptions>() ?? new DecisionOptions();

        if (options.Issuer is null)
            faults.Add("Assay:Issuer is missing: in a cluster every silo answers as the same issuer, the URL that clients reach the cluster at.");
        if (Environment.GetEnvironmentVariable(KeyEncryptionKey.FileVariable) is null or "")
            faults.Add($"{KeyEncryptionKey.FileVariable} is missing: the silos of a cluster share one key-encryption key, in a file of 32 random bytes as base64url. Make one with: openssl rand -base64 32 | tr '+/' '-_' | tr -d '='");
        settings.Check(decisions.ClockSkew, faults);
        faults.AddRange(interconnect.Faults());
        var address = ClusterSettings.Resolve(interconnect.Address, faults);

        PostgresSettings? postgres = null;
        try
        {
            postgres = PostgresSettings.Of(connectionString, authority.LeaseLife);
        }
        catch (InvalidOperationException fault)
        {
            faults.Add(fault.Message);
        }

        return address is null || postgres is null ? null : new ClusteredSilo(connectionString, postgres, settings, address, authority.Slot);
    }

    public void AddStorage(IServiceCollection services)
    {
        services.AddPostgresStorage(connectionString);
        services.AddSingleton(settings);
        services.AddHostedService<Drain>();
        services.AddSingleton<LapsedSilos>();
        services.AddHostedService<LapsedMembers>();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = settings.StopTimeout);
    }

    public void UseOrleans(ISiloBuilder silo)
    {
        silo.UseAdoNetClustering(options =>
        {
            options.Invariant = "Npgsql";
            options.ConnectionString = postgres.Membership;
        });
#pragma warning disable ORLEANSEXP003 // on purpose: the older directory lets an identity live twice while membership changes
        silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
        silo.Configure<SiloOptions>(options => options.SiloName = name);
        silo.Configure<EndpointOptions>(options =>
        {
            options.AdvertisedIPAddress = address;
            options.SiloPort = settings.SiloPort;
            options.SiloListeningEndpoint = new IPEndPoint(address, settings.SiloPort); // not every address, which is the default
            options.GatewayPort = 0; // nobody outside speaks Orleans
        });
        silo.Configure<ClusterMembershipOptions>(Watch);
        silo.Configure<GrainDirectoryOptions>(options => options.RangeLeaseDuration = TimeSpan.Zero); // Predecessors waits for as long as it takes, not for a time
        silo.Configure<GrainCollectionOptions>(options => options.CollectionAge = settings.IdleAge);
        silo.Configure<SiloMessagingOptions>(options => options.ResponseTimeout = settings.CallTimeout);
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, AnnouncedStop>();
    }

    public Task Prepare(IServiceProvider services, CancellationToken cancellationToken) => services.GetRequiredService<PostgresStorage>().Open(cancellationToken);

    public string? Bundle(string? named) => named is null or BundleFolders.None ? null : BundleFolders.Existing(named);

    private void Watch(ClusterMembershipOptions options)
    {
        options.ProbeTimeout = settings.ProbeEvery;
        options.MaxProbeTimeout = settings.ProbeEvery; // also what is taken for a sign of life: three times this
        options.NumMissedProbesLimit = 3;
        options.NumVotesForDeathDeclaration = 2;
        options.IAmAliveTablePublishTimeout = settings.AliveEvery;
        options.NumMissedTableIAmAliveLimit = 3;
        options.TableRefreshTimeout = settings.RefreshEvery;
        options.DefunctSiloCleanupPeriod = TimeSpan.FromHours(1);
        options.DefunctSiloExpiration = TimeSpan.FromDays(1);
    }
}
