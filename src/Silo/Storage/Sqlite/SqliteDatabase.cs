using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Storage.Sqlite;

/// <summary>
/// One SQLite file in WAL mode with <c>synchronous=FULL</c> on every connection: a commit that returned survives the process and the power. One
/// writer on a thread of its own, so that a flush never holds up a pool thread; readers from a small pool see committed snapshots.
/// </summary>
internal sealed class SqliteDatabase : IDisposable
{
    /// <summary>Idle readers that are kept; more may read at once.</summary>
    private const int KeptReaders = 8;

    // What is copied from the log into the file at once, while commits wait: 4 MB, however large a page is.
    private const int CheckpointBytes = 4 * 1024 * 1024;

    // 32 MB: the inner pages of the indexes, which every sorted row goes through.
    private const int WriterCacheKiB = 32 * 1024;

    private readonly string connectionString;
    private readonly int pageBytes;
    private readonly SqliteConnection writer;
    private readonly WriteQueue queue;
    private readonly ConcurrentQueue<SqliteConnection> readers = [];
    private readonly List<IDisposable> kept = [];
    private bool? flushes = true; // the writer's commits; null when that is not known

    /// <param name="check">Read the whole file once, for damage that would show later.</param>
    /// <param name="pageBytes">Of a new file; one that is there keeps its own.</param>
    /// <param name="schema">Statements of version 1, 2, …; those not yet applied run at opening, each in a transaction of its own.</param>
    /// <exception cref="InvalidDataException">The file is no SQLite database, is damaged, or is of a newer version.</exception>
    public SqliteDatabase(string file, bool check, int pageBytes, params ReadOnlySpan<string> schema)
    {
        File = file;
        this.pageBytes = pageBytes;
        connectionString = new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadWriteCreate, Pooling = false }.ToString();
        SqliteConnection? opened = null;
        try
        {
            writer = opened = Open();
            Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA cache_size=-{WriterCacheKiB}; PRAGMA wal_autocheckpoint={CheckpointBytes / PageSize()}"));
            if (Scalar("PRAGMA journal_mode") != "wal" || Scalar("PRAGMA synchronous") != "2")
                throw new InvalidDataException($"'{file}' cannot be written durably: it is not in WAL mode with synchronous=FULL. Put the data folder on a local disk.");
            if (check && Scalar("PRAGMA quick_check(1)") is var result && result != "ok")
                throw Damaged(result, null);
            Migrate(schema);
        }
        catch (SqliteException fault)
        {
            opened?.Dispose();
            throw Damaged(fault.Message, fault);
        }
        catch
        {
            opened?.Dispose();
            throw;
        }

        queue = new WriteQueue("sqlite " + Path.GetFileName(file));
    }

    public string File { get; }

    /// <summary>Runs in one immediate transaction; rolled back when it throws. One at a time, in the order of the calls.</summary>
    /// <param name="work">On the writer's thread.</param>
    /// <param name="around">Commits, by calling what it is given, on the same thread; null for just that.</param>
    public Task<T> Write<T>(Func<SqliteConnection, SqliteTransaction, T> work, Action<Action>? around = null) => queue.Enqueue(() => Transact(work, around, isFlushed: true));

    /// <summary>
    /// As <see cref="Write"/>, but not flushed: durable from the next commit by another of these on. After a loss of power before that it is as if it had never been made, and
    /// everything before it is there.
    /// </summary>
    public Task<T> WriteUnflushed<T>(Func<SqliteConnection, SqliteTransaction, T> work, Action<Action>? around = null) => queue.Enqueue(() => Transact(work, around, isFlushed: false));

    /// <summary>As <see cref="Write"/>, with <paramref name="fence"/> around the whole transaction, its commit included.</summary>
    public Task<T> WriteWithin<T>(Func<Func<T>, T> fence, Func<SqliteConnection, SqliteTransaction, T> work, Action<Action>? around = null) =>
        queue.Enqueue(() => fence(() => Transact(work, around, isFlushed: true)));

    /// <summary>Runs in one transaction on the caller's thread, before anybody else uses the database.</summary>
    public void WriteNow(Action<SqliteConnection, SqliteTransaction> work)
    {
        using var transaction = writer.BeginTransaction(deferred: false);
        work(writer, transaction);
        transaction.Commit();
    }

    /// <summary>Runs against one committed snapshot. On the caller's thread: reads come from the page cache.</summary>
    public T Read<T>(Func<SqliteConnection, T> work)
    {
        if (!readers.TryDequeue(out var connection))
            connection = Open();
        var reusable = false;
        try
        {
            using var snapshot = connection.BeginTransaction(deferred: true);
            var result = work(connection);
            reusable = true;
            return result;
        }
        finally
        {
            if (reusable && readers.Count < KeptReaders)
                readers.Enqueue(connection);
            else
                connection.Dispose();
        }
    }

    /// <summary>On the writer's thread: keeps what was compiled for its connection until that is closed.</summary>
    public T Keep<T>(T statements)
        where T : IDisposable
    {
        kept.Add(statements);
        return statements;
    }

    public void Dispose()
    {
        queue.Dispose();
        foreach (var statements in kept)
            statements.Dispose();
        while (readers.TryDequeue(out var reader))
            reader.Dispose();
        writer.Dispose();
    }

    private T Transact<T>(Func<SqliteConnection, SqliteTransaction, T> work, Action<Action>? around, bool isFlushed)
    {
        Flush(isFlushed);
        using var transaction = writer.BeginTransaction(deferred: false);
        var result = work(writer, transaction);
        if (around is null)
            transaction.Commit();
        else
            around(transaction.Commit);
        return result;
    }

    /// <summary>Before each transaction, so that none that has to be durable begins while commits are not: whatever became of the one before.</summary>
    private void Flush(bool wanted)
    {
        if (flushes == wanted)
            return;
        flushes = null;
        Execute(wanted ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
        flushes = wanted;
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(connectionString);
        connection.Open();
        using var pragmas = connection.CreateCommand();
        pragmas.CommandText = $"PRAGMA page_size={pageBytes}; PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;";
        pragmas.ExecuteNonQuery();
        return connection;
    }

    private void Migrate(ReadOnlySpan<string> schema)
    {
        Execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)");
        var present = int.Parse(Scalar("SELECT coalesce(max(version), 0) FROM schema_version"), CultureInfo.InvariantCulture);
        if (present > schema.Length)
            throw new InvalidDataException($"'{File}' is of schema version {present}, and this program knows up to {schema.Length}; run the newer program.");

        for (var version = present; version < schema.Length; version++)
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

    private int PageSize() => int.Parse(Scalar("PRAGMA page_size"), CultureInfo.InvariantCulture);

    private string Scalar(string sql)
    {
        using var command = writer.CreateCommand();
        command.CommandText = sql;
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture)!;
    }

    private InvalidDataException Damaged(string how, Exception? inner) => new(
        $"'{File}' cannot be opened: {how}. It was left as it is; restore the data folder from a copy, or name another one.", inner);
}
