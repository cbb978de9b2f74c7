using System.Collections.Immutable;
using System.Globalization;
using Assay.Core.Registry;
using Assay.Core.Tokens;
using Assay.Grains.Authority;
using Assay.Silo.Recovery;
using Npgsql;

namespace Assay.Silo.Storage.Postgres;

/// <summary>With the head locked from its first look to its commit: no silo joins and nothing changes in between.</summary>
internal sealed class PostgresRecovery(PostgresDatabase database) : IRecoveryStore
{
    public Task<TimelineOpening> Open(Func<RecoveryBasis, Timeline> make, string reason, CancellationToken cancellationToken) => database.Transact<TimelineOpening>(
        async (connection, transaction, token) =>
        {
            var head = await PostgresFeed.Lock(connection, token);
            if (await Holders(connection, token) is { IsEmpty: false } holders)
                return new TimelineOpening.Held(holders);

            var newest = await connection.Scalar<long>(token, "SELECT coalesce(max(epoch), 0) FROM assay.epoch");
            var timeline = make(new RecoveryBasis(await Earlier(connection, token), head, newest, await Ends(connection, token)));
            await Seal(connection, token);
            var key = new ObjectKey(ObjectKey.NoRealm, ObjectKinds.Timeline, timeline.Number.ToString(CultureInfo.InvariantCulture));
            var number = await PostgresFeed.Next(connection, reason, key, token);
            await connection.Execute(
                token, "INSERT INTO assay.object (realm, kind, id, number, body) VALUES ($1, $2, $3, $4, $5)",
                Parameter.Of(key.Realm), Parameter.Of(key.Kind), Parameter.Of(key.Id), Parameter.Of(number), Parameter.Of(RegistryJson.Write(timeline)));

            // Epochs are counted on from the highest there is. It never had a lease, so nobody waits for it.
            await connection.Execute(
                token,
                "INSERT INTO assay.epoch (epoch, slot, address, joined, seal, sealed) VALUES ($1, '', '', clock_timestamp(), $2, clock_timestamp())",
                Parameter.Of(timeline.FirstShard - 1), Parameter.Of(number));
            await transaction.CommitAsync(token);
            return new TimelineOpening.Opened(timeline, number);
        },
        cancellationToken);

    private static async Task<ImmutableArray<string>> Holders(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var query = connection.Command(
            "SELECT DISTINCT e.slot FROM assay.lease l JOIN assay.epoch e USING (epoch) WHERE NOT l.given_back AND l.expires > clock_timestamp() ORDER BY e.slot");
        await using var rows = await query.ExecuteReaderAsync(cancellationToken);
        var slots = ImmutableArray.CreateBuilder<string>();
        while (await rows.ReadAsync(cancellationToken))
            slots.Add(rows.GetString(0));
        return slots.DrainToImmutable();
    }

    private static async Task<Timelines> Earlier(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var query = connection.Command(
            "SELECT body FROM assay.object WHERE realm = $1 AND kind = $2", Parameter.Of(ObjectKey.NoRealm), Parameter.Of(ObjectKinds.Timeline));
        await using var rows = await query.ExecuteReaderAsync(cancellationToken);
        var timelines = new List<Timeline>();
        while (await rows.ReadAsync(cancellationToken))
            timelines.Add(RegistryJson.ReadTimeline(rows.Bytes(0)));
        return Timelines.Of(timelines);
    }

    private static async Task<ImmutableArray<ShardEnd>> Ends(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var query = connection.Command(
            """
            SELECT e.epoch, coalesce((SELECT b.first + b.count FROM assay.batch b WHERE b.shard = e.epoch ORDER BY b.first DESC LIMIT 1), 0)
            FROM assay.epoch e WHERE e.seal IS NULL OR e.sealed > clock_timestamp() - $1 ORDER BY e.epoch
            """,
            Parameter.Of(RecoveryBasis.RecentSeal));
        await using var rows = await query.ExecuteReaderAsync(cancellationToken);
        var ends = ImmutableArray.CreateBuilder<ShardEnd>();
        while (await rows.ReadAsync(cancellationToken))
            ends.Add(new ShardEnd(rows.GetInt64(0), rows.GetInt64(1)));
        return ends.DrainToImmutable();
    }

    private static async Task Seal(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await connection.Execute(cancellationToken, "UPDATE assay.lease SET sealed = true WHERE NOT sealed");
        var open = new List<long>();
        await using (var query = connection.Command("SELECT epoch FROM assay.epoch WHERE seal IS NULL ORDER BY epoch"))
        await using (var rows = await query.ExecuteReaderAsync(cancellationToken))
        {
            while (await rows.ReadAsync(cancellationToken))
                open.Add(rows.GetInt64(0));
        }

        foreach (var epoch in open)
            await PostgresLeases.Seal(connection, epoch, cancellationToken);
    }
}
