using System.Collections.Immutable;
using System.Globalization;
using Assay.Grains.Authority;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Storage.Sqlite;

/// <summary>
/// The authority in one SQLite file: versions of objects are added and never changed, so any feed number can be read again. Epochs and their
/// seals are rows; the rest of a lease is in memory (<see cref="SqliteLeases"/>), so that neither a renewal nor an acknowledgement costs a flush.
/// </summary>
internal sealed class SqliteAuthorityStore : IAuthorityStore
{
    public const string Schema = """
        CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL);
        INSERT INTO head VALUES (1, 0);
        CREATE TABLE change (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL);
        CREATE TABLE feed (number INTEGER NOT NULL, realm TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (number, realm, kind, id)) WITHOUT ROWID;
        CREATE TABLE object (realm TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, number INTEGER NOT NULL, body BLOB, PRIMARY KEY (realm, kind, id, number));
        CREATE TABLE unique_key (realm TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (realm, name)) WITHOUT ROWID;
        CREATE INDEX unique_key_holder ON unique_key (realm, kind, id);
        CREATE TABLE lease (epoch INTEGER PRIMARY KEY AUTOINCREMENT, slot TEXT NOT NULL, joined INTEGER NOT NULL, seal INTEGER);
        CREATE TABLE pair (id TEXT NOT NULL);
        """;

    /// <summary>What changed last of a kind, without reading everything that ever changed.</summary>
    public const string SchemaOfChanges = "CREATE INDEX object_number ON object (realm, kind, number);";

    private readonly SqliteDatabase database;
    private readonly SqliteLeases leases;
    private readonly TimeProvider clock;
    private readonly Lock guard = new();
    private ImmutableArray<Action<AuthorityNews>> listeners = [];

    public SqliteAuthorityStore(SqliteDatabase database, SqliteLeases leases, TimeProvider clock)
    {
        this.database = database;
        this.leases = leases;
        this.clock = clock;

        // Whoever held the folder before is gone, or this process could not hold it.
        database.WriteNow((connection, _) =>
        {
            foreach (var epoch in Unsealed(connection))
                WriteSeal(connection, null, epoch);
        });
    }

    public Task<StoredObject?> Read(ObjectKey key, CancellationToken cancellationToken) => ReadAsOf(key, long.MaxValue, cancellationToken);

    public Task<ImmutableArray<StoredObject?>> ReadAll(ImmutableArray<ObjectKey> keys, CancellationToken cancellationToken) =>
        Task.FromResult(database.Read(connection =>
        {
            using var query = new NewestQuery(connection);
            var objects = ImmutableArray.CreateBuilder<StoredObject?>(keys.Length);
            foreach (var key in keys)
                objects.Add(query.Find(key, long.MaxValue));
            return objects.MoveToImmutable();
        }));

    public Task<StoredObject?> ReadAsOf(ObjectKey key, long number, CancellationToken cancellationToken) =>
        Task.FromResult(database.Read(connection => Newest(connection, key, number)));

    public Task<ObjectList> List(string realm, string kind, CancellationToken cancellationToken) => ListAsOf(realm, kind, long.MaxValue, cancellationToken);

    public Task<ObjectList> ListAsOf(string realm, string kind, long number, CancellationToken cancellationToken) => Task.FromResult(database.Read(connection =>
    {
        using var query = connection.Command(
            null,
            """
            SELECT id, number, body FROM object AS o WHERE realm = $realm AND kind = $kind AND number =
                (SELECT max(number) FROM object WHERE realm = o.realm AND kind = o.kind AND id = o.id AND number <= $number)
            AND body IS NOT NULL ORDER BY id
            """,
            ("$realm", realm), ("$kind", kind), ("$number", number));
        return new ObjectList(Objects(query, realm, kind), SqliteFeed.Head(connection, null));
    }));

    public Task<ImmutableArray<StoredObject>> Page(string realm, string kind, string? after, int limit, CancellationToken cancellationToken) =>
        Task.FromResult(database.Read(connection =>
        {
            using var query = connection.Command(
                null,
                """
                SELECT id, number, body FROM object AS o WHERE realm = $realm AND kind = $kind AND id > $after AND number =
                    (SELECT max(number) FROM object WHERE realm = o.realm AND kind = o.kind AND id = o.id)
                AND body IS NOT NULL ORDER BY id LIMIT $limit
                """,
                ("$realm", realm), ("$kind", kind), ("$after", after ?? ""), ("$limit", limit)); // no id is empty
            return Objects(query, realm, kind);
        }));

