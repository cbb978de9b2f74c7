using System.Collections.Immutable;
using Npgsql;

namespace Assay.Silo.Storage.Postgres;

/// <summary>
/// Brings a database to the schema of this program. All scripts of one run are one transaction under an advisory lock: any number of processes may
/// run this at the same moment, and one that is killed leaves what was there before.
/// </summary>
internal sealed class PostgresMigrations(PostgresSettings settings, ImmutableArray<SchemaScript> scripts)
{
    /// <summary>Names the lock in a database that may hold other things: "assay" in ASCII.</summary>
    private const long AdvisoryLock = 0x6173736179;

    /// <summary>What <c>migrate</c> does: an empty or older database becomes current. Safe to repeat.</summary>
    /// <returns>The versions before and after.</returns>
    /// <exception cref="InvalidOperationException">The database is newer, cannot be reached, or refuses; the message says which.</exception>
    public Task<(int From, int To)> Migrate(CancellationToken cancellationToken) => Run(_ => true, cancellationToken);

    /// <summary>What a silo does at start: an empty database is set up, an older one is left to <c>migrate</c>.</summary>
    /// <exception cref="InvalidOperationException">The database is older or newer, cannot be reached, or refuses; the message says which.</exception>
    public Task<(int From, int To)> SetUpOrCheck(CancellationToken cancellationToken) => Run(present => present == 0, cancellationToken);

    private async Task<(int From, int To)> Run(Func<int, bool> mayApply, CancellationToken cancellationToken)
    {
        try
        {
            await using var source = NpgsqlDataSource.Create(settings.Migrations);
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            var present = await Present(connection, cancellationToken);
            if (present == scripts.Length)
                return (present, present);

            // The lock before the transaction: one that began before another process made the tables may not see them. It ends with the session.
            await connection.Execute(cancellationToken, "SELECT pg_advisory_lock($1)", Parameter.Of(AdvisoryLock));
            await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.ReadCommitted, cancellationToken);
            present = await Present(connection, cancellationToken); // another process may have been first
            if (present > scripts.Length)
                throw new InvalidOperationException($"The database {settings.Place} is of schema version {present}, and this program knows up to {scripts.Length}; run the newer program.");
            if (present < scripts.Length && !mayApply(present))
                throw new InvalidOperationException($"The database {settings.Place} is of schema version {present}, and this program needs {scripts.Length}; run: Assay.Silo migrate --postgres …");

            if (present == 0)
                await Begin(connection, cancellationToken);
            foreach (var script in scripts.Skip(present))
            {
                await connection.Execute(cancellationToken, script.Sql);
                await connection.Execute(
                    cancellationToken, "INSERT INTO assay.schema_version (version, name) VALUES ($1, $2)", Parameter.Of(script.Version), Parameter.Of(script.Name));
            }

            await transaction.CommitAsync(cancellationToken);
            return (present, scripts.Length);
        }
        catch (NpgsqlException fault)
        {
            throw new InvalidOperationException($"The database {settings.Place} cannot be set up: {fault.Message}", fault);
        }
    }

    private static async Task Begin(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // A schema that is there already was made by an administrator, for a role that may not make one.
        if (!await connection.Scalar<bool>(cancellationToken, "SELECT to_regnamespace('assay') IS NOT NULL"))
            await connection.Execute(cancellationToken, "CREATE SCHEMA assay");
        await connection.Execute(
            cancellationToken,
            "CREATE TABLE assay.schema_version (version integer PRIMARY KEY, name text NOT NULL, applied timestamptz NOT NULL DEFAULT clock_timestamp())");
    }

    private static async Task<int> Present(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        await connection.Scalar<bool>(cancellationToken, "SELECT to_regclass('assay.schema_version') IS NULL")
            ? 0
            : await connection.Scalar<int>(cancellationToken, "SELECT coalesce(max(version), 0) FROM assay.schema_version");
}
