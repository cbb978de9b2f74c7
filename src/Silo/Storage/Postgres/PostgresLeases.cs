using System.Collections.Immutable;
using System.Globalization;
using Assay.Grains.Authority;
using Npgsql;

namespace Assay.Silo.Storage.Postgres;

/// <summary>
/// Epochs and their leases, by the database's clock. Rows are always locked in one order: head, lease, epoch. A renewal takes the lease alone and an
/// evidence commit the epoch alone, so neither ever waits for the other.
/// </summary>
internal sealed class PostgresLeases(PostgresDatabase database)
{
    private const string TellLeases = $"pg_notify('{PostgresFeed.Channel}', '{PostgresFeed.LeasesMoved}')";

    public Task<LeaseGrant> Join(SiloPlace place, TimeSpan life, CancellationToken cancellationToken) => database.Transact(
        async (connection, transaction, token) =>
        {
            var head = await PostgresFeed.Lock(connection, token);
            if (await connection.Scalar<bool>(token, "SELECT EXISTS (SELECT FROM assay.condemned WHERE address = $1)", Parameter.Of(place.Address)))
                throw new InvalidOperationException($"the silo at {place.Address} was declared dead by the others; start its process again");

            foreach (var older in await UnsealedOf(connection, place.Slot, token))
            {
                await connection.Execute(token, "UPDATE assay.lease SET sealed = true WHERE epoch = $1", Parameter.Of(older));
                head = await Seal(connection, older, token);
            }

            var epoch = await connection.Scalar<long>(
                token,
                """
                INSERT INTO assay.epoch (epoch, slot, address, joined)
                SELECT coalesce(max(epoch), 0) + 1, $1, $2, clock_timestamp() FROM assay.epoch RETURNING epoch
                """,
                Parameter.Of(place.Slot), Parameter.Of(place.Address));
            await connection.Execute(
                token,
                "INSERT INTO assay.lease (epoch, renewed, expires, acknowledged) VALUES ($1, clock_timestamp(), clock_timestamp() + $2, $3)",
                Parameter.Of(epoch), Parameter.Of(life), Parameter.Of(head));
            await transaction.CommitAsync(token);
            return new LeaseGrant(epoch, head);
        },
        cancellationToken);

    public Task<LeaseRenewal> Renew(long epoch, long applied, string? report, TimeSpan life, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(report?.Length ?? 0, SiloReport.MaxLength, nameof(report));
        return database.Once<LeaseRenewal>(
            async (connection, token) =>
            {
                // One statement, one snapshot: taken after the caller asked, so it holds everything committed before that.
                await using var query = connection.Command(
                    """
                    WITH renewed AS (
                        UPDATE assay.lease SET renewed = clock_timestamp(), expires = clock_timestamp() + $3, report = coalesce($4, report)
                        WHERE epoch = $1 AND NOT sealed AND NOT condemned
                        RETURNING epoch)
                    SELECT (SELECT number FROM assay.head), f.number, f.realm, f.kind, f.id
                    FROM renewed LEFT JOIN assay.feed f ON f.number > $2
                    ORDER BY f.number
                    """,
                    Parameter.Of(epoch), Parameter.Of(applied), Parameter.Of(life), Parameter.Of(report is null ? null : PostgresText.Legible(report)));
                var entries = new FeedEntries();
                var head = -1L;
                await using (var rows = await query.ExecuteReaderAsync(token))
                {
                    while (await rows.ReadAsync(token))
                    {
                        head = rows.GetInt64(0);
                        if (!rows.IsDBNull(1))
                            entries.Add(rows.GetInt64(1), new ObjectKey(rows.GetString(2), rows.GetString(3), rows.GetString(4)));
                    }
                }

                if (head >= 0)
                    return new LeaseRenewal.Renewed(head, entries.ToImmutable());
                return await connection.Scalar<bool>(token, "SELECT condemned AND NOT sealed FROM assay.lease WHERE epoch = $1", Parameter.Of(epoch))
                    ? new LeaseRenewal.Condemned()
                    : new LeaseRenewal.Sealed();
            },
            cancellationToken);
    }

