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
        database.WriteNow(connection =>
        {
            foreach (var epoch in Unsealed(connection))
                WriteSeal(connection, null, epoch);
        });
    }

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
        if (change.Writes.IsEmpty)
            throw new ArgumentException("a change writes something", nameof(change));
        if (change.Writes.DistinctBy(write => write.Key).Count() != change.Writes.Length)
            throw new ArgumentException("a change writes each object once", nameof(change));
        if (change.Writes.Any(write => write.Body is { IsEmpty: true }))
            throw new ArgumentException("an object has a body, and null deletes it", nameof(change));

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
        var added = 0L;
        try
        {
            var grant = await database.Write((connection, transaction) =>
            {
                foreach (var older in leases.Of(slot))
                    Seal(connection, transaction, older);

                var head = Head(connection, transaction);
                using var insert = connection.Command(
                    transaction, "INSERT INTO lease (slot, joined, seal) VALUES ($slot, $now, NULL) RETURNING epoch", ("$slot", slot), ("$now", Now));
                added = (long)insert.ExecuteScalar()!;
                leases.Add(added, slot, life, head); // before the commit, so that no later change overlooks it
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

    public Task<LeaseRenewal> Renew(long epoch, long applied, TimeSpan life, CancellationToken cancellationToken)
    {
        if (!leases.Renew(epoch, life))
            return Task.FromResult<LeaseRenewal>(new LeaseRenewal.Sealed());
        return Task.FromResult<LeaseRenewal>(
            database.Read(connection => new LeaseRenewal.Renewed(Head(connection, null), Entries(connection, applied))));
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
        var number = NextNumber(connection, transaction);
        connection.Run(
            transaction,
            "INSERT INTO change VALUES ($number, $at, 'system', 'epoch sealed')",
            ("$number", number), ("$at", Now));
        AddToFeed(connection, transaction, number, new ObjectKey("*", ObjectKinds.Lease, epoch.ToString(CultureInfo.InvariantCulture)));
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

    private static void AddToFeed(SqliteConnection connection, SqliteTransaction? transaction, long number, ObjectKey key) => connection.Run(
        transaction,
        "INSERT INTO feed VALUES ($number, $realm, $kind, $id) ON CONFLICT DO NOTHING",
        ("$number", number), ("$realm", key.Realm), ("$kind", key.Kind), ("$id", key.Id));

    private static long NextNumber(SqliteConnection connection, SqliteTransaction? transaction)
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

    private static ImmutableArray<FeedEntry> Entries(SqliteConnection connection, long applied)
    {
        using var query = connection.Command(
            null, "SELECT number, realm, kind, id FROM feed WHERE number > $applied ORDER BY number", ("$applied", applied));
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

    private static List<long> Unsealed(SqliteConnection connection)
    {
        using var query = connection.Command(null, "SELECT epoch FROM lease WHERE seal IS NULL ORDER BY epoch");
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
