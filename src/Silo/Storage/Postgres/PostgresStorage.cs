using Assay.Grains.Authority;
using Assay.Grains.SharedSignals;
using Assay.Silo.Evidence;
using Microsoft.Extensions.Options;

namespace Assay.Silo.Storage.Postgres;

/// <summary>The authority and the evidence in one PostgreSQL database that all silos share. <see cref="Open"/> comes before any use.</summary>
internal sealed class PostgresStorage : IDisposable
{
    private readonly PostgresSettings settings;
    private readonly PostgresDatabase state;
    private readonly PostgresDatabase evidence;
    private readonly ILogger<PostgresStorage> log;

    public PostgresStorage(PostgresSettings settings, TimeProvider clock, ILoggerFactory logs)
    {
        this.settings = settings;
        log = logs.CreateLogger<PostgresStorage>();
        state = new PostgresDatabase(settings.State, settings.Patience, clock);
        evidence = new PostgresDatabase(settings.Evidence, settings.Patience, clock);
        News = new PostgresNews(settings.News, clock, logs.CreateLogger<PostgresNews>());
        Authority = new PostgresAuthorityStore(state, new PostgresLeases(state), News);
        Log = new PostgresEvidenceStore(evidence, state);
        Trees = new PostgresLogStore(state);
        Events = new PostgresEventStore(state);
        Recovery = new PostgresRecovery(state);
    }

    public PostgresAuthorityStore Authority { get; }

    public PostgresEvidenceStore Log { get; }

    public PostgresLogStore Trees { get; }

    public PostgresEventStore Events { get; }

    public PostgresRecovery Recovery { get; }

    public PostgresNews News { get; }

    /// <summary>Refuses what is not fit, sets up an empty database, refuses another schema version.</summary>
    /// <exception cref="InvalidOperationException">It must not be used; each reason is a sentence of the message.</exception>
    public async Task Open(CancellationToken cancellationToken)
    {
        await PostgresChecks.Run(settings, cancellationToken);
        var (from, to) = await new PostgresMigrations(settings, PostgresSchema.Scripts).SetUpOrCheck(cancellationToken);
        if (from == 0)
            Postgres.Log.SetUp(log, settings.Place, to);
    }

    public void Dispose()
    {
        News.Dispose();
        state.Dispose();
        evidence.Dispose();
    }
}

internal static class PostgresStorageServices
{
    /// <summary>
    /// The authority and the evidence in PostgreSQL. <see cref="PostgresStorage.Open"/> has to be awaited before the host starts. Call it before
    /// <see cref="AuthorityServices.AddAuthority"/>, whose lease sets the timeouts.
    /// </summary>
    /// <exception cref="InvalidOperationException">When the storage is resolved: the connection string is malformed or unfit.</exception>
    public static IServiceCollection AddPostgresStorage(this IServiceCollection services, string connectionString)
    {
        services.AddSingleton(provider => new PostgresStorage(
            PostgresSettings.Of(connectionString, provider.GetRequiredService<IOptions<AuthorityOptions>>().Value.LeaseLife),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton<IAuthorityStore>(static provider => provider.GetRequiredService<PostgresStorage>().Authority);
        services.AddSingleton<IEvidenceStore>(static provider => provider.GetRequiredService<PostgresStorage>().Log);
        services.AddSingleton<ILogStore>(static provider => provider.GetRequiredService<PostgresStorage>().Trees);
        services.AddSingleton<IEventStore>(static provider => provider.GetRequiredService<PostgresStorage>().Events);
        services.AddHostedService(static provider => provider.GetRequiredService<PostgresStorage>().News);
        return services;
    }
}