    public Task Acknowledge(long epoch, long number, CancellationToken cancellationToken) => database.Once(
        (connection, token) => connection.Execute(
            token,
            $"""
            WITH acknowledged AS (UPDATE assay.lease SET acknowledged = $2 WHERE epoch = $1 AND acknowledged < $2 RETURNING epoch)
            SELECT {TellLeases} FROM acknowledged
            """,
            Parameter.Of(epoch), Parameter.Of(number)),
        cancellationToken);

    public Task<ImmutableArray<LeaseRow>> Rows(CancellationToken cancellationToken) => database.Read(
        async (connection, token) =>
        {
            await using var query = connection.Command(
                """
                SELECT l.epoch, e.slot, l.acknowledged, l.sealed FROM assay.lease l JOIN assay.epoch e USING (epoch)
                WHERE NOT l.sealed OR (NOT l.given_back AND l.expires > clock_timestamp())
                ORDER BY l.epoch
                """);
            var found = ImmutableArray.CreateBuilder<LeaseRow>();
            await using var rows = await query.ExecuteReaderAsync(token);
            while (await rows.ReadAsync(token))
                found.Add(new LeaseRow(rows.GetInt64(0), rows.GetString(1), rows.GetInt64(2), rows.GetBoolean(3)));
            return found.DrainToImmutable();
        },
        cancellationToken);

    public async Task<long?> SealIfLapsed(long epoch, CancellationToken cancellationToken)
    {
        var (seal, isOver) = await database.Read((connection, token) => Look(connection, epoch, token), cancellationToken);
        if (!isOver || seal is not null)
            return isOver ? seal : null;

        return await database.Transact<long?>(
            async (connection, transaction, token) =>
            {
                await PostgresFeed.Lock(connection, token);

                // Asked again with the row in hand: a renewal was either before, and it is not over, or finds it sealed.
                var closed = await connection.Execute(
                    token, "UPDATE assay.lease SET sealed = true WHERE epoch = $1 AND NOT sealed AND (given_back OR expires <= clock_timestamp())", Parameter.Of(epoch));
                if (closed == 0)
                    return (await Look(connection, epoch, token)) is (var present, true) ? present : null;

                var number = await Seal(connection, epoch, token);
                await transaction.CommitAsync(token);
                return number;
            },
            cancellationToken);
    }

    public Task Leave(long epoch, CancellationToken cancellationToken) => database.Transact(
        async (connection, transaction, token) =>
        {
            await PostgresFeed.Lock(connection, token);
            var (seal, _) = await Look(connection, epoch, token);
            await connection.Execute(token, "UPDATE assay.lease SET sealed = true, given_back = true WHERE epoch = $1", Parameter.Of(epoch));
            if (seal is null)
                await Seal(connection, epoch, token);
            else
                await connection.Execute(token, $"SELECT {TellLeases}");
            await transaction.CommitAsync(token);
            return true;
        },
        cancellationToken);

    public async Task<long?> Condemn(string address, CancellationToken cancellationToken)
    {
        if (!PostgresText.CanBe(address))
            return null;
        const string newest = "SELECT max(epoch) FROM assay.epoch WHERE address = $1";
        var (known, epoch) = await database.Read(
            async (connection, token) => (
                await connection.Scalar<bool>(token, "SELECT EXISTS (SELECT FROM assay.condemned WHERE address = $1)", Parameter.Of(address)),
                await connection.Scalar<long?>(token, newest, Parameter.Of(address))),
            cancellationToken);
        if (known)
            return epoch; // nothing of that address joins after it

        return await database.Transact(
            async (connection, transaction, token) =>
            {
                await PostgresFeed.Lock(connection, token); // with joins, one after the other
                await connection.Execute(
                    token, "INSERT INTO assay.condemned (address, at) VALUES ($1, clock_timestamp()) ON CONFLICT DO NOTHING", Parameter.Of(address));
                await connection.Execute(
                    token, "UPDATE assay.lease l SET condemned = true FROM assay.epoch e WHERE e.epoch = l.epoch AND e.address = $1", Parameter.Of(address));
                var condemned = await connection.Scalar<long?>(token, newest, Parameter.Of(address));
                await connection.Execute(token, $"SELECT pg_notify('{PostgresFeed.Channel}', '{PostgresFeed.FeedMoved}')"); // its silo renews, and learns of it
                await transaction.CommitAsync(token);
                return condemned;
            },
            cancellationToken);
    }