    public Task<ImmutableArray<ObjectChange>> Changes(
        string realm, string kind, string? id, long after, long before, int limit, CancellationToken cancellationToken) => Task.FromResult(database.Read(connection =>
    {
        using var query = connection.Command(
            null,
            $"""
            SELECT o.id, o.number, c.at, c.actor, c.reason, o.body IS NULL FROM object AS o JOIN change AS c ON c.number = o.number
            WHERE o.realm = $realm AND o.kind = $kind {(id is null ? "" : "AND o.id = $id")} AND o.number > $after AND o.number < $before
            ORDER BY o.number DESC, o.id LIMIT $limit
            """,
            ("$realm", realm), ("$kind", kind), ("$id", (object?)id ?? DBNull.Value), ("$after", after), ("$before", before), ("$limit", limit));
        var changes = ImmutableArray.CreateBuilder<ObjectChange>();
        using var rows = query.ExecuteReader();
        while (rows.Read())
        {
            changes.Add(new ObjectChange(
                new ObjectKey(realm, kind, rows.GetString(0)), rows.GetInt64(1), DateTimeOffset.FromUnixTimeMilliseconds(rows.GetInt64(2)),
                rows.GetString(3), rows.GetString(4), rows.GetBoolean(5)));
        }

        return changes.DrainToImmutable();
    }));

    public Task<ObjectKey?> Holder(string realm, string uniqueKey, CancellationToken cancellationToken) => Task.FromResult(database.Read<ObjectKey?>(connection =>
    {
        using var query = connection.Command(null, "SELECT kind, id FROM unique_key WHERE realm = $realm AND name = $name", ("$realm", realm), ("$name", uniqueKey));
        using var rows = query.ExecuteReader();
        return rows.Read() ? new ObjectKey(realm, rows.GetString(0), rows.GetString(1)) : null;
    }));

    public async Task<CommitResult> Commit(Change change, CancellationToken cancellationToken)
    {
        ChangeRules.Check(change);
        CommitResult result;
        try
        {
            result = await database.Write((connection, transaction) => Apply(connection, transaction, change));
        }
        catch (Refused refused)
        {
            return refused.Result;
        }

        Tell(AuthorityNews.Feed);
        return result;
    }

    public async Task<LeaseGrant> Join(SiloPlace place, TimeSpan life, CancellationToken cancellationToken)
    {
        var added = 0L;
        try
        {
            var grant = await database.Write((connection, transaction) =>
            {
                foreach (var older in leases.Of(place.Slot))
                    Seal(connection, transaction, older);

                var head = SqliteFeed.Head(connection, transaction);
                using var insert = connection.Command(
                    transaction, "INSERT INTO lease (slot, joined, seal) VALUES ($slot, $now, NULL) RETURNING epoch", ("$slot", place.Slot), ("$now", Now));
                added = (long)insert.ExecuteScalar()!;
                leases.Add(added, place, life, head); // before the commit, so that no later change overlooks it
                return new LeaseGrant(added, head);
            });
            Tell(AuthorityNews.Feed);
            return grant;
        }
        catch
        {
            leases.Remove(added);
            throw;
        }
    }

    public Task<LeaseRenewal> Renew(long epoch, long applied, string? report, TimeSpan life, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(report?.Length ?? 0, SiloReport.MaxLength, nameof(report));
        if (leases.Renew(epoch, report, life) is { } over)
            return Task.FromResult(over);
        return Task.FromResult<LeaseRenewal>(
            database.Read(connection => new LeaseRenewal.Renewed(SqliteFeed.Head(connection, null), SqliteFeed.Entries(connection, applied))));
    }

    public Task Acknowledge(long epoch, long number, CancellationToken cancellationToken)
    {
        leases.Acknowledge(epoch, number);
        Tell(AuthorityNews.Leases);
        return Task.CompletedTask;
    }

    public Task<ImmutableArray<LeaseRow>> Leases(CancellationToken cancellationToken) => Task.FromResult(leases.Rows());

