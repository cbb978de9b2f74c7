using System.Collections.Immutable;
using Assay.Grains.Authority;

namespace Assay.Silo.Storage.Postgres;

/// <summary>
/// The authority in PostgreSQL, shared by all silos. Versions of objects are added and never changed, so any feed number can be read again. Each
/// statement sees one snapshot, so what one statement answers belongs together.
/// </summary>
internal sealed class PostgresAuthorityStore(PostgresDatabase database, PostgresLeases leases, PostgresNews news) : IAuthorityStore
{
    private readonly PostgresChanges changes = new(database);

    public Task<StoredObject?> Read(ObjectKey key, CancellationToken cancellationToken) => ReadAsOf(key, long.MaxValue, cancellationToken);

    public Task<ImmutableArray<StoredObject?>> ReadAll(ImmutableArray<ObjectKey> keys, CancellationToken cancellationToken) => database.Read(
        async (connection, token) =>
        {
            var (realms, kinds, ids) = PostgresFeed.Columns(
                [.. keys.Select(static key => PostgresText.CanBe(key.Realm, key.Kind, key.Id) ? key : new ObjectKey("", "", ""))]); // no id is empty
            await using var query = connection.Command(
                """
                SELECT o.number, o.body
                FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS k (realm, kind, id, place)
                LEFT JOIN LATERAL (
                    SELECT number, body FROM assay.object
                    WHERE realm = k.realm AND kind = k.kind AND id = k.id ORDER BY number DESC LIMIT 1) o ON true
                ORDER BY k.place
                """,
                Parameter.Of(realms), Parameter.Of(kinds), Parameter.Of(ids));
            var objects = ImmutableArray.CreateBuilder<StoredObject?>(keys.Length);
            await using var rows = await query.ExecuteReaderAsync(token);
            while (await rows.ReadAsync(token))
            {
                var key = keys[objects.Count];
                objects.Add(
                    rows.IsDBNull(0) ? null
                    : rows.IsDBNull(1) ? new StoredObject(key, rows.GetInt64(0), ReadOnlyMemory<byte>.Empty, true)
                    : new StoredObject(key, rows.GetInt64(0), rows.Bytes(1), false));
            }

            return objects.MoveToImmutable();
        },
        cancellationToken);

    public Task<StoredObject?> ReadAsOf(ObjectKey key, long number, CancellationToken cancellationToken)
    {
        if (!PostgresText.CanBe(key.Realm, key.Kind, key.Id))
            return Task.FromResult<StoredObject?>(null);
        return database.Read<StoredObject?>(
            async (connection, token) =>
            {
                await using var query = connection.Command(
                    """
                    SELECT number, body FROM assay.object
                    WHERE realm = $1 AND kind = $2 AND id = $3 AND number <= $4
                    ORDER BY number DESC LIMIT 1
                    """,
                    Parameter.Of(key.Realm), Parameter.Of(key.Kind), Parameter.Of(key.Id), Parameter.Of(number));
                await using var rows = await query.ExecuteReaderAsync(token);
                if (!await rows.ReadAsync(token))
                    return null;
                return rows.IsDBNull(1)
                    ? new StoredObject(key, rows.GetInt64(0), ReadOnlyMemory<byte>.Empty, true)
                    : new StoredObject(key, rows.GetInt64(0), rows.Bytes(1), false);
            },
            cancellationToken);
    }

    public Task<ObjectList> List(string realm, string kind, CancellationToken cancellationToken) => ListAsOf(realm, kind, long.MaxValue, cancellationToken);

    public Task<ObjectList> ListAsOf(string realm, string kind, long number, CancellationToken cancellationToken) => database.Read(
        async (connection, token) =>
        {
            await using var query = connection.Command(
                """
                SELECT h.number, o.id, o.number, o.body
                FROM assay.head h
                LEFT JOIN (
                    SELECT DISTINCT ON (id) id, number, body FROM assay.object
                    WHERE realm = $1 AND kind = $2 AND number <= $3
                    ORDER BY id, number DESC) o ON o.body IS NOT NULL
                ORDER BY o.id
                """,
                Parameter.Of(realm), Parameter.Of(kind), Parameter.Of(number));
            var objects = ImmutableArray.CreateBuilder<StoredObject>();
            var head = 0L;
            await using var rows = await query.ExecuteReaderAsync(token);
            while (await rows.ReadAsync(token))
            {
                head = rows.GetInt64(0);
                if (!rows.IsDBNull(1))
                    objects.Add(new StoredObject(new ObjectKey(realm, kind, rows.GetString(1)), rows.GetInt64(2), rows.Bytes(3), false));
            }

            return new ObjectList(objects.DrainToImmutable(), head);
        },
        cancellationToken);