    public Task<ImmutableArray<SiloRow>> Silos(CancellationToken cancellationToken) => database.Read(
        async (connection, token) =>
        {
            await using var query = connection.Command(
                """
                SELECT e.epoch, e.slot, e.address, e.joined, l.renewed, l.expires, l.acknowledged, e.seal, l.condemned, l.report
                FROM assay.epoch e JOIN assay.lease l USING (epoch)
                WHERE e.seal IS NULL OR e.sealed > clock_timestamp() - interval '1 hour'
                ORDER BY e.epoch
                """);
            var found = ImmutableArray.CreateBuilder<SiloRow>();
            await using var rows = await query.ExecuteReaderAsync(token);
            while (await rows.ReadAsync(token))
            {
                found.Add(new SiloRow(
                    rows.GetInt64(0), new SiloPlace(rows.GetString(1), rows.GetString(2)), rows.Time(3), rows.Time(4), rows.Time(5), rows.GetInt64(6),
                    rows.NullableInt64(7), rows.GetBoolean(8), rows.NullableString(9)));
            }

            return found.DrainToImmutable();
        },
        cancellationToken);

    /// <summary>The seal's number, and whether nothing of it can be on its way out. Throws when there never was such an epoch.</summary>
    private static async Task<(long? Seal, bool IsOver)> Look(NpgsqlConnection connection, long epoch, CancellationToken cancellationToken)
    {
        await using var query = connection.Command(
            "SELECT e.seal, l.given_back OR l.expires <= clock_timestamp() FROM assay.epoch e JOIN assay.lease l USING (epoch) WHERE e.epoch = $1",
            Parameter.Of(epoch));
        await using var rows = await query.ExecuteReaderAsync(cancellationToken);
        if (!await rows.ReadAsync(cancellationToken))
            throw new ArgumentOutOfRangeException(nameof(epoch), epoch, "there never was such an epoch");
        return (rows.NullableInt64(0), rows.GetBoolean(1));
    }

    private static async Task<List<long>> UnsealedOf(NpgsqlConnection connection, string slot, CancellationToken cancellationToken)
    {
        await using var query = connection.Command("SELECT epoch FROM assay.epoch WHERE slot = $1 AND seal IS NULL ORDER BY epoch", Parameter.Of(slot));
        await using var rows = await query.ExecuteReaderAsync(cancellationToken);
        var epochs = new List<long>();
        while (await rows.ReadAsync(cancellationToken))
            epochs.Add(rows.GetInt64(0));
        return epochs;
    }

    /// <summary>Closes the fence: waits for an append that has begun, and none begins after. The lease is marked already.</summary>
    internal static async Task<long> Seal(NpgsqlConnection connection, long epoch, CancellationToken cancellationToken)
    {
        var number = await PostgresFeed.Next(
            connection, "epoch sealed", new ObjectKey("*", ObjectKinds.Lease, epoch.ToString(CultureInfo.InvariantCulture)), cancellationToken);
        await connection.Execute(
            cancellationToken,
            $"WITH sealed AS (UPDATE assay.epoch SET seal = $2, sealed = clock_timestamp() WHERE epoch = $1 RETURNING epoch) SELECT {TellLeases} FROM sealed",
            Parameter.Of(epoch), Parameter.Of(number));
        return number;
    }
}
