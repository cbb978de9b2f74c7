using System.Globalization;
using Assay.Grains.Authority;
using Assay.Grains.SharedSignals;
using Assay.Silo.Evidence;
using Assay.Silo.Storage.Sqlite.Subjects;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Assay.Silo.Storage.Sqlite;

/// <summary>
/// Both files of a data folder, opened together. Neither means anything without the other: the state gives epochs to the evidence, and the evidence
/// is the memory of what was spent. A folder that holds only one of them, or two that do not belong together, is refused and left as it is.
/// </summary>
internal sealed class SqliteStorage : IDisposable
{
    // A batch of evidence is some 50 KB, and each page of it is two writes to the log; of the state, most changes touch a row or two.
    private const int EvidencePageBytes = 16 * 1024;
    private const int StatePageBytes = 4 * 1024;

    private static readonly string[] EvidenceSchema =
        [SqliteEvidenceStore.Schema, SqliteEvidenceStore.SchemaByTime, SqliteEvidenceStore.SchemaOfTrees, SubjectIndex.Schema, SortedRuns.Schema];

    private readonly SqliteDatabase state;
    private readonly SqliteDatabase evidence;
    private readonly SubjectIndex subjects;

    /// <param name="mostUnsorted">Index rows in memory beyond which they are sorted.</param>
    /// <exception cref="InvalidDataException">A file is damaged, missing, of a newer version, or not of this pair; the message names it.</exception>
    public SqliteStorage(DataFolder folder, TimeProvider clock, ILogger<SqliteStorage>? log = null, int mostUnsorted = SubjectIndex.MostUnsorted)
    {
        var hadState = File.Exists(folder.StateFile);
        if (hadState && !File.Exists(folder.EvidenceFile))
            throw Unpaired(folder.EvidenceFile, "is missing beside state.db: what was issued and spent would be forgotten");

        // The evidence first: a start that was cut short in between leaves an evidence file that holds nothing.
        evidence = OpenEvidence(folder.EvidenceFile);
        try
        {
            var (pair, newestShard) = Evidence();
            if (!hadState && newestShard > 0)
                throw Unpaired(folder.StateFile, "is missing beside an evidence.db that holds records");

            state = new SqliteDatabase(folder.StateFile, check: true, StatePageBytes, SqliteAuthorityStore.Schema, SqliteEventStore.Schema, SqliteAuthorityStore.SchemaOfChanges);
            try
            {
                Pair(pair, newestShard, folder);
                var leases = new SqliteLeases(clock);
                Authority = new SqliteAuthorityStore(state, leases, clock);
                subjects = new SubjectIndex(evidence, log ?? NullLogger<SqliteStorage>.Instance, mostUnsorted);
                Log = new SqliteEvidenceStore(evidence, leases, subjects);
                Trees = new SqliteLogStore(evidence, leases, subjects);
                Events = new SqliteEventStore(state);
                Recovery = new SqliteRecovery(state, evidence, clock);
            }
            catch
            {
                state.Dispose();
                throw;
            }
        }
        catch
        {
            evidence.Dispose();
            throw;
        }
    }

    /// <summary>The newest version of an evidence file that this program knows.</summary>
    public static int EvidenceVersion => EvidenceSchema.Length;

    public SqliteAuthorityStore Authority { get; }

    public SqliteEvidenceStore Log { get; }

    public SqliteLogStore Trees { get; }

    public SqliteEventStore Events { get; }

    public SqliteRecovery Recovery { get; }

    /// <summary>An evidence file, made when it is not there.</summary>
    /// <exception cref="InvalidDataException">As of the constructor.</exception>
    public static SqliteDatabase OpenEvidence(string file) => new(file, check: false, EvidencePageBytes, EvidenceSchema);

    public void Dispose()
    {
        state.Dispose();
        evidence.Dispose();
        subjects.Dispose();
    }

    private (string Pair, long NewestShard) Evidence() => evidence.Read(connection =>
    {
        using var pair = connection.Command(null, "SELECT id FROM pair");
        using var shard = connection.Command(null, "SELECT coalesce(max(shard), 0) FROM batch");
        return ((string)pair.ExecuteScalar()!, (long)shard.ExecuteScalar()!);
    });

    private void Pair(string pair, long newestShard, DataFolder folder)
    {
        var (present, newestEpoch) = state.Read(connection =>
        {
            using var id = connection.Command(null, "SELECT id FROM pair");
            using var epoch = connection.Command(null, "SELECT coalesce(max(epoch), 0) FROM lease");
            return ((string?)id.ExecuteScalar(), (long)epoch.ExecuteScalar()!);
        });
        if (newestShard > newestEpoch)
        {
            throw Unpaired(
                folder.StateFile,
                string.Create(CultureInfo.InvariantCulture, $"is older than evidence.db: it knows epochs up to {newestEpoch}, and there is evidence of epoch {newestShard}"));
        }

        if (present is null && newestEpoch == 0)
            state.WriteNow((connection, transaction) => connection.Run(transaction, "INSERT INTO pair VALUES ($id)", ("$id", pair)));
        else if (present != pair)
            throw Unpaired(folder.EvidenceFile, "does not belong to the state.db beside it");
    }

    private static InvalidDataException Unpaired(string file, string how) =>
        new($"'{file}' {how}. Nothing was changed; restore both files from one copy, or name another data folder.");
}

internal static class SqliteStorageServices
{
    /// <summary>The authority and the evidence in a data folder that this process holds.</summary>
    public static IServiceCollection AddSqliteStorage(this IServiceCollection services, DataFolder folder)
    {
        services.AddSingleton(provider => new SqliteStorage(folder, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<SqliteStorage>>()));
        services.AddSingleton<IAuthorityStore>(static provider => provider.GetRequiredService<SqliteStorage>().Authority);
        services.AddSingleton<IEvidenceStore>(static provider => provider.GetRequiredService<SqliteStorage>().Log);
        services.AddSingleton<ILogStore>(static provider => provider.GetRequiredService<SqliteStorage>().Trees);
        services.AddSingleton<IEventStore>(static provider => provider.GetRequiredService<SqliteStorage>().Events);
        return services;
    }
}
