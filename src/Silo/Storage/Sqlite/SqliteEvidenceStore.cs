using System.Collections.Immutable;
using Assay.Grains.Authority;
using Assay.Silo.Storage.Sqlite.Subjects;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Storage.Sqlite;

/// <summary>
/// Evidence in one SQLite file: a batch and its index rows in one commit that holds the fence. See <see cref="SubjectIndex"/> for how the rows come to their places.
/// </summary>
internal sealed class SqliteEvidenceStore(SqliteDatabase database, SqliteLeases leases, SubjectIndex subjects) : IEvidenceStore
{
    // Of version 1, with the index of that time, which Subjects.IndexByName takes over and removes.
    public const string Schema = """
        CREATE TABLE batch (shard INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, at INTEGER NOT NULL, payload BLOB NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (shard, first));
        CREATE TABLE subject (realm TEXT NOT NULL, subject TEXT NOT NULL, at INTEGER NOT NULL, shard INTEGER NOT NULL, positions BLOB NOT NULL, spent BLOB, spent_until INTEGER);
        CREATE INDEX subject_at ON subject (realm, subject, at);
        CREATE INDEX subject_spent ON subject (realm, subject, spent_until) WHERE spent IS NOT NULL;
        CREATE TABLE pair (id TEXT NOT NULL);
        INSERT INTO pair VALUES (lower(hex(randomblob(16))));
        """;

    /// <summary>The order in which batches were stored, for reading many of them.</summary>
    public const string SchemaByTime = "CREATE INDEX batch_at ON batch (at, shard, first);";

    /// <summary>Each shard is a Merkle tree. An empty payload is one whose records were dropped; leaves, root and signature stay.</summary>
    public const string SchemaOfTrees = """
        ALTER TABLE batch ADD COLUMN salts BLOB;
        ALTER TABLE batch ADD COLUMN leaves BLOB;
        ALTER TABLE batch ADD COLUMN root BLOB;
        ALTER TABLE batch ADD COLUMN signature BLOB;
        """;

    private AppendStatements? append; // of the writer's thread

    public async Task<BatchResult> Append(EvidenceBatch batch, CancellationToken cancellationToken)
    {
        var rows = PackedRow.Pack(batch.Index);
        var result = await database.WriteWithin(commit => leases.Fenced(batch.Shard, commit), (connection, transaction) => Add(connection, transaction, batch, rows), commit =>
        {
            commit();
            subjects.Remember(batch, rows);
        });

        // Of an earlier try of unknown outcome, from before the seal.
        return result == BatchResult.Sealed && database.Read(connection => Present(connection, null, batch)) ? BatchResult.Committed : result;
    }

    public Task<EvidenceBatch?> Find(long shard, long position, CancellationToken cancellationToken) => Task.FromResult(database.Read(connection =>
    {
        using var query = connection.Command(
            null,
            "SELECT shard, first, count, at, payload, checksum FROM batch WHERE shard = $shard AND first <= $position ORDER BY first DESC LIMIT 1",
            ("$shard", shard), ("$position", position));
        using var rows = query.ExecuteReader();
        return rows.Read() && position < rows.GetInt64(1) + rows.GetInt64(2) ? ReadBatch(rows) : null;
    }));

    public Task<ImmutableArray<EvidenceIndexRow>> Index(string realm, string subject, DateTimeOffset since, int limit, CancellationToken cancellationToken) =>
        IndexBack(realm, subject, DateTimeOffset.MaxValue, since, limit, cancellationToken);

    public Task<ImmutableArray<EvidenceIndexRow>> IndexBack(
        string realm, string subject, DateTimeOffset until, DateTimeOffset since, int limit, CancellationToken cancellationToken)
    {
        var rows = new NewestRows(realm, subject, since.ToUnixTimeMilliseconds(), until.ToUnixTimeMilliseconds(), limit);
        subjects.Show(rows);
        return Task.FromResult(rows.Rows());
    }

