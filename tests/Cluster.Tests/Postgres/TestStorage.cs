using Assay.Silo.Storage.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Assay.Cluster.Tests.Postgres;

/// <summary>A silo's side of the storage, and what a test does to the database behind its back.</summary>
internal static class TestStorage
{
    public static readonly TimeSpan LeaseLife = TimeSpan.FromMinutes(1);

    public static async Task<PostgresStorage> Open(string connectionString, TimeSpan? leaseLife = null)
    {
        var storage = new PostgresStorage(PostgresSettings.Of(connectionString, leaseLife ?? LeaseLife), TimeProvider.System, NullLoggerFactory.Instance);
        try
        {
            await storage.Open(default);
            return storage;
        }
        catch
        {
            storage.Dispose();
            throw;
        }
    }

    /// <summary>Puts every moment the leases know this much into the past.</summary>
    public static Task Pass(string database, TimeSpan time) => PostgresServer.Execute(
        database,
        $"""
        UPDATE assay.lease SET renewed = renewed - interval '{time}', expires = expires - interval '{time}';
        UPDATE assay.epoch SET joined = joined - interval '{time}', sealed = sealed - interval '{time}';
        """);

    /// <summary>A session in a transaction that holds a lock until it is disposed.</summary>
    public static async Task<NpgsqlConnection> Holding(string database, string sql)
    {
        var session = await PostgresServer.Connect(database);
        await using var command = new NpgsqlCommand("BEGIN; " + sql, session);
        await command.ExecuteNonQueryAsync();
        return session;
    }

    public static async Task Commit(this NpgsqlConnection session)
    {
        await using var command = new NpgsqlCommand("COMMIT", session);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Completes when that many statements of the database wait for a lock.</summary>
    public static Task Waiting(string database, int statements) => Until(async () => statements == await PostgresServer.Scalar<long>(
        database, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"));

    public static async Task Until(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition())
            await Task.Delay(5, patience.Token);
    }
}
