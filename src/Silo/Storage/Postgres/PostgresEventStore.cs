using System.Collections.Immutable;
using System.Data.Common;
using Assay.Core.SharedSignals;
using Assay.Grains.SharedSignals;
using Npgsql;

namespace Assay.Silo.Storage.Postgres;

/// <summary>Event streams beside the authority, whose feed they follow. Each call is one round trip.</summary>
internal sealed class PostgresEventStore(PostgresDatabase database) : IEventStore
{
    private const string Columns = "SELECT id, owner, version, body FROM assay.event_stream";

    public async Task<StoredStream?> Read(string realm, string id, CancellationToken cancellationToken) =>
        PostgresText.CanBe(id)
            ? (await Streams($"{Columns} WHERE realm = $1 AND id = $2", cancellationToken, () => [Parameter.Of(realm), Parameter.Of(id)])).FirstOrDefault()
            : null;

    public Task<ImmutableArray<StoredStream>> Of(string realm, string owner, CancellationToken cancellationToken) =>
        Streams($"{Columns} WHERE realm = $1 AND owner = $2 ORDER BY id", cancellationToken, () => [Parameter.Of(realm), Parameter.Of(owner)]);

    public Task<ImmutableArray<StoredStream>> Page(string realm, string? after, int limit, CancellationToken cancellationToken) => Streams(
        $"{Columns} WHERE realm = $1 AND id > $2 ORDER BY id LIMIT $3", cancellationToken, () => [Parameter.Of(realm), Parameter.Of(PostgresText.Start(after ?? "")), Parameter.Of(limit)]);

    public async Task<bool> Add(string realm, string id, string owner, ReadOnlyMemory<byte> body, int most, CancellationToken cancellationToken)
    {
        // Who takes the same free slot at the same moment takes none; each time somebody got one.
        for (var tries = 0; tries < most; tries++)
        {
            var added = await Change(
                """
                INSERT INTO assay.event_stream (realm, id, owner, slot, version, body)
                SELECT $1, $2, $3, s.slot, 1, $4 FROM generate_series(0, $5 - 1) AS s (slot)
                WHERE NOT EXISTS (SELECT FROM assay.event_stream WHERE realm = $1 AND owner = $3 AND slot = s.slot)
                ORDER BY s.slot LIMIT 1
                ON CONFLICT (realm, owner, slot) DO NOTHING
                """,
                cancellationToken, Parameter.Of(realm), Parameter.Of(id), Parameter.Of(owner), Parameter.Of(body), Parameter.Of(most));
            if (added == 1)
                return true;
            if ((await Of(realm, owner, cancellationToken)).Length >= most)
                return false;
        }

        return false;
    }

    public async Task<bool> Write(string realm, string id, long version, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) => await Change(
        "UPDATE assay.event_stream SET body = $4, version = version + 1 WHERE realm = $1 AND id = $2 AND version = $3",
        cancellationToken, Parameter.Of(realm), Parameter.Of(id), Parameter.Of(version), Parameter.Of(body)) == 1;

    public async Task<bool> Remove(string realm, string id, CancellationToken cancellationToken) =>
        await Change("DELETE FROM assay.event_stream WHERE realm = $1 AND id = $2", cancellationToken, Parameter.Of(realm), Parameter.Of(id)) == 1;

    public Task<ImmutableArray<StreamSubject>> Subjects(string realm, string id, CancellationToken cancellationToken) => database.Read(
        async (connection, token) =>
        {
            await using var query = connection.Command(
                "SELECT subject, since FROM assay.event_subject WHERE realm = $1 AND stream = $2 ORDER BY subject", Parameter.Of(realm), Parameter.Of(id));
            var subjects = ImmutableArray.CreateBuilder<StreamSubject>();
            await using var rows = await query.ExecuteReaderAsync(token);
            while (await rows.ReadAsync(token))
                subjects.Add(new StreamSubject(rows.GetString(0), rows.GetInt64(1)));
            return subjects.DrainToImmutable();
        },
        cancellationToken);

