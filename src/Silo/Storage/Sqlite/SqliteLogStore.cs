using System.Collections.Immutable;
using Assay.Silo.Evidence;
using Assay.Silo.Storage.Sqlite.Subjects;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Storage.Sqlite;

/// <summary>The rows of <see cref="SqliteEvidenceStore"/> as they lie.</summary>
internal sealed class SqliteLogStore(SqliteDatabase database, SqliteLeases leases, SubjectIndex subjects) : ILogStore
{
    private const string From = "coalesce((SELECT first FROM batch WHERE shard = $shard AND first <= $start ORDER BY first DESC LIMIT 1), $start)";

    public Task<ImmutableArray<StoredHead>> Heads(ImmutableArray<long>? named, CancellationToken cancellationToken)
    {
        // Before the look at the batches: what is sealed by then has all that it will ever have.
        var open = leases.Open();
        return Task.FromResult(database.Read(connection =>
        {
            var heads = ImmutableArray.CreateBuilder<StoredHead>();
            using var newest = connection.Command(null, "SELECT max(shard) FROM batch WHERE shard < $below", ("$below", long.MaxValue));
            for (var below = newest.ExecuteScalar(); below is long shard; below = newest.ExecuteScalar())
            {
                newest.Parameters[0].Value = shard;
                if (named is { } wanted && !open.Contains(shard) && !wanted.Contains(shard))
                    continue;
                using var query = connection.Command(
                    null, "SELECT first + count, root, signature, at FROM batch WHERE shard = $shard ORDER BY first DESC LIMIT 1", ("$shard", shard));
                using var row = query.ExecuteReader();
                row.Read();
                heads.Add(new StoredHead(
                    shard, row.GetInt64(0), LogColumns.Root(row.IsDBNull(1) ? [] : (byte[])row[1]), row.IsDBNull(2) ? Array.Empty<byte>() : (byte[])row[2],
                    DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3)), !open.Contains(shard)));
            }

            heads.Reverse();
            return heads.DrainToImmutable();
        }));
    }

    public Task<ImmutableArray<StoredBatch>> Batches(long shard, long position, int maxBytes, CancellationToken cancellationToken) => Task.FromResult(database.Read(connection =>
    {
        using var query = connection.Command(
            null,
            $"""
            SELECT shard, first, count, at, payload, checksum, salts, leaves, root, signature FROM batch
            WHERE shard = $shard AND first >= {From} AND first + count > $start ORDER BY first
            """,
            ("$shard", shard), ("$start", position));
        var batches = ImmutableArray.CreateBuilder<StoredBatch>();
        using var rows = query.ExecuteReader();
        byte[] Bytes(int column) => rows.IsDBNull(column) ? [] : (byte[])rows[column];
        for (var bytes = 0L; bytes < maxBytes && rows.Read();)
        {
            var batch = new StoredBatch(
                rows.GetInt64(0), rows.GetInt64(1), rows.GetInt32(2), DateTimeOffset.FromUnixTimeMilliseconds(rows.GetInt64(3)), Bytes(4),
                unchecked((ulong)rows.GetInt64(5)), Bytes(6), Bytes(7), Bytes(8), Bytes(9));
            bytes += batch.Payload.Length + batch.Leaves.Length;
            batches.Add(batch);
        }

        return batches.DrainToImmutable();
    }));

    public Task<ImmutableArray<StoredLeaves>> Leaves(long shard, long start, long end, CancellationToken cancellationToken) => Task.FromResult(database.Read(connection =>
    {
        using var query = connection.Command(
            null,
            $"SELECT first, count, leaves FROM batch WHERE shard = $shard AND first < $end AND first >= {From} ORDER BY first",
            ("$shard", shard), ("$start", start), ("$end", end));
        var leaves = ImmutableArray.CreateBuilder<StoredLeaves>();
        using var rows = query.ExecuteReader();
        while (rows.Read())
            leaves.Add(new StoredLeaves(rows.GetInt64(0), rows.GetInt32(1), rows.IsDBNull(2) ? Array.Empty<byte>() : (byte[])rows[2]));
        return leaves.DrainToImmutable();
    }));

    public async Task<long> Drop(DateTimeOffset before, int batches, CancellationToken cancellationToken)
    {
        var dropped = await database.Write((connection, transaction) => Drop(connection, transaction, before, batches));
        if (dropped == 0)
            await subjects.Drop(before);
        return dropped;
    }

    private static long Drop(SqliteConnection connection, SqliteTransaction transaction, DateTimeOffset before, int batches)
    {
        long dropped;
        using (var count = connection.Command(
            transaction,
            """
            UPDATE batch SET payload = x'', salts = x'' WHERE rowid IN (
                SELECT rowid FROM batch WHERE at < $before AND length(payload) > 0 AND leaves IS NOT NULL ORDER BY at LIMIT $limit)
            RETURNING count
            """,
            ("$before", before.ToUnixTimeMilliseconds()), ("$limit", batches)))
        using (var rows = count.ExecuteReader())
        {
            for (dropped = 0; rows.Read();)
                dropped += rows.GetInt64(0);
        }

        return dropped;
    }
}