    public async Task<long?> SealIfLapsed(long epoch, CancellationToken cancellationToken)
    {
        if (!leases.IsOver(epoch))
            return null;

        // Asked again in order with joins and changes; a lease that was renewed meanwhile is not sealed.
        var (number, made) = await database.Write<(long?, bool)>((connection, transaction) =>
        {
            if (SealOf(connection, transaction, epoch) is { } present)
                return (present, false);
            return leases.SealIfOver(epoch) ? (WriteSeal(connection, transaction, epoch), true) : (null, false);
        });
        if (made)
            TellOfSeal();
        return number;
    }

    public Task<long?> Condemn(string address, CancellationToken cancellationToken)
    {
        var epoch = leases.Condemn(address);
        Tell(AuthorityNews.Feed); // its silo renews, and learns of it
        return Task.FromResult(epoch);
    }

    public async Task<long> Mark(string reason, CancellationToken cancellationToken)
    {
        var number = await database.Write((connection, transaction) => SqliteFeed.Next(
            connection, transaction, clock, "system", reason, new ObjectKey("*", ObjectKinds.Marker, "")));
        Tell(AuthorityNews.Feed);
        return number;
    }

    public Task<ImmutableArray<SiloRow>> Silos(CancellationToken cancellationToken)
    {
        var seals = database.Read(Seals);
        return Task.FromResult<ImmutableArray<SiloRow>>(
            [.. leases.Silos(TimeSpan.FromHours(1)).Select(row => row with { Seal = seals.TryGetValue(row.Epoch, out var seal) ? seal : null })]);
    }

    public async Task Leave(long epoch, CancellationToken cancellationToken)
    {
        await database.Write((connection, transaction) => SealOf(connection, transaction, epoch) ?? Seal(connection, transaction, epoch));
        leases.Leave(epoch);
        TellOfSeal();
    }

    public IDisposable Listen(Action<AuthorityNews> news)
    {
        lock (guard)
            listeners = listeners.Add(news);
        return new Listening(this, news);
    }

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    private void Tell(AuthorityNews about)
    {
        foreach (var listener in listeners)
            listener(about);
    }

    private void TellOfSeal()
    {
        Tell(AuthorityNews.Feed);
        Tell(AuthorityNews.Leases);
    }

    private static ImmutableArray<StoredObject> Objects(SqliteCommand query, string realm, string kind)
    {
        var objects = ImmutableArray.CreateBuilder<StoredObject>();
        using var rows = query.ExecuteReader();
        while (rows.Read())
            objects.Add(new StoredObject(new ObjectKey(realm, kind, rows.GetString(0)), rows.GetInt64(1), (byte[])rows[2], false));
        return objects.DrainToImmutable();
    }

    private CommitResult.Committed Apply(SqliteConnection connection, SqliteTransaction transaction, Change change)
    {
        var number = SqliteFeed.Next(connection, transaction, clock, change.Actor, change.Reason);
        foreach (var write in change.Writes)
        {
            var present = Newest(connection, write.Key, long.MaxValue);
            var actual = present is null or { IsDeleted: true } ? 0 : present.Number;
            if (actual != write.ExpectedNumber)
                throw new Refused(new CommitResult.Conflict(write.Key, actual));

            connection.Run(
                transaction,
                "INSERT INTO object VALUES ($realm, $kind, $id, $number, $body)",
                ("$realm", write.Key.Realm), ("$kind", write.Key.Kind), ("$id", write.Key.Id), ("$number", number),
                ("$body", write.Body is { } body ? body.ToArray() : DBNull.Value));
            SqliteFeed.Add(connection, transaction, number, write.Key);
            connection.Run(
                transaction,
                "DELETE FROM unique_key WHERE realm = $realm AND kind = $kind AND id = $id",
                ("$realm", write.Key.Realm), ("$kind", write.Key.Kind), ("$id", write.Key.Id));
        }

        // After all the old ones are gone, so that one change may move a key from one object to another.
        foreach (var write in change.Writes)
        {
            foreach (var name in write.UniqueKeys)
                Hold(connection, transaction, write.Key, name);
        }

        return new CommitResult.Committed(number);
    }