    public Task<ImmutableArray<ImmutableArray<SpentAssertion>>> Spent(ImmutableArray<SubjectKey> keys, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var live = new LiveAssertions[keys.Length];
        for (var i = 0; i < live.Length; i++)
            live[i] = new LiveAssertions(keys[i].Realm, keys[i].Subject, now);
        subjects.Show(live);
        return Task.FromResult(ImmutableArray.Create(Array.ConvertAll(live, static one => one.Found)));
    }

    public Task<ImmutableArray<EvidenceBatch>> Newest(int batches, CancellationToken cancellationToken) => Task.FromResult(database.Read(connection =>
    {
        using var query = connection.Command(
            null, "SELECT shard, first, count, at, payload, checksum FROM batch WHERE length(payload) > 0 ORDER BY rowid DESC LIMIT $limit", ("$limit", batches));
        var found = ImmutableArray.CreateBuilder<EvidenceBatch>();
        using var rows = query.ExecuteReader();
        while (rows.Read())
            found.Add(ReadBatch(rows));
        return found.DrainToImmutable();
    }));

    public Task<EvidencePage> Before(EvidencePlace place, DateTimeOffset since, int maxBytes, CancellationToken cancellationToken) => Task.FromResult(database.Read(connection =>
    {
        using var query = connection.Command(
            null,
            """
            SELECT shard, first, count, at, payload, checksum FROM batch
            WHERE length(payload) > 0 AND at >= $since AND (at, shard, first) < ($at, $shard, $first) ORDER BY at DESC, shard DESC, first DESC
            """,
            ("$since", since.ToUnixTimeMilliseconds()), ("$at", place.Stored.ToUnixTimeMilliseconds()), ("$shard", place.Shard), ("$first", place.FirstPosition));
        var page = new EvidencePaging(maxBytes);
        using var rows = query.ExecuteReader();
        while (!page.IsFull && rows.Read())
        {
            page.Add(
                new EvidencePlace(DateTimeOffset.FromUnixTimeMilliseconds(rows.GetInt64(3)), rows.GetInt64(0), rows.GetInt64(1)),
                rows.GetInt32(2), DateTimeOffset.FromUnixTimeMilliseconds(rows.GetInt64(3)), (byte[])rows[4], unchecked((ulong)rows.GetInt64(5)));
        }

        return page.End(isLast: !page.IsFull);
    }));

    private BatchResult Add(SqliteConnection connection, SqliteTransaction transaction, EvidenceBatch batch, byte[] rows)
    {
        var statements = append ??= database.Keep(new AppendStatements(connection));
        var next = statements.Next(batch.Shard);
        if (next != batch.FirstPosition)
        {
            return Present(connection, transaction, batch)
                ? BatchResult.Committed
                : throw new InvalidOperationException($"shard {batch.Shard} continues at position {next}, not at {batch.FirstPosition}");
        }

        statements.Add(batch, rows);
        return BatchResult.Committed;
    }

    private static bool Present(SqliteConnection connection, SqliteTransaction? transaction, EvidenceBatch batch)
    {
        using var query = connection.Command(
            transaction, "SELECT checksum, count FROM batch WHERE shard = $shard AND first = $first", ("$shard", batch.Shard), ("$first", batch.FirstPosition));
        using var rows = query.ExecuteReader();
        if (!rows.Read())
            return false;
        return unchecked((ulong)rows.GetInt64(0)) == batch.Checksum && rows.GetInt64(1) == batch.Count
            ? true
            : throw new InvalidOperationException($"position {batch.FirstPosition} of shard {batch.Shard} is taken by other records");
    }

    private static EvidenceBatch ReadBatch(SqliteDataReader row) => EvidenceBatch.Read(
        row.GetInt64(0), row.GetInt64(1), row.GetInt32(2), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3)), (byte[])row[4], unchecked((ulong)row.GetInt64(5)));
}
