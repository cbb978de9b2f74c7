using System.Collections.Immutable;
using System.Data.Common;
using Assay.Grains.Authority;
using Npgsql;

namespace Assay.Silo.Storage.Postgres;

/// <summary>
/// Evidence in PostgreSQL: one row a batch and one index row per subject in it, in one statement that also finds the epoch unsealed and locks it. That
/// statement is the whole transaction, so an append is one round trip and its commit the fence.
/// </summary>
/// <param name="appends">Connections for appends alone.</param>
internal sealed class PostgresEvidenceStore(PostgresDatabase appends, PostgresDatabase reads) : IEvidenceStore
{
    // When an earlier try of the same batch is still under way on a connection that was given up, ON CONFLICT waits for it.
    private const string AppendBatch = $"""
        WITH fence AS (
            SELECT epoch FROM assay.epoch WHERE epoch = $1 AND seal IS NULL AND {PostgresFeed.IsDurable} FOR SHARE),
        added AS (
            INSERT INTO assay.batch (shard, first, count, at, payload, checksum, salts, leaves, root, signature)
            SELECT $1, $2, $3, $4, $5, $6, $14, $15, $16, $17 FROM fence
            WHERE $2 = coalesce((SELECT first + count FROM assay.batch WHERE shard = $1 ORDER BY first DESC LIMIT 1), 0)
            ON CONFLICT DO NOTHING
            RETURNING shard),
        indexed AS (
            INSERT INTO assay.subject (realm, subject, at, shard, first, positions, spent, spent_until)
            SELECT k.realm, k.subject, k.at, added.shard, k.first, k.positions, k.spent, k.spent_until
            FROM added, unnest($7::text[], $8::text[], $9::timestamptz[], $10::bigint[], $11::bytea[], $12::bytea[], $13::bigint[])
                AS k (realm, subject, at, first, positions, spent, spent_until))
        SELECT count(*) FROM added
        """;

    /// <summary>Batches of one page, however small they are.</summary>
    private const int MostPerPage = 4096;

    private static readonly DateTimeOffset EndOfTime = new(9999, 12, 31, 0, 0, 0, TimeSpan.Zero);

    private const string BatchColumns = "shard, first, count, at, payload, checksum";

    public Task<BatchResult> Append(EvidenceBatch batch, CancellationToken cancellationToken) => appends.Once(
        async (connection, token) =>
        {
            await using var append = AppendCommand(connection, batch);
            return (long)(await append.ExecuteScalarAsync(token))! == 1 ? BatchResult.Committed : await WhyNot(connection, batch, token);
        },
        cancellationToken);

    public Task<EvidenceBatch?> Find(long shard, long position, CancellationToken cancellationToken) => reads.Read(
        async (connection, token) =>
        {
            await using var query = connection.Command(
                $"SELECT {BatchColumns} FROM assay.batch WHERE shard = $1 AND first <= $2 ORDER BY first DESC LIMIT 1",
                Parameter.Of(shard), Parameter.Of(position));
            await using var rows = await query.ExecuteReaderAsync(token);
            return await rows.ReadAsync(token) && position < rows.GetInt64(1) + rows.GetInt32(2) ? ReadBatch(rows) : null;
        },
        cancellationToken);

    public Task<ImmutableArray<EvidenceIndexRow>> Index(string realm, string subject, DateTimeOffset since, int limit, CancellationToken cancellationToken) =>
        IndexBack(realm, subject, EndOfTime, since, limit, cancellationToken);

