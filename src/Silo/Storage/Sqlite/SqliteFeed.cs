using System.Collections.Immutable;
using Assay.Grains.Authority;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Storage.Sqlite;

/// <summary>The numbers of the feed and what they name. One writer at a time, so commit order is number order.</summary>
internal static class SqliteFeed
{
    /// <summary>The next number, with who took it and why, and the objects it names.</summary>
    public static long Next(
        SqliteConnection connection, SqliteTransaction? transaction, TimeProvider clock, string actor, string reason, params ReadOnlySpan<ObjectKey> keys)
    {
        using var next = connection.Command(transaction, "UPDATE head SET number = number + 1 RETURNING number");
        var number = (long)next.ExecuteScalar()!;
        connection.Run(
            transaction,
            "INSERT INTO change VALUES ($number, $at, $actor, $reason)",
            ("$number", number), ("$at", clock.GetUtcNow().ToUnixTimeMilliseconds()), ("$actor", actor), ("$reason", reason));
        foreach (var key in keys)
            Add(connection, transaction, number, key);
        return number;
    }

    public static void Add(SqliteConnection connection, SqliteTransaction? transaction, long number, ObjectKey key) => connection.Run(
        transaction,
        "INSERT INTO feed VALUES ($number, $realm, $kind, $id) ON CONFLICT DO NOTHING",
        ("$number", number), ("$realm", key.Realm), ("$kind", key.Kind), ("$id", key.Id));

    public static long Head(SqliteConnection connection, SqliteTransaction? transaction)
    {
        using var query = connection.Command(transaction, "SELECT number FROM head");
        return (long)query.ExecuteScalar()!;
    }

    /// <summary>Everything after a number, in order.</summary>
    public static ImmutableArray<FeedEntry> Entries(SqliteConnection connection, long applied)
    {
        using var query = connection.Command(
            null, "SELECT number, realm, kind, id FROM feed WHERE number > $applied ORDER BY number", ("$applied", applied));
        using var rows = query.ExecuteReader();
        var entries = new FeedEntries();
        while (rows.Read())
            entries.Add(rows.GetInt64(0), new ObjectKey(rows.GetString(1), rows.GetString(2), rows.GetString(3)));
        return entries.ToImmutable();
    }
}
