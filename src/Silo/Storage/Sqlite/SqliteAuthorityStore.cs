using System.Collections.Immutable;
using Assay.Grains.Authority;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Storage.Sqlite;

/// <summary>
/// The authority in one SQLite file: versions of objects are added and never changed, so any feed number can be read again. One silo at a time: the
/// lock on the data folder is the fence, and a lease of an earlier process has ended with it.
/// </summary>
internal sealed class SqliteAuthorityStore(SqliteDatabase database, TimeProvider clock) : IAuthorityStore
{
    public const string Schema = """
        CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL);
        INSERT INTO head VALUES (1, 0);
        CREATE TABLE change (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL);
        CREATE TABLE feed (number INTEGER NOT NULL, realm TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (number, realm, kind, id)) WITHOUT ROWID;
        CREATE TABLE object (realm TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, number INTEGER NOT NULL, body BLOB, PRIMARY KEY (realm, kind, id, number));
        CREATE TABLE unique_key (realm TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (realm, name)) WITHOUT ROWID;
        CREATE INDEX unique_key_holder ON unique_key (realm, kind, id);
        CREATE TABLE lease (epoch INTEGER PRIMARY KEY AUTOINCREMENT, slot TEXT NOT NULL, until INTEGER NOT NULL, acknowledged INTEGER NOT NULL, seal INTEGER);
        """;

    private readonly Lock guard = new();
    private ImmutableArray<Action<AuthorityNews>> listeners = [];

    public Task<StoredObject?> Read(ObjectKey key, CancellationToken cancellationToken) => ReadAsOf(key, long.MaxValue, cancellationToken);

    public Task<StoredObject?> ReadAsOf(ObjectKey key, long number, CancellationToken cancellationToken) =>
        Task.FromResult(database.Read(connection => Newest(connection, null, key, number)));

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
        var objects = ImmutableArray.CreateBuilder<StoredObject>();
        using (var rows = query.ExecuteReader())
        {
            while (rows.Read())
                objects.Add(new StoredObject(new ObjectKey(realm, kind, rows.GetString(0)), rows.GetInt64(1), (byte[])rows[2], false));
        }