    public Task<ImmutableArray<EvidenceIndexRow>> IndexBack(
        string realm, string subject, DateTimeOffset until, DateTimeOffset since, int limit, CancellationToken cancellationToken)
    {
        if (!PostgresText.CanBe(realm, subject))
            return Task.FromResult<ImmutableArray<EvidenceIndexRow>>([]);
        return reads.Read(
            async (connection, token) =>
            {
                await using var query = connection.Command(
                    """
                    SELECT shard, at, positions, spent FROM assay.subject WHERE realm = $1 AND subject = $2 AND at >= $3 AND at <= $4
                    ORDER BY at DESC, shard DESC, first DESC LIMIT $5
                    """,
                    Parameter.Of(realm), Parameter.Of(subject), Parameter.Of(since), Parameter.Of(until), Parameter.Of(limit));
                var found = ImmutableArray.CreateBuilder<EvidenceIndexRow>();
                await using var rows = await query.ExecuteReaderAsync(token);
                while (await rows.ReadAsync(token))
                {
                    found.Add(new EvidenceIndexRow(
                        realm, subject, rows.GetInt64(0), rows.Time(1), EvidencePacking.ReadPositions(rows.Bytes(2)),
                        rows.IsDBNull(3) ? [] : EvidencePacking.ReadSpent(rows.Bytes(3))));
                }

                return found.DrainToImmutable();
            },
            cancellationToken);
    }

    public Task<ImmutableArray<ImmutableArray<SpentAssertion>>> Spent(ImmutableArray<SubjectKey> subjects, DateTimeOffset now, CancellationToken cancellationToken) => reads.Read(
        async (connection, token) =>
        {
            SubjectKey[] keys = [.. subjects.Select(static key => PostgresText.CanBe(key.Realm, key.Subject) ? key : new SubjectKey("", ""))]; // no subject is empty
            await using var query = connection.Command(
                """
                SELECT k.place, s.spent
                FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k (realm, subject, place)
                JOIN assay.subject s ON s.realm = k.realm AND s.subject = k.subject
                WHERE s.spent IS NOT NULL AND s.spent_until >= $3
                """,
                Parameter.Of([.. keys.Select(static key => key.Realm)]), Parameter.Of([.. keys.Select(static key => key.Subject)]), Parameter.Of(now.ToUnixTimeMilliseconds()));
            var found = new ImmutableArray<SpentAssertion>.Builder?[keys.Length]; // of most there are none
            await using var rows = await query.ExecuteReaderAsync(token);
            while (await rows.ReadAsync(token))
                EvidencePacking.AddLive(EvidencePacking.ReadSpent(rows.Bytes(1)), now, ref found[rows.GetInt64(0) - 1]);
            return found.Select(static one => one?.DrainToImmutable() ?? []).ToImmutableArray();
        },
        cancellationToken);

    public Task<ImmutableArray<EvidenceBatch>> Newest(int batches, CancellationToken cancellationToken) => reads.Read(
        async (connection, token) =>
        {
            await using var query = connection.Command(
                $"SELECT {BatchColumns} FROM assay.batch WHERE octet_length(payload) > 0 ORDER BY stored DESC, shard DESC, first DESC LIMIT $1", Parameter.Of(batches));
            var found = ImmutableArray.CreateBuilder<EvidenceBatch>();
            await using var rows = await query.ExecuteReaderAsync(token);
            while (await rows.ReadAsync(token))
                found.Add(ReadBatch(rows));
            return found.DrainToImmutable();
        },
        cancellationToken);

    /// <summary>The sizes first, so that no more than a page leaves the server.</summary>
    public Task<EvidencePage> Before(EvidencePlace place, DateTimeOffset since, int maxBytes, CancellationToken cancellationToken) => reads.Read(
        async (connection, token) =>
        {
            await using var query = connection.Command(
                """
                WITH near AS (
                    SELECT stored, shard, first, octet_length(payload) AS bytes FROM assay.batch
                    WHERE octet_length(payload) > 0 AND stored >= $1 AND (stored, shard, first) < ($2, $3, $4)
                    ORDER BY stored DESC, shard DESC, first DESC LIMIT $5),
                page AS (
                    SELECT shard, first, sum(bytes) OVER (ORDER BY stored DESC, shard DESC, first DESC) - bytes AS before FROM near)
                SELECT b.shard, b.first, b.count, b.at, b.payload, b.checksum, b.stored
                FROM page p JOIN assay.batch b ON b.shard = p.shard AND b.first = p.first
                WHERE p.before < $6 ORDER BY b.stored DESC, b.shard DESC, b.first DESC
                """,
                Parameter.Of(since), Parameter.Of(place.Stored), Parameter.Of(place.Shard), Parameter.Of(place.FirstPosition), Parameter.Of(MostPerPage), Parameter.Of(maxBytes));
            var page = new EvidencePaging(maxBytes);
            await using var rows = await query.ExecuteReaderAsync(token);
            while (await rows.ReadAsync(token))
            {
                page.Add(
                    new EvidencePlace(rows.Time(6), rows.GetInt64(0), rows.GetInt64(1)),
                    rows.GetInt32(2), rows.Time(3), rows.Bytes(4), unchecked((ulong)rows.GetInt64(5)));
            }

            return page.End(isLast: !page.IsFull && page.Count < MostPerPage);
        },
        cancellationToken);

