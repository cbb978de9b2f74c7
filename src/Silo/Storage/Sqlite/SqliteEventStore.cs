using System.Collections.Immutable;
using Assay.Core.SharedSignals;
using Assay.Grains.SharedSignals;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Storage.Sqlite;

/// <summary>Event streams in the file of the authority, whose feed they follow.</summary>
internal sealed class SqliteEventStore(SqliteDatabase database) : IEventStore
{
    public const string Schema = """
        CREATE TABLE event_stream (
            realm TEXT NOT NULL, id TEXT NOT NULL, owner TEXT NOT NULL, slot INTEGER NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL,
            PRIMARY KEY (realm, id), UNIQUE (realm, owner, slot));
        CREATE TABLE event_subject (
            realm TEXT NOT NULL, stream TEXT NOT NULL, subject TEXT NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (realm, stream, subject),
            FOREIGN KEY (realm, stream) REFERENCES event_stream (realm, id) ON DELETE CASCADE) WITHOUT ROWID;
        """;

    public Task<StoredStream?> Read(string realm, string id, CancellationToken cancellationToken) => Task.FromResult(database.Read(connection =>
    {
        using var query = connection.Command(null, "SELECT id, owner, version, body FROM event_stream WHERE realm = $realm AND id = $id", ("$realm", realm), ("$id", id));
        return Streams(query).FirstOrDefault();
    }));

    public Task<ImmutableArray<StoredStream>> Of(string realm, string owner, CancellationToken cancellationToken) => Task.FromResult(database.Read(connection =>
    {
        using var query = connection.Command(
            null, "SELECT id, owner, version, body FROM event_stream WHERE realm = $realm AND owner = $owner ORDER BY id", ("$realm", realm), ("$owner", owner));
        return Streams(query);
    }));

    public Task<ImmutableArray<StoredStream>> Page(string realm, string? after, int limit, CancellationToken cancellationToken) => Task.FromResult(database.Read(connection =>
    {
        using var query = connection.Command(
            null,
            "SELECT id, owner, version, body FROM event_stream WHERE realm = $realm AND id > $after ORDER BY id LIMIT $limit",
            ("$realm", realm), ("$after", after ?? ""), ("$limit", limit));
        return Streams(query);
    }));

    public Task<bool> Add(string realm, string id, string owner, ReadOnlyMemory<byte> body, int most, CancellationToken cancellationToken) =>
        database.Write((connection, transaction) =>
        {
            for (var slot = 0; slot < most; slot++)
            {
                var added = connection.Run(
                    transaction,
                    "INSERT INTO event_stream VALUES ($realm, $id, $owner, $slot, 1, $body) ON CONFLICT (realm, owner, slot) DO NOTHING",
                    ("$realm", realm), ("$id", id), ("$owner", owner), ("$slot", slot), ("$body", body.ToArray()));
                if (added == 1)
                    return true;
            }

            return false;
        });

    public Task<bool> Write(string realm, string id, long version, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) => database.Write((connection, transaction) =>
        connection.Run(
            transaction,
            "UPDATE event_stream SET body = $body, version = version + 1 WHERE realm = $realm AND id = $id AND version = $version",
            ("$body", body.ToArray()), ("$realm", realm), ("$id", id), ("$version", version)) == 1);

    public Task<bool> Remove(string realm, string id, CancellationToken cancellationToken) => database.Write((connection, transaction) =>
        connection.Run(transaction, "DELETE FROM event_stream WHERE realm = $realm AND id = $id", ("$realm", realm), ("$id", id)) == 1);

    public Task<ImmutableArray<StreamSubject>> Subjects(string realm, string id, CancellationToken cancellationToken) => Task.FromResult(database.Read(connection =>
    {
        using var query = connection.Command(
            null, "SELECT subject, since FROM event_subject WHERE realm = $realm AND stream = $id ORDER BY subject", ("$realm", realm), ("$id", id));
        var subjects = ImmutableArray.CreateBuilder<StreamSubject>();
        using var rows = query.ExecuteReader();
        while (rows.Read())
            subjects.Add(new StreamSubject(rows.GetString(0), rows.GetInt64(1)));
        return subjects.DrainToImmutable();
    }));

    public Task<bool> SetSubject(string realm, string id, long version, string subject, bool isThere, CancellationToken cancellationToken) =>
        database.Write((connection, transaction) =>
        {
            var raised = connection.Run(
                transaction,
                "UPDATE event_stream SET version = version + 1 WHERE realm = $realm AND id = $id AND version = $version",
                ("$realm", realm), ("$id", id), ("$version", version));
            if (raised == 0)
                return false;
            connection.Run(
                transaction,
                isThere
                    ? "INSERT INTO event_subject SELECT $realm, $id, $subject, number FROM head WHERE true ON CONFLICT DO NOTHING"
                    : "DELETE FROM event_subject WHERE realm = $realm AND stream = $id AND subject = $subject",
                ("$realm", realm), ("$id", id), ("$subject", subject));
            return true;
        });

    public Task<long> Head(CancellationToken cancellationToken) => Task.FromResult(database.Read(connection => SqliteFeed.Head(connection, null)));

    public Task<FeedSlice> Feed(string realm, FeedPlace after, int limit, CancellationToken cancellationToken) => Task.FromResult(database.Read(connection =>
    {
        using var query = connection.Command(
            null,
            """
            SELECT f.number, f.kind, f.id, c.at, c.actor FROM feed AS f JOIN change AS c ON c.number = f.number
            WHERE f.realm = $realm AND f.kind IN ('identity', 'revocation') AND f.number >= $number AND (f.number, f.kind, f.id) > ($number, $kind, $id)
            ORDER BY f.number, f.kind, f.id LIMIT $limit
            """,
            ("$realm", realm), ("$number", after.Number), ("$kind", after.Kind), ("$id", after.Id), ("$limit", limit));
        var changes = ImmutableArray.CreateBuilder<FeedChange>();
        using (var rows = query.ExecuteReader())
        {
            while (rows.Read())
            {
                changes.Add(new FeedChange(
                    new FeedPlace(rows.GetInt64(0), rows.GetString(1), rows.GetString(2)), DateTimeOffset.FromUnixTimeMilliseconds(rows.GetInt64(3)), rows.GetString(4)));
            }
        }

        var isWhole = changes.Count < limit;
        return new FeedSlice(changes.DrainToImmutable(), SqliteFeed.Head(connection, null), isWhole);
    }));

    private static ImmutableArray<StoredStream> Streams(SqliteCommand query)
    {
        var streams = ImmutableArray.CreateBuilder<StoredStream>();
        using var rows = query.ExecuteReader();
        while (rows.Read())
            streams.Add(new StoredStream(rows.GetString(0), rows.GetString(1), rows.GetInt64(2), (byte[])rows[3]));
        return streams.DrainToImmutable();
    }
}
