using Microsoft.Data.Sqlite;

namespace Assay.Silo.Storage.Sqlite;

/// <summary>
/// One SQLite file in WAL mode with <c>synchronous=FULL</c> on every connection: a commit that returned survives the process and the power. One
/// writer on a thread of its own, so that a flush never holds up a pool thread; readers from a small pool see committed snapshots.
/// </summary>
internal sealed class SqliteDatabase : IDisposable
{
    private readonly string connectionString;
    private readonly SqliteConnection writer;
    private readonly WriteQueue queue;
    private readonly System.Collections.Concurrent.ConcurrentBag<SqliteConnection> readers = [];

    /// <param name="schema">Statements of version 1, 2, …; those not yet applied run at opening, each in a transaction of its own.</param>
    /// <exception cref="InvalidDataException">The file is no SQLite database, is damaged, or is of a newer version.</exception>
    public SqliteDatabase(string file, params ReadOnlySpan<string> schema)
    {
        File = file;
        connectionString = new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadWriteCreate, Pooling = false }.ToString();
        try
        {
            writer = Open();
            Migrate(schema);
        }
        catch (SqliteException fault)
        {
            writer?.Dispose();
            throw new InvalidDataException($"'{file}' cannot be opened: {fault.Message}. It was left as it is; restore it from a copy, or name another data folder.", fault);
        }

        queue = new WriteQueue("sqlite " + Path.GetFileName(file));
    }

    public string File { get; }

    /// <summary>Runs in one immediate transaction; rolled back when it throws. One at a time, in the order of the calls.</summary>
    public Task<T> Write<T>(Func<SqliteConnection, SqliteTransaction, T> work) => queue.Enqueue(() =>
    {
        using var transaction = writer.BeginTransaction(deferred: false);
        var result = work(writer, transaction);
        transaction.Commit();
        return result;
    });

    /// <summary>Runs against one committed snapshot. On the caller's thread: reads come from the page cache.</summary>
    public T Read<T>(Func<SqliteConnection, T> work)
    {
        if (!readers.TryTake(out var connection))
            connection = Open();
        try
        {
            using var snapshot = connection.BeginTransaction(deferred: true);
            return work(connection);
        }
        finally
        {
            readers.Add(connection);
        }
    }

    public void Dispose()
    {
        queue.Dispose();
        while (readers.TryTake(out var reader))
            reader.Dispose();
        writer.Dispose();
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(connectionString);
        connection.Open();
        using var pragmas = connection.CreateCommand();
        pragmas.CommandText = "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;";
        pragmas.ExecuteNonQuery();
        return connection;
    }

    private void Migrate(ReadOnlySpan<string> schema)
    {
        Execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)");
        using var query = writer.CreateCommand();
        query.CommandText = "SELECT coalesce(max(version), 0) FROM schema_version";
        var present = (long)query.ExecuteScalar()!;
        if (present > schema.Length)
            throw new InvalidDataException($"'{File}' is of schema version {present}, and this program knows up to {schema.Length}; run the newer program.");

        for (var version = (int)present; version < schema.Length; version++)
        {
            using var transaction = writer.BeginTransaction(deferred: false);
            Execute(schema[version]);
            Execute($"INSERT INTO schema_version VALUES ({version + 1})");
            transaction.Commit();
        }
    }

    private void Execute(string sql)
    {
        using var command = writer.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