        return new ObjectList(objects.DrainToImmutable(), Head(connection, null));
    }));

    public async Task<CommitResult> Commit(Change change, CancellationToken cancellationToken)
    {
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

    public async Task<LeaseGrant> Join(string slot, TimeSpan life, CancellationToken cancellationToken)
    {
        var grant = await database.Write((connection, transaction) =>
        {
            // Whoever held the folder before is gone, or this process could not hold it: nothing has to be waited for.
            foreach (var epoch in Epochs(connection, transaction, "SELECT epoch FROM lease WHERE seal IS NULL"))
                Seal(connection, transaction, epoch);
            connection.Run(transaction, "UPDATE lease SET until = 0");

            var head = Head(connection, transaction);
            connection.Run(
                transaction,
                "INSERT INTO lease (slot, until, acknowledged, seal) VALUES ($slot, $until, $head, NULL)",
                ("$slot", slot), ("$until", Now + (long)life.TotalMilliseconds), ("$head", head));
            using var query = connection.Command(transaction, "SELECT last_insert_rowid()");
            return new LeaseGrant((long)query.ExecuteScalar()!, head);
        });
        Tell(AuthorityNews.Leases);
        return grant;
    }

    public Task<LeaseRenewal> Renew(long epoch, long applied, TimeSpan life, CancellationToken cancellationToken) =>
        database.Write<LeaseRenewal>((connection, transaction) =>
        {
            var renewed = connection.Run(
                transaction,
                "UPDATE lease SET until = $until WHERE epoch = $epoch AND seal IS NULL",
                ("$until", Now + (long)life.TotalMilliseconds), ("$epoch", epoch));
            return renewed == 0
                ? new LeaseRenewal.Sealed()
                : new LeaseRenewal.Renewed(Head(connection, transaction), Entries(connection, transaction, applied));
        });

    public async Task Acknowledge(long epoch, long number, CancellationToken cancellationToken)
    {
        await database.Write((connection, transaction) => connection.Run(
            transaction,
            "UPDATE lease SET acknowledged = max(acknowledged, $number) WHERE epoch = $epoch",
            ("$number", number), ("$epoch", epoch)));
        Tell(AuthorityNews.Leases);
    }

    public Task<ImmutableArray<LeaseRow>> Leases(CancellationToken cancellationToken) => Task.FromResult(database.Read(connection =>
    {
        using var query = connection.Command(
            null, "SELECT epoch, slot, acknowledged, seal FROM lease WHERE seal IS NULL OR until > $now ORDER BY epoch", ("$now", Now));
        var leases = ImmutableArray.CreateBuilder<LeaseRow>();
        using var rows = query.ExecuteReader();
        while (rows.Read())
            leases.Add(new LeaseRow(rows.GetInt64(0), rows.GetString(1), rows.GetInt64(2), !rows.IsDBNull(3)));
        return leases.DrainToImmutable();
    }));

    public async Task<long?> SealIfLapsed(long epoch, CancellationToken cancellationToken)
    {
        var seal = await database.Write((connection, transaction) =>
        {
            using var query = connection.Command(transaction, "SELECT seal FROM lease WHERE epoch = $epoch AND until <= $now", ("$epoch", epoch), ("$now", Now));
            return query.ExecuteScalar() switch
            {
                null => (long?)null,
                long made => made,
                _ => Seal(connection, transaction, epoch),
            };
        });
        if (seal is not null)
            Tell(AuthorityNews.Leases);
        return seal;
    }

    public async Task Leave(long epoch, CancellationToken cancellationToken)
    {
        await database.Write((connection, transaction) =>
        {
            if (Epochs(connection, transaction, "SELECT epoch FROM lease WHERE seal IS NULL").Contains(epoch))
                Seal(connection, transaction, epoch);
            return connection.Run(transaction, "UPDATE lease SET until = 0 WHERE epoch = $epoch", ("$epoch", epoch));
        });
        Tell(AuthorityNews.Leases);
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

    private CommitResult.Committed Apply(SqliteConnection connection, SqliteTransaction transaction, Change change)
    {
        var number = NextNumber(connection, transaction);
        connection.Run(
            transaction,
            "INSERT INTO change VALUES ($number, $at, $actor, $reason)",
            ("$number", number), ("$at", Now), ("$actor", change.Actor), ("$reason", change.Reason));

        foreach (var write in change.Writes)
        {
            var present = Newest(connection, transaction, write.Key, long.MaxValue);
            var actual = present is null or { IsDeleted: true } ? 0 : present.Number;
            if (actual != write.ExpectedNumber)
                throw new Refused(new CommitResult.Conflict(write.Key, actual));

            connection.Run(
                transaction,
                "INSERT INTO object VALUES ($realm, $kind, $id, $number, $body)",
                ("$realm", write.Key.Realm), ("$kind", write.Key.Kind), ("$id", write.Key.Id), ("$number", number),
                ("$body", write.Body is { } body ? body.ToArray() : DBNull.Value));
            AddToFeed(connection, transaction, number, write.Key);
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

    private long Seal(SqliteConnection connection, SqliteTransaction transaction, long epoch)
    {
        var number = NextNumber(connection, transaction);
        connection.Run(
            transaction,
            "INSERT INTO change VALUES ($number, $at, 'system', 'epoch sealed')",
            ("$number", number), ("$at", Now));
        AddToFeed(connection, transaction, number, new ObjectKey("*", ObjectKinds.Lease, epoch.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        connection.Run(transaction, "UPDATE lease SET seal = $number WHERE epoch = $epoch", ("$number", number), ("$epoch", epoch));
        return number;
    }

    private static void AddToFeed(SqliteConnection connection, SqliteTransaction transaction, long number, ObjectKey key) => connection.Run(
        transaction,
        "INSERT INTO feed VALUES ($number, $realm, $kind, $id) ON CONFLICT DO NOTHING",
        ("$number", number), ("$realm", key.Realm), ("$kind", key.Kind), ("$id", key.Id));

    private static long NextNumber(SqliteConnection connection, SqliteTransaction transaction)
    {
        using var next = connection.Command(transaction, "UPDATE head SET number = number + 1 RETURNING number");
        return (long)next.ExecuteScalar()!;
    }

    private static long Head(SqliteConnection connection, SqliteTransaction? transaction)
    {
        using var query = connection.Command(transaction, "SELECT number FROM head");
        return (long)query.ExecuteScalar()!;
    }

    private static StoredObject? Newest(SqliteConnection connection, SqliteTransaction? transaction, ObjectKey key, long number)
    {
        using var query = connection.Command(
            transaction,
            "SELECT number, body FROM object WHERE realm = $realm AND kind = $kind AND id = $id AND number <= $number ORDER BY number DESC LIMIT 1",
            ("$realm", key.Realm), ("$kind", key.Kind), ("$id", key.Id), ("$number", number));
        using var rows = query.ExecuteReader();
        if (!rows.Read())
            return null;
        return rows.IsDBNull(1)
            ? new StoredObject(key, rows.GetInt64(0), ReadOnlyMemory<byte>.Empty, true)
            : new StoredObject(key, rows.GetInt64(0), (byte[])rows[1], false);
    }

    private static ImmutableArray<FeedEntry> Entries(SqliteConnection connection, SqliteTransaction transaction, long applied)
    {
        using var query = connection.Command(
            transaction, "SELECT number, realm, kind, id FROM feed WHERE number > $applied ORDER BY number", ("$applied", applied));
        var entries = ImmutableArray.CreateBuilder<FeedEntry>();
        var keys = ImmutableArray.CreateBuilder<ObjectKey>();
        var number = 0L;
        using var rows = query.ExecuteReader();
        while (rows.Read())
        {
            if (rows.GetInt64(0) != number && keys.Count > 0)
                entries.Add(new FeedEntry(number, keys.DrainToImmutable()));
            number = rows.GetInt64(0);
            keys.Add(new ObjectKey(rows.GetString(1), rows.GetString(2), rows.GetString(3)));
        }

        if (keys.Count > 0)
            entries.Add(new FeedEntry(number, keys.DrainToImmutable()));
        return entries.DrainToImmutable();
    }

    private static List<long> Epochs(SqliteConnection connection, SqliteTransaction transaction, string sql)
    {
        using var query = connection.Command(transaction, sql);
        using var rows = query.ExecuteReader();
        var epochs = new List<long>();
        while (rows.Read())
            epochs.Add(rows.GetInt64(0));
        return epochs;
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
