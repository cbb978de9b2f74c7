using Assay.Core.Evidence;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Grains.Authority;
using Assay.Silo.Storage.Sqlite;
using Assay.Tests.Shared;

namespace Assay.Silo.Tests.Replaying;

/// <summary>Puts a <see cref="RecordedHistory"/> into the stores of a data folder, as silos would have: objects with their versions, and evidence in batches.</summary>
internal static class StoredHistory
{
    private const string Realm = "default";
    private const int WritesPerChange = 500;

    /// <param name="records">Half of them before the change halfway, half after it.</param>
    /// <param name="end">When the last decision was made; one a millisecond before it.</param>
    public static async Task Write(SqliteStorage storage, RecordedHistory history, long records, int recordsPerBatch, DateTimeOffset end)
    {
        var (authority, log) = (storage.Authority, storage.Log);
        await Commit(
            authority,
            [
                .. RecordedHistory.Groups.Select(group => Object(ObjectKinds.Group, group.Uid.ToString(), RegistryJson.Write(group))),
                Object(ObjectKinds.Api, RecordedHistory.Resource, RegistryJson.Write(RecordedHistory.Api)),
                Set(RecordedHistory.Policies),
                Set(RecordedHistory.WithoutExporters),
            ]);
        foreach (var places in Enumerable.Range(0, history.Beginnings.Count).Chunk(WritesPerChange))
        {
            var number = await Commit(authority, [.. places.Select(place => Write(history.Beginnings[place], 0))]);
            foreach (var place in places)
                history.Stored(place, changed: false, number);
        }

        var early = await Commit(authority, [Object(ObjectKinds.Bundle, "none", "{}"u8.ToArray())]);
        foreach (var changed in history.Changed.Chunk(WritesPerChange))
        {
            var writes = new List<ObjectWrite>();
            foreach (var (_, identity) in changed)
                writes.Add(Write(identity, (await authority.Read(Key(identity), default))!.Number));
            var number = await Commit(authority, [.. writes]);
            foreach (var (place, _) in changed)
                history.Stored(place, changed: true, number);
        }

        var late = await Commit(authority, [Object(ObjectKinds.Group, "Assay::Role::\"newcomers\"", RegistryJson.Write(new Group { Uid = new("Assay::Role", "newcomers") }))]);
        var shard = (await authority.Join(new SiloPlace("past", Guid.NewGuid().ToString()), TimeSpan.FromMinutes(1), default)).Epoch;
        for (var from = 0L; from < records; from += recordsPerBatch)
        {
            var batch = new List<ReadOnlyMemory<byte>>(recordsPerBatch);
            var time = end;
            for (var n = from; n < Math.Min(from + recordsPerBatch, records); n++)
            {
                var isLate = n >= records / 2;
                time = end.AddMilliseconds(n - records);
                batch.Add(history.Record(n, isLate, new RecordId(shard, n), time, isLate ? late : early).Encode());
            }

            var added = EvidenceBatch.Create(shard, from, time, [.. batch], []);
            Assert.Equal(BatchResult.Committed, await log.Append(added, default));
        }
    }

    private static async Task<long> Commit(IAuthorityStore store, ObjectWrite[] writes) =>
        Assert.IsType<CommitResult.Committed>(await store.Commit(new Change([.. writes], "test", "a made-up past"), default)).Number;

    private static ObjectWrite Set(PolicyDocument document) =>
        Object(ObjectKinds.PolicySet, $"tokens/{document.ContentHash()}", RegistryJson.Write(document));

    private static ObjectWrite Object(string kind, string id, ReadOnlyMemory<byte> body) => new(new ObjectKey(Realm, kind, id), 0, body, []);

    private static ObjectWrite Write(Identity identity, long expected) => new(Key(identity), expected, RegistryJson.Write(identity), []);

    private static ObjectKey Key(Identity identity) => new(Realm, ObjectKinds.Identity, identity.Id);
}