    public Task<ImmutableArray<StoredObject>> Page(string realm, string kind, string? after, int limit, CancellationToken cancellationToken) => database.Read(
        async (connection, token) =>
        {
            await using var query = connection.Command(
                """
                SELECT id, number, body FROM assay.object o
                WHERE realm = $1 AND kind = $2 AND id > $3 AND body IS NOT NULL AND NOT EXISTS (
                    SELECT FROM assay.object WHERE realm = o.realm AND kind = o.kind AND id = o.id AND number > o.number)
                ORDER BY id LIMIT $4
                """,
                Parameter.Of(realm), Parameter.Of(kind), Parameter.Of(PostgresText.Start(after ?? "")), Parameter.Of(limit)); // no id is empty
            var objects = ImmutableArray.CreateBuilder<StoredObject>();
            await using var rows = await query.ExecuteReaderAsync(token);
            while (await rows.ReadAsync(token))
                objects.Add(new StoredObject(new ObjectKey(realm, kind, rows.GetString(0)), rows.GetInt64(1), rows.Bytes(2), false));
            return objects.DrainToImmutable();
        },
        cancellationToken);

    public Task<ImmutableArray<ObjectChange>> Changes(
        string realm, string kind, string? id, long after, long before, int limit, CancellationToken cancellationToken)
    {
        if (!PostgresText.CanBe(realm, kind, id ?? ""))
            return Task.FromResult<ImmutableArray<ObjectChange>>([]);
        return database.Read(
            async (connection, token) =>
            {
                await using var query = connection.Command(
                    """
                    SELECT o.id, o.number, c.at, c.actor, c.reason, o.body IS NULL
                    FROM assay.object o JOIN assay.change c ON c.number = o.number
                    WHERE o.realm = $1 AND o.kind = $2 AND ($3::text IS NULL OR o.id = $3) AND o.number > $4 AND o.number < $5
                    ORDER BY o.number DESC, o.id LIMIT $6
                    """,
                    Parameter.Of(realm), Parameter.Of(kind), Parameter.Of(id), Parameter.Of(after), Parameter.Of(before), Parameter.Of(limit));
                var changes = ImmutableArray.CreateBuilder<ObjectChange>();
                await using var rows = await query.ExecuteReaderAsync(token);
                while (await rows.ReadAsync(token))
                {
                    changes.Add(new ObjectChange(
                        new ObjectKey(realm, kind, rows.GetString(0)), rows.GetInt64(1), rows.Time(2), rows.GetString(3), rows.GetString(4), rows.GetBoolean(5)));
                }

                return changes.DrainToImmutable();
            },
            cancellationToken);
    }

    public Task<ObjectKey?> Holder(string realm, string uniqueKey, CancellationToken cancellationToken)
    {
        if (!PostgresText.CanBe(realm, uniqueKey))
            return Task.FromResult<ObjectKey?>(null);
        return database.Read<ObjectKey?>(
            async (connection, token) =>
            {
                await using var query = connection.Command("SELECT kind, id FROM assay.unique_key WHERE realm = $1 AND name = $2", Parameter.Of(realm), Parameter.Of(uniqueKey));
                await using var rows = await query.ExecuteReaderAsync(token);
                return await rows.ReadAsync(token) ? new ObjectKey(realm, rows.GetString(0), rows.GetString(1)) : null;
            },
            cancellationToken);
    }

    public Task<CommitResult> Commit(Change change, CancellationToken cancellationToken) => changes.Commit(change, cancellationToken);

    public Task<LeaseGrant> Join(SiloPlace place, TimeSpan life, CancellationToken cancellationToken) => leases.Join(place, life, cancellationToken);

    public Task<LeaseRenewal> Renew(long epoch, long applied, string? report, TimeSpan life, CancellationToken cancellationToken) =>
        leases.Renew(epoch, applied, report, life, cancellationToken);

    public Task Acknowledge(long epoch, long number, CancellationToken cancellationToken) => leases.Acknowledge(epoch, number, cancellationToken);

    public Task<ImmutableArray<LeaseRow>> Leases(CancellationToken cancellationToken) => leases.Rows(cancellationToken);

    public Task<long?> SealIfLapsed(long epoch, CancellationToken cancellationToken) => leases.SealIfLapsed(epoch, cancellationToken);

    public Task<long?> Condemn(string address, CancellationToken cancellationToken) => leases.Condemn(address, cancellationToken);

    public Task<long> Mark(string reason, CancellationToken cancellationToken) => database.Transact(
        async (connection, transaction, token) =>
        {
            var number = await PostgresFeed.Next(connection, reason, new ObjectKey("*", ObjectKinds.Marker, ""), token);
            await transaction.CommitAsync(token);
            return number;
        },
        cancellationToken);

    public Task<ImmutableArray<SiloRow>> Silos(CancellationToken cancellationToken) => leases.Silos(cancellationToken);

    public Task Leave(long epoch, CancellationToken cancellationToken) => leases.Leave(epoch, cancellationToken);

    public IDisposable Listen(Action<AuthorityNews> told) => news.Listen(told);
}