    public async Task<bool> SetSubject(string realm, string id, long version, string subject, bool isThere, CancellationToken cancellationToken) => await Change(
        "WITH raised AS (UPDATE assay.event_stream SET version = version + 1 WHERE realm = $1 AND id = $2 AND version = $3 RETURNING 1), "
        + (isThere
            ? "changed AS (INSERT INTO assay.event_subject (realm, stream, subject, since) SELECT $1, $2, $4, h.number FROM raised, assay.head h ON CONFLICT DO NOTHING) "
            : "changed AS (DELETE FROM assay.event_subject WHERE realm = $1 AND stream = $2 AND subject = $4 AND EXISTS (SELECT FROM raised)) ")
        + "SELECT count(*) FROM raised",
        cancellationToken, isScalar: true, Parameter.Of(realm), Parameter.Of(id), Parameter.Of(version), Parameter.Of(subject)) == 1;

    public Task<long> Head(CancellationToken cancellationToken) =>
        database.Read((connection, token) => connection.Scalar<long>(token, "SELECT number FROM assay.head"), cancellationToken);

    public Task<FeedSlice> Feed(string realm, FeedPlace after, int limit, CancellationToken cancellationToken) => database.Read(
        async (connection, token) =>
        {
            await using var query = connection.Command(
                """
                SELECT h.number, e.number, e.kind, e.id, e.at, e.actor
                FROM assay.head h
                LEFT JOIN LATERAL (
                    SELECT f.number, f.kind, f.id, c.at, c.actor
                    FROM assay.feed f JOIN assay.change c ON c.number = f.number
                    WHERE f.realm = $1 AND f.kind IN ('identity', 'revocation') AND f.number >= $2 AND (f.number, f.kind, f.id) > ($2, $3, $4)
                    ORDER BY f.number, f.kind, f.id LIMIT $5) e ON true
                ORDER BY e.number, e.kind, e.id
                """,
                Parameter.Of(realm), Parameter.Of(after.Number), Parameter.Of(after.Kind), Parameter.Of(after.Id), Parameter.Of(limit));
            var changes = ImmutableArray.CreateBuilder<FeedChange>();
            var head = 0L;
            await using var rows = await query.ExecuteReaderAsync(token);
            while (await rows.ReadAsync(token))
            {
                head = rows.GetInt64(0);
                if (!rows.IsDBNull(1))
                    changes.Add(new FeedChange(new FeedPlace(rows.GetInt64(1), rows.GetString(2), rows.GetString(3)), rows.Time(4), rows.GetString(5)));
            }

            var isWhole = changes.Count < limit;
            return new FeedSlice(changes.DrainToImmutable(), head, isWhole);
        },
        cancellationToken);

    private Task<ImmutableArray<StoredStream>> Streams(string sql, CancellationToken cancellationToken, Func<NpgsqlParameter[]> parameters) => database.Read(
        async (connection, token) =>
        {
            await using var query = connection.Command(sql, parameters()); // made for each try: a parameter belongs to one command
            await using var rows = await query.ExecuteReaderAsync(token);
            return await Streams(rows, token);
        },
        cancellationToken);

    private static async Task<ImmutableArray<StoredStream>> Streams(DbDataReader rows, CancellationToken cancellationToken)
    {
        var streams = ImmutableArray.CreateBuilder<StoredStream>();
        while (await rows.ReadAsync(cancellationToken))
            streams.Add(new StoredStream(rows.GetString(0), rows.GetString(1), rows.GetInt64(2), rows.Bytes(3)));
        return streams.DrainToImmutable();
    }

    private Task<long> Change(string sql, CancellationToken cancellationToken, params NpgsqlParameter[] parameters) => Change(sql, cancellationToken, false, parameters);

    /// <summary>How many rows the statement touched, or what it counted. One that was not durable would make events come again, which they may.</summary>
    private Task<long> Change(string sql, CancellationToken cancellationToken, bool isScalar, params NpgsqlParameter[] parameters) => database.Once(
        async (connection, token) => isScalar ? await connection.Scalar<long>(token, sql, parameters) : await connection.Execute(token, sql, parameters),
        cancellationToken);
}
