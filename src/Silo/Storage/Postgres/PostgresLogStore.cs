using System.Collections.Immutable;
using Assay.Silo.Evidence;

namespace Assay.Silo.Storage.Postgres;

/// <summary>The rows of <see cref="PostgresEvidenceStore"/> as they lie.</summary>
internal sealed class PostgresLogStore(PostgresDatabase database) : ILogStore
{
    private const int MostPerPage = 4096;

    /// <summary>Finds the shards one by one in the index: costs what there are, however many batches they hold.</summary>
    private const string EveryShard = """
        WITH RECURSIVE every (shard) AS (
            SELECT max(shard) FROM assay.batch
            UNION ALL SELECT (SELECT max(b.shard) FROM assay.batch b WHERE b.shard < every.shard) FROM every WHERE every.shard IS NOT NULL)
        """;

    private const string NamedShards = "WITH every (shard) AS (SELECT epoch FROM assay.epoch WHERE seal IS NULL UNION SELECT unnest($1::bigint[]))";

    private const string NewestOfEach = """
        SELECT b.shard, b.first + b.count, b.root, b.signature, b.at, e.seal IS NOT NULL
        FROM every
        CROSS JOIN LATERAL (SELECT * FROM assay.batch WHERE shard = every.shard ORDER BY first DESC LIMIT 1) b
        LEFT JOIN assay.epoch e ON e.epoch = b.shard
        ORDER BY b.shard
        """;

    public Task<ImmutableArray<StoredHead>> Heads(ImmutableArray<long>? named, CancellationToken cancellationToken) => database.Read(
        async (connection, token) =>
        {
            await using var query = named is { } shards
                ? connection.Command($"{NamedShards} {NewestOfEach}", Parameter.Of(shards.ToArray()))
                : connection.Command($"{EveryShard} {NewestOfEach}");
            var heads = ImmutableArray.CreateBuilder<StoredHead>();
            await using var rows = await query.ExecuteReaderAsync(token);
            while (await rows.ReadAsync(token))
            {
                heads.Add(new StoredHead(
                    rows.GetInt64(0), rows.GetInt64(1), LogColumns.Root(rows.IsDBNull(2) ? [] : rows.Bytes(2)), rows.IsDBNull(3) ? [] : rows.Bytes(3), rows.Time(4),
                    rows.GetBoolean(5)));
            }

            return heads.DrainToImmutable();
        },
        cancellationToken);

    /// <summary>The sizes first, so that no more than a page leaves the server.</summary>
    public Task<ImmutableArray<StoredBatch>> Batches(long shard, long position, int maxBytes, CancellationToken cancellationToken) => database.Read(
        async (connection, token) =>
        {
            await using var query = connection.Command(
                """
                WITH near AS (
                    SELECT first, octet_length(payload) AS bytes FROM assay.batch
                    WHERE shard = $1 AND first >= coalesce((SELECT first FROM assay.batch WHERE shard = $1 AND first <= $2 ORDER BY first DESC LIMIT 1), $2)
                        AND first + count > $2
                    ORDER BY first LIMIT $3),
                page AS (SELECT first, sum(bytes) OVER (ORDER BY first) - bytes AS before FROM near)
                SELECT b.shard, b.first, b.count, b.at, b.payload, b.checksum, b.salts, b.leaves, b.root, b.signature
                FROM page p JOIN assay.batch b ON b.shard = $1 AND b.first = p.first
                WHERE p.before < $4 ORDER BY b.first
                """,
                Parameter.Of(shard), Parameter.Of(position), Parameter.Of(MostPerPage), Parameter.Of(maxBytes));
            var batches = ImmutableArray.CreateBuilder<StoredBatch>();
            await using var rows = await query.ExecuteReaderAsync(token);
            while (await rows.ReadAsync(token))
            {
                byte[] Bytes(int column) => rows.IsDBNull(column) ? [] : rows.Bytes(column);
                batches.Add(new StoredBatch(
                    rows.GetInt64(0), rows.GetInt64(1), rows.GetInt32(2), rows.Time(3), rows.Bytes(4), unchecked((ulong)rows.GetInt64(5)), Bytes(6), Bytes(7), Bytes(8), Bytes(9)));
            }

            return batches.DrainToImmutable();
        },
        cancellationToken);

    public Task<ImmutableArray<StoredLeaves>> Leaves(long shard, long start, long end, CancellationToken cancellationToken) => database.Read(
        async (connection, token) =>
        {
            await using var query = connection.Command(
                """
                SELECT first, count, leaves FROM assay.batch
                WHERE shard = $1 AND first < $3
                    AND first >= coalesce((SELECT first FROM assay.batch WHERE shard = $1 AND first <= $2 ORDER BY first DESC LIMIT 1), $2)
                ORDER BY first
                """,
                Parameter.Of(shard), Parameter.Of(start), Parameter.Of(end));
            var leaves = ImmutableArray.CreateBuilder<StoredLeaves>();
            await using var rows = await query.ExecuteReaderAsync(token);
            while (await rows.ReadAsync(token))
                leaves.Add(new StoredLeaves(rows.GetInt64(0), rows.GetInt32(1), rows.IsDBNull(2) ? [] : rows.Bytes(2)));
            return leaves.DrainToImmutable();
        },
        cancellationToken);

    public Task<long> Drop(DateTimeOffset before, int batches, CancellationToken cancellationToken) => database.Transact(
        async (connection, transaction, token) =>
        {
            var dropped = await connection.Scalar<long>(
                token,
                """
                WITH old AS (
                    SELECT shard, first FROM assay.batch WHERE at < $1 AND octet_length(payload) > 0 AND leaves IS NOT NULL ORDER BY at LIMIT $2),
                dropped AS (
                    UPDATE assay.batch b SET payload = '', salts = '' FROM old WHERE b.shard = old.shard AND b.first = old.first RETURNING b.count)
                SELECT coalesce(sum(count), 0)::bigint FROM dropped
                """,
                Parameter.Of(before), Parameter.Of(batches));
            if (dropped == 0) // the last call; index rows carry the moment of their batch
                await connection.Execute(token, "DELETE FROM assay.subject WHERE at < $1", Parameter.Of(before));
            await transaction.CommitAsync(token);
            return dropped;
        },
        cancellationToken);
}
