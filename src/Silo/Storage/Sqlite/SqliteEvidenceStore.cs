using System.Collections.Immutable;
using Assay.Grains.Authority;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Storage.Sqlite;

/// <summary>
/// Evidence in one SQLite file: one row a batch, one index row per subject in it, in one commit that holds the fence.
/// </summary>
internal sealed class SqliteEvidenceStore(SqliteDatabase database, SqliteLeases leases) : IEvidenceStore
{
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

    public async Task<BatchResult> Append(EvidenceBatch batch, CancellationToken cancellationToken)
    {
        var result = await database.WriteWithin(commit => leases.Fenced(batch.Shard, commit), (connection, transaction) => Add(connection, transaction, batch));

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
        string realm, string subject, DateTimeOffset until, DateTimeOffset since, int limit, CancellationToken cancellationToken) => Task.FromResult(database.Read(connection =>
    {
        using var query = connection.Command(
            null,
            """
            SELECT shard, at, positions, spent FROM subject WHERE realm = $realm AND subject = $subject AND at >= $since AND at <= $until
            ORDER BY at DESC, rowid DESC LIMIT $limit
            """,
            ("$realm", realm), ("$subject", subject), ("$since", since.ToUnixTimeMilliseconds()), ("$until", until.ToUnixTimeMilliseconds()), ("$limit", limit));
        var found = ImmutableArray.CreateBuilder<EvidenceIndexRow>();
        using var rows = query.ExecuteReader();
        while (rows.Read())
        {
            found.Add(new EvidenceIndexRow(
                realm, subject, rows.GetInt64(0), DateTimeOffset.FromUnixTimeMilliseconds(rows.GetInt64(1)), EvidencePacking.ReadPositions((byte[])rows[2]),
                rows.IsDBNull(3) ? [] : EvidencePacking.ReadSpent((byte[])rows[3])));
        }

        return found.DrainToImmutable();
    }));

    public Task<ImmutableArray<SpentAssertion>> Spent(string realm, string subject, DateTimeOffset now, CancellationToken cancellationToken) =>
        Task.FromResult(database.Read(connection =>
        {
            using var query = connection.Command(
                null,
                "SELECT spent FROM subject WHERE realm = $realm AND subject = $subject AND spent IS NOT NULL AND spent_until >= $now",
                ("$realm", realm), ("$subject", subject), ("$now", now.ToUnixTimeMilliseconds()));
            var found = ImmutableArray.CreateBuilder<SpentAssertion>();
            using var rows = query.ExecuteReader();
            while (rows.Read())
            {
                foreach (var spent in EvidencePacking.ReadSpent((byte[])rows[0]))
                {
                    if (spent.Until >= now)
                        found.Add(spent);
                }
            }

            return found.DrainToImmutable();
        }));

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

    private static BatchResult Add(SqliteConnection connection, SqliteTransaction transaction, EvidenceBatch batch)
    {
        if (Present(connection, transaction, batch))
            return BatchResult.Committed;

        using (var query = connection.Command(
            transaction, "SELECT first + count FROM batch WHERE shard = $shard ORDER BY first DESC LIMIT 1", ("$shard", batch.Shard)))
        {
            var next = query.ExecuteScalar() is long end ? end : 0;
            if (next != batch.FirstPosition)
                throw new InvalidOperationException($"shard {batch.Shard} continues at position {next}, not at {batch.FirstPosition}");
        }

        connection.Run(
            transaction,
            """
            INSERT INTO batch (shard, first, count, at, payload, checksum, salts, leaves, root, signature)
            VALUES ($shard, $first, $count, $at, $payload, $checksum, $salts, $leaves, $root, $signature)
            """,
            ("$shard", batch.Shard), ("$first", batch.FirstPosition), ("$count", batch.Records.Length),
            ("$at", batch.CommittedAt.ToUnixTimeMilliseconds()), ("$payload", batch.Payload.ToArray()), ("$checksum", unchecked((long)batch.Checksum)),
            ("$salts", Blob(batch.Proof?.Salts)), ("$leaves", Blob(batch.Proof?.Leaves)), ("$root", batch.Proof is { } tree ? tree.Root.ToArray() : DBNull.Value),
            ("$signature", Blob(batch.Proof?.Signature)));
        AddIndex(connection, transaction, batch);
        return BatchResult.Committed;
    }

    private static bool Present(SqliteConnection connection, SqliteTransaction? transaction, EvidenceBatch batch)
    {
        using var query = connection.Command(
            transaction, "SELECT checksum, count FROM batch WHERE shard = $shard AND first = $first", ("$shard", batch.Shard), ("$first", batch.FirstPosition));
        using var rows = query.ExecuteReader();
        if (!rows.Read())
            return false;
        return unchecked((ulong)rows.GetInt64(0)) == batch.Checksum && rows.GetInt64(1) == batch.Records.Length
            ? true
            : throw new InvalidOperationException($"position {batch.FirstPosition} of shard {batch.Shard} is taken by other records");
    }

    private static void AddIndex(SqliteConnection connection, SqliteTransaction transaction, EvidenceBatch batch)
    {
        using var insert = connection.Command(transaction, "INSERT INTO subject VALUES ($realm, $subject, $at, $shard, $positions, $spent, $until)");
        var realm = insert.Parameters.Add("$realm", SqliteType.Text);
        var subject = insert.Parameters.Add("$subject", SqliteType.Text);
        var at = insert.Parameters.Add("$at", SqliteType.Integer);
        var shard = insert.Parameters.Add("$shard", SqliteType.Integer);
        var positions = insert.Parameters.Add("$positions", SqliteType.Blob);
        var spent = insert.Parameters.Add("$spent", SqliteType.Blob);
        var until = insert.Parameters.Add("$until", SqliteType.Integer);
        foreach (var row in batch.Index)
        {
            realm.Value = row.Realm;
            subject.Value = row.Subject;
            at.Value = row.At.ToUnixTimeMilliseconds();
            shard.Value = row.Shard;
            positions.Value = EvidencePacking.WritePositions(row.Positions);
            var last = 0L;
            spent.Value = row.Spent.IsEmpty ? DBNull.Value : EvidencePacking.WriteSpent(row.Spent, out last);
            until.Value = row.Spent.IsEmpty ? DBNull.Value : last;
            insert.ExecuteNonQuery();
        }
    }

    private static object Blob(ReadOnlyMemory<byte>? column) => column is { } bytes ? bytes.ToArray() : DBNull.Value;

    private static EvidenceBatch ReadBatch(SqliteDataReader row) => EvidenceBatch.Read(
        row.GetInt64(0), row.GetInt64(1), row.GetInt32(2), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3)), (byte[])row[4], unchecked((ulong)row.GetInt64(5)));
}
