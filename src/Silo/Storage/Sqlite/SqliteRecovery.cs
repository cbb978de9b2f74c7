using System.Collections.Immutable;
using System.Globalization;
using Assay.Core.Registry;
using Assay.Core.Tokens;
using Assay.Grains.Authority;
using Assay.Silo.Recovery;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Storage.Sqlite;

/// <summary>The lock on the data folder keeps every silo away, and opening the state has sealed every epoch: no lease is ever in the way here.</summary>
internal sealed class SqliteRecovery(SqliteDatabase state, SqliteDatabase evidence, TimeProvider clock) : IRecoveryStore
{
    public Task<TimelineOpening> Open(Func<RecoveryBasis, Timeline> make, string reason, CancellationToken cancellationToken) => state.Write<TimelineOpening>((connection, transaction) =>
    {
        var basis = new RecoveryBasis(
            Timelines.Of(Earlier(connection, transaction)), SqliteFeed.Head(connection, transaction), Newest(connection, transaction), Ends(connection, transaction));
        var timeline = make(basis);
        var key = new ObjectKey(ObjectKey.NoRealm, ObjectKinds.Timeline, timeline.Number.ToString(CultureInfo.InvariantCulture));
        var number = SqliteFeed.Next(connection, transaction, clock, "operator", reason, key);
        connection.Run(
            transaction, "INSERT INTO object VALUES ($realm, $kind, $id, $number, $body)",
            ("$realm", key.Realm), ("$kind", key.Kind), ("$id", key.Id), ("$number", number), ("$body", RegistryJson.Write(timeline).ToArray()));

        // Epochs are counted on from the highest there ever was.
        connection.Run(
            transaction, "INSERT INTO lease (epoch, slot, joined, seal) VALUES ($epoch, '', $now, $number)",
            ("$epoch", timeline.FirstShard - 1), ("$now", clock.GetUtcNow().ToUnixTimeMilliseconds()), ("$number", number));
        return new TimelineOpening.Opened(timeline, number);
    });

    private static List<Timeline> Earlier(SqliteConnection connection, SqliteTransaction transaction)
    {
        using var query = connection.Command(
            transaction, "SELECT body FROM object WHERE realm = $realm AND kind = $kind", ("$realm", ObjectKey.NoRealm), ("$kind", ObjectKinds.Timeline));
        using var rows = query.ExecuteReader();
        var timelines = new List<Timeline>();
        while (rows.Read())
            timelines.Add(RegistryJson.ReadTimeline((byte[])rows[0]));
        return timelines;
    }

    private static long Newest(SqliteConnection connection, SqliteTransaction transaction)
    {
        using var query = connection.Command(transaction, "SELECT coalesce(max(epoch), 0) FROM lease");
        return (long)query.ExecuteScalar()!;
    }

    private ImmutableArray<ShardEnd> Ends(SqliteConnection connection, SqliteTransaction transaction)
    {
        using var query = connection.Command(
            transaction, "SELECT l.epoch FROM lease AS l LEFT JOIN change AS c ON c.number = l.seal WHERE l.seal IS NULL OR c.at > $recent ORDER BY l.epoch",
            ("$recent", (clock.GetUtcNow() - RecoveryBasis.RecentSeal).ToUnixTimeMilliseconds()));
        using var rows = query.ExecuteReader();
        var ends = ImmutableArray.CreateBuilder<ShardEnd>();
        while (rows.Read())
            ends.Add(new ShardEnd(rows.GetInt64(0), SizeOf(rows.GetInt64(0))));
        return ends.DrainToImmutable();
    }

    private long SizeOf(long shard) => evidence.Read(connection =>
    {
        using var query = connection.Command(null, "SELECT first + count FROM batch WHERE shard = $shard ORDER BY first DESC LIMIT 1", ("$shard", shard));
        return query.ExecuteScalar() as long? ?? 0;
    });
}