    private static void Hold(SqliteConnection connection, SqliteTransaction transaction, ObjectKey key, string name)
    {
        var held = connection.Run(
            transaction,
            "INSERT INTO unique_key VALUES ($realm, $name, $kind, $id) ON CONFLICT (realm, name) DO NOTHING",
            ("$realm", key.Realm), ("$name", name), ("$kind", key.Kind), ("$id", key.Id));
        if (held == 1)
            return;

        using var query = connection.Command(
            transaction, "SELECT kind, id FROM unique_key WHERE realm = $realm AND name = $name", ("$realm", key.Realm), ("$name", name));
        using var rows = query.ExecuteReader();
        rows.Read();
        var holder = new ObjectKey(key.Realm, rows.GetString(0), rows.GetString(1));
        if (holder != key)
            throw new Refused(new CommitResult.KeyTaken(name, holder));
    }

    /// <summary>
    /// Closes the fence, then writes the seal. When the write fails the epoch stays closed without a number, and sealing it again writes one.
    /// </summary>
    private long Seal(SqliteConnection connection, SqliteTransaction transaction, long epoch)
    {
        leases.Seal(epoch);
        return WriteSeal(connection, transaction, epoch);
    }

    private long WriteSeal(SqliteConnection connection, SqliteTransaction? transaction, long epoch)
    {
        var key = new ObjectKey("*", ObjectKinds.Lease, epoch.ToString(CultureInfo.InvariantCulture));
        var number = SqliteFeed.Next(connection, transaction, clock, "system", "epoch sealed", key);
        connection.Run(transaction, "UPDATE lease SET seal = $number WHERE epoch = $epoch", ("$number", number), ("$epoch", epoch));
        return number;
    }

    /// <summary>Throws when there never was such an epoch.</summary>
    private static long? SealOf(SqliteConnection connection, SqliteTransaction transaction, long epoch)
    {
        using var query = connection.Command(transaction, "SELECT seal FROM lease WHERE epoch = $epoch", ("$epoch", epoch));
        return query.ExecuteScalar() switch
        {
            null => throw new ArgumentOutOfRangeException(nameof(epoch), epoch, "there never was such an epoch"),
            long seal => seal,
            _ => null,
        };
    }

    private static StoredObject? Newest(SqliteConnection connection, ObjectKey key, long number)
    {
        using var query = new NewestQuery(connection);
        return query.Find(key, number);
    }

    private static Dictionary<long, long> Seals(SqliteConnection connection)
    {
        using var query = connection.Command(null, "SELECT epoch, seal FROM lease WHERE seal IS NOT NULL");
        using var rows = query.ExecuteReader();
        var seals = new Dictionary<long, long>();
        while (rows.Read())
            seals.Add(rows.GetInt64(0), rows.GetInt64(1));
        return seals;
    }

    private static List<long> Unsealed(SqliteConnection connection)
    {
        using var query = connection.Command(null, "SELECT epoch FROM lease WHERE seal IS NULL ORDER BY epoch");
        using var rows = query.ExecuteReader();
        var epochs = new List<long>();
        while (rows.Read())
            epochs.Add(rows.GetInt64(0));
        return epochs;
    }

    /// <summary>Finds versions of objects, as many as one likes: the statement is compiled once.</summary>
    private readonly struct NewestQuery(SqliteConnection connection) : IDisposable
    {
        private readonly Statement statement = new(
            connection, "SELECT number, body FROM object WHERE realm = ?1 AND kind = ?2 AND id = ?3 AND number <= ?4 ORDER BY number DESC LIMIT 1");

        public StoredObject? Find(ObjectKey key, long number)
        {
            statement.Set(1, key.Realm).Set(2, key.Kind).Set(3, key.Id).Set(4, number);
            try
            {
                if (!statement.Step())
                    return null;
                return statement.IsNull(1)
                    ? new StoredObject(key, statement.Long(0), ReadOnlyMemory<byte>.Empty, true)
                    : new StoredObject(key, statement.Long(0), statement.Bytes(1).ToArray(), false);
            }
            finally
            {
                statement.Reset();
            }
        }

        public void Dispose() => statement.Dispose();
    }

    /// <summary>Rolls the transaction back.</summary>
    private sealed class Refused(CommitResult result) : Exception
    {
        public CommitResult Result { get; } = result;
    }

    private sealed class Listening(SqliteAuthorityStore store, Action<AuthorityNews> news) : IDisposable
    {
        public void Dispose()
        {
            lock (store.guard)
                store.listeners = store.listeners.Remove(news);
        }
    }
}
