using System.Data.Common;
using Assay.Grains.Authority;
using Npgsql;

namespace Assay.Silo.Storage.Postgres;

/// <summary>
/// Changes, each one transaction of three round trips: take the number and look, write, commit. The first statement locks the head of the feed, so
/// the looks that follow it see everything that was committed before.
/// </summary>
internal sealed class PostgresChanges(PostgresDatabase database)
{
    public Task<CommitResult> Commit(Change change, CancellationToken cancellationToken)
    {
        ChangeRules.Check(change);
        foreach (var write in change.Writes)
        {
            if (!PostgresText.CanBe(write.Key.Realm, write.Key.Kind, write.Key.Id) || !PostgresText.CanBe(write.UniqueKeys.AsSpan()))
                throw new ArgumentException($"a name holds a character that cannot be stored: {PostgresText.Legible(write.Key.ToString())}", nameof(change));
        }

        return database.Transact<CommitResult>(
            async (connection, transaction, token) =>
            {
                var (number, refused) = await Look(connection, change, token);
                if (refused is not null)
                    return refused;
                await Write(connection, change, number, token);
                await transaction.CommitAsync(token);
                return new CommitResult.Committed(number);
            },
            cancellationToken);
    }

    private static async Task<(long Number, CommitResult? Refused)> Look(NpgsqlConnection connection, Change change, CancellationToken cancellationToken)
    {
        var keys = change.Writes.Select(write => write.Key).ToArray();
        var (realms, kinds, ids) = PostgresFeed.Columns(keys);
        var wanted = Wanted(change);

        await using var batch = new NpgsqlBatch(connection);
        batch.AddNext(change.Actor, change.Reason, keys);
        batch.Add(
            """
            SELECT o.number, o.body IS NULL
            FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS k (realm, kind, id, place)
            LEFT JOIN LATERAL (
                SELECT number, body FROM assay.object
                WHERE realm = k.realm AND kind = k.kind AND id = k.id ORDER BY number DESC LIMIT 1) o ON true
            ORDER BY k.place
            """,
            Parameter.Of(realms), Parameter.Of(kinds), Parameter.Of(ids));
        batch.Add(
            """
            SELECT u.realm, u.name, u.kind, u.id
            FROM unnest($1::text[], $2::text[]) AS k (realm, name)
            JOIN assay.unique_key u ON u.realm = k.realm AND u.name = k.name
            """,
            Parameter.Of([.. wanted.Select(one => one.Realm)]), Parameter.Of([.. wanted.Select(one => one.Name)]));

        await using var rows = await batch.ExecuteReaderAsync(cancellationToken);
        var number = await PostgresFeed.ReadNext(rows, cancellationToken);
        await rows.NextResultAsync(cancellationToken);
        var conflict = await FindConflict(rows, change, cancellationToken);
        await rows.NextResultAsync(cancellationToken);
        return (number, conflict ?? await FindTaken(rows, change, cancellationToken));
    }

    private static async Task<CommitResult?> FindConflict(DbDataReader rows, Change change, CancellationToken cancellationToken)
    {
        foreach (var write in change.Writes)
        {
            await rows.ReadAsync(cancellationToken);
            var actual = rows.IsDBNull(0) || rows.GetBoolean(1) ? 0 : rows.GetInt64(0);
            if (actual != write.ExpectedNumber)
                return new CommitResult.Conflict(write.Key, actual);
        }

        return null;
    }

    private static async Task<CommitResult?> FindTaken(DbDataReader rows, Change change, CancellationToken cancellationToken)
    {
        var changed = change.Writes.Select(write => write.Key).ToHashSet();
        var holders = new Dictionary<(string, string), ObjectKey>();
        while (await rows.ReadAsync(cancellationToken))
        {
            // An object of this change gives up what it held, so that one change may move a key from one to another.
            var holder = new ObjectKey(rows.GetString(0), rows.GetString(2), rows.GetString(3));
            if (!changed.Contains(holder))
                holders.Add((holder.Realm, rows.GetString(1)), holder);
        }

        foreach (var write in change.Writes)
        {
            foreach (var name in write.UniqueKeys)
            {
                if (!holders.TryAdd((write.Key.Realm, name), write.Key) && holders[(write.Key.Realm, name)] is var holder && holder != write.Key)
                    return new CommitResult.KeyTaken(name, holder);
            }
        }

        return null;
    }

    private static async Task Write(NpgsqlConnection connection, Change change, long number, CancellationToken cancellationToken)
    {
        var (realms, kinds, ids) = PostgresFeed.Columns([.. change.Writes.Select(write => write.Key)]);
        var bodies = change.Writes.Select(write => write.Body?.ToArray()).ToArray();
        var wanted = Wanted(change);

        await using var batch = new NpgsqlBatch(connection);
        batch.Add(
            """
            INSERT INTO assay.object (realm, kind, id, number, body)
            SELECT k.realm, k.kind, k.id, $5, k.body FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[]) AS k (realm, kind, id, body)
            """,
            Parameter.Of(realms), Parameter.Of(kinds), Parameter.Of(ids), Parameter.Of(bodies), Parameter.Of(number));
        batch.Add(
            """
            DELETE FROM assay.unique_key u USING unnest($1::text[], $2::text[], $3::text[]) AS k (realm, kind, id)
            WHERE u.realm = k.realm AND u.kind = k.kind AND u.id = k.id
            """,
            Parameter.Of(realms), Parameter.Of(kinds), Parameter.Of(ids));
        batch.Add(
            """
            INSERT INTO assay.unique_key (realm, name, kind, id)
            SELECT k.realm, k.name, k.kind, k.id FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS k (realm, name, kind, id)
            """,
            Parameter.Of([.. wanted.Select(one => one.Realm)]), Parameter.Of([.. wanted.Select(one => one.Name)]),
            Parameter.Of([.. wanted.Select(one => one.Holder.Kind)]), Parameter.Of([.. wanted.Select(one => one.Holder.Id)]));
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private static List<(string Realm, string Name, ObjectKey Holder)> Wanted(Change change) =>
        [.. change.Writes.SelectMany(write => write.UniqueKeys.Select(name => (write.Key.Realm, name, write.Key))).Distinct()];
}
