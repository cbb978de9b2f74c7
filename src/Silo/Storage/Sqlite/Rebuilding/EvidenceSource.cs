using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Assay.Silo.Storage.Sqlite.Rebuilding;

/// <summary>An evidence file of any version, some of which may be damaged. It is only read, and closing it takes its log into it.</summary>
internal sealed class EvidenceSource : IDisposable
{
    private readonly string file;
    private readonly SqliteConnection connection;
    private readonly long version;

    /// <exception cref="InvalidDataException">It is no evidence file, cannot be read, or is of a newer version.</exception>
    public EvidenceSource(string file)
    {
        this.file = file;
        connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ToString());
        try
        {
            connection.Open();
            version = Number("SELECT coalesce(max(version), 0) FROM schema_version");
            LastId = Math.Max(1, Number("SELECT coalesce(max(rowid), 0) FROM batch"));
            using var pair = connection.Command(null, "SELECT id FROM pair");
            Pair = pair.ExecuteScalar() as string ?? throw new SqliteException("it does not say which state.db it belongs to", raw.SQLITE_CORRUPT);
        }
        catch (SqliteException fault)
        {
            connection.Dispose();
            throw new InvalidDataException($"'{file}' cannot be read: {fault.Message}. Restore the data folder from a copy.", fault);
        }

        if (version > SqliteStorage.EvidenceVersion)
        {
            connection.Dispose();
            throw new InvalidDataException($"'{file}' is of schema version {version}, and this program knows up to {SqliteStorage.EvidenceVersion}; run the newer program.");
        }
    }

    /// <summary>Which state it belongs to.</summary>
    public string Pair { get; }

    /// <summary>Of the newest batch; 1 at least.</summary>
    public long LastId { get; }

    /// <summary>In the order of their commits, one in memory at a time.</summary>
    /// <exception cref="InvalidDataException">The file cannot be read behind the last of them; the message names that.</exception>
    public IEnumerable<BatchRow> Batches()
    {
        using var query = new Statement(connection, BatchRow.QueryOf(version));
        for (BatchRow? last = null; Next(query, last) is { } next; last = next)
            yield return next;
    }

    public void Dispose() => connection.Dispose();

    private BatchRow? Next(Statement query, BatchRow? last)
    {
        try
        {
            return query.Step() ? BatchRow.Read(query) : null;
        }
        catch (SqliteException fault)
        {
            var place = last is null ? "its first batch" : $"the batch after position {last.First} of shard {last.Shard}";
            throw new InvalidDataException($"'{file}' cannot be read at {place}: {fault.Message}. Restore the data folder from a copy.", fault);
        }
    }

    private long Number(string sql)
    {
        using var query = new Statement(connection, sql);
        return query.First() ?? 0;
    }
}