    private static NpgsqlCommand AppendCommand(NpgsqlConnection connection, EvidenceBatch batch)
    {
        var rows = batch.Index.Length;
        var (realms, subjects, times, firsts) = (new string[rows], new string[rows], new DateTimeOffset[rows], new long[rows]);
        var (positions, spent, until) = (new byte[]?[rows], new byte[]?[rows], new long?[rows]);
        for (var i = 0; i < rows; i++)
        {
            var row = batch.Index[i];
            (realms[i], subjects[i], times[i], firsts[i]) = (row.Realm, row.Subject, row.At.ToUniversalTime(), row.Positions[0]);
            positions[i] = EvidencePacking.WritePositions(row.Positions);
            if (row.Spent.IsEmpty)
                continue;
            spent[i] = EvidencePacking.WriteSpent(row.Spent, out var last);
            until[i] = last;
        }

        return connection.Command(
            AppendBatch,
            Parameter.Of(batch.Shard), Parameter.Of(batch.FirstPosition), Parameter.Of(batch.Count), Parameter.Of(batch.CommittedAt),
            Parameter.Of(batch.Payload), Parameter.Of(unchecked((long)batch.Checksum)),
            Parameter.Of(realms), Parameter.Of(subjects), Parameter.Of(times), Parameter.Of(firsts),
            Parameter.Of(positions), Parameter.Of(spent), Parameter.Of(until),
            Parameter.Of(batch.Proof?.Salts), Parameter.Of(batch.Proof?.Leaves), Parameter.Of(batch.Proof?.Root.ToArray()), Parameter.Of(batch.Proof?.Signature));
    }

    /// <summary>
    /// A new look, after the statement that added nothing. Whoever sealed the epoch waited for every append before, so what is not there now never
    /// will be.
    /// </summary>
    private static async Task<BatchResult> WhyNot(NpgsqlConnection connection, EvidenceBatch batch, CancellationToken cancellationToken)
    {
        await using var query = connection.Command(
            $"""
            SELECT e.epoch IS NOT NULL AND e.seal IS NULL, {PostgresFeed.IsDurable}, b.checksum, b.count,
                coalesce((SELECT first + count FROM assay.batch WHERE shard = $1 ORDER BY first DESC LIMIT 1), 0)
            FROM (SELECT $1::bigint AS shard) k
            LEFT JOIN assay.epoch e ON e.epoch = k.shard
            LEFT JOIN assay.batch b ON b.shard = k.shard AND b.first = $2
            """,
            Parameter.Of(batch.Shard), Parameter.Of(batch.FirstPosition));
        await using var rows = await query.ExecuteReaderAsync(cancellationToken);
        await rows.ReadAsync(cancellationToken);
        if (!rows.IsDBNull(2))
        {
            return unchecked((ulong)rows.GetInt64(2)) == batch.Checksum && rows.GetInt32(3) == batch.Count
                ? BatchResult.Committed
                : throw new InvalidOperationException($"position {batch.FirstPosition} of shard {batch.Shard} is taken by other records");
        }

        if (!rows.GetBoolean(0))
            return BatchResult.Sealed;
        throw new InvalidOperationException(
            rows.GetBoolean(1)
                ? $"position {batch.FirstPosition} of shard {batch.Shard} is not the next one: that is {rows.GetInt64(4)}"
                : "fsync or synchronous_commit was turned off: no evidence is taken until both are on again");
    }

    private static EvidenceBatch ReadBatch(DbDataReader row) => EvidenceBatch.Read(
        row.GetInt64(0), row.GetInt64(1), row.GetInt32(2), row.Time(3), row.Bytes(4), unchecked((ulong)row.GetInt64(5)));
}
