using System.Data.Common;
using Assay.Grains.Authority;
using Npgsql;

namespace Assay.Silo.Storage.Postgres;

/// <summary>
/// The numbers of the feed. The row they come from stays locked until the transaction ends, so commit order is number order and a number that was
/// rolled back is given again.
/// </summary>
internal static class PostgresFeed
{
    /// <summary>Channel of <c>NOTIFY</c>; the payload is one of the two words below.</summary>
    public const string Channel = "assay";
    public const string FeedMoved = "feed";
    public const string LeasesMoved = "leases";

    /// <summary>Takes part in every change, so that no change of this program is ever acknowledged before it is on disk.</summary>
    public const string IsDurable = "(current_setting('synchronous_commit') <> 'off' AND current_setting('fsync') = 'on')";

    private const string TakeNext = $"""
        WITH next AS (UPDATE assay.head SET number = number + 1 RETURNING number),
        noted AS (INSERT INTO assay.change (number, at, actor, reason) SELECT number, clock_timestamp(), $1, $2 FROM next),
        entered AS (
            INSERT INTO assay.feed (number, realm, kind, id)
            SELECT next.number, k.realm, k.kind, k.id FROM next, unnest($3::text[], $4::text[], $5::text[]) AS k (realm, kind, id))
        SELECT number, {IsDurable}, pg_notify('{Channel}', '{FeedMoved}') FROM next
        """;

    /// <summary>
    /// Adds a statement that takes the next number for these objects and, when the transaction commits, tells everybody. <see cref="ReadNext"/> reads its row.
    /// </summary>
    public static void AddNext(this NpgsqlBatch batch, string actor, string reason, params ReadOnlySpan<ObjectKey> keys)
    {
        var (realms, kinds, ids) = Columns(keys);
        batch.Add(
            TakeNext, Parameter.Of(PostgresText.Legible(actor)), Parameter.Of(PostgresText.Legible(reason)),
            Parameter.Of(realms), Parameter.Of(kinds), Parameter.Of(ids));
    }

    public static async Task<long> ReadNext(DbDataReader rows, CancellationToken cancellationToken)
    {
        if (!await rows.ReadAsync(cancellationToken))
            throw new InvalidDataException("assay.head is empty: this database was not set up by this program, or was damaged");
        if (!rows.GetBoolean(1))
            throw new InvalidOperationException("fsync or synchronous_commit was turned off: nothing is changed until both are on again");
        return rows.GetInt64(0);
    }

    /// <summary>Takes the next number in a round trip of its own.</summary>
    public static async Task<long> Next(NpgsqlConnection connection, string reason, ObjectKey key, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.AddNext("system", reason, key);
        await using var rows = await batch.ExecuteReaderAsync(cancellationToken);
        return await ReadNext(rows, cancellationToken);
    }

    /// <summary>Waits for whoever is changing something, and keeps everybody else from it until the transaction ends. Answers the head.</summary>
    public static Task<long> Lock(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        connection.Scalar<long>(cancellationToken, "SELECT number FROM assay.head FOR UPDATE");

    public static (string[] Realms, string[] Kinds, string[] Ids) Columns(ReadOnlySpan<ObjectKey> keys)
    {
        var (realms, kinds, ids) = (new string[keys.Length], new string[keys.Length], new string[keys.Length]);
        for (var i = 0; i < keys.Length; i++)
            (realms[i], kinds[i], ids[i]) = (keys[i].Realm, keys[i].Kind, keys[i].Id);
        return (realms, kinds, ids);
    }
}
