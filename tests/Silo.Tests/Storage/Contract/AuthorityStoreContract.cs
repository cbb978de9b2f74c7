using System.Text;
using Assay.Grains.Authority;
using CsCheck;

namespace Assay.Silo.Tests.Storage.Contract;

/// <summary>What holds of objects and changes in every store.</summary>
public abstract class AuthorityStoreContract : StoreContract
{
    [Fact]
    public async Task An_object_is_created_changed_deleted_and_created_again()
    {
        Assert.Null(await Store.Read(Exporter, default));

        var created = await Write(Exporter, 0, "one");
        Assert.Equal((created, "one", false), Shown(await Store.Read(Exporter, default)));
        var changed = await Write(Exporter, created, "two");
        Assert.Equal((changed, "two", false), Shown(await Store.Read(Exporter, default)));
        var deleted = await Write(Exporter, changed, null);
        Assert.Equal((deleted, "", true), Shown(await Store.Read(Exporter, default)));
        var again = await Write(Exporter, 0, "three");
        Assert.Equal((again, "three", false), Shown(await Store.Read(Exporter, default)));
        Assert.Equal([1, 2, 3, 4], [created, changed, deleted, again]);
    }

    [Fact]
    public async Task Several_objects_are_read_at_once_each_at_its_place()
    {
        var made = await Write(Exporter, 0, "one");
        var changed = await Write(Exporter, made, "two");
        var gone = await Write(Importer, await Write(Importer, 0, "one"), null);

        var read = await Store.ReadAll([Importer, Exporter with { Id = "nobody" }, Exporter, Exporter with { Realm = "other" }, Exporter with { Id = "a\0b" }, Exporter], default);

        Assert.Equal([Importer, null, Exporter, null, null, Exporter], read.Select(stored => stored?.Key));
        Assert.Equal([(gone, "", true), (changed, "two", false), (changed, "two", false)], read.OfType<StoredObject>().Select(Shown));
        Assert.Empty(await Store.ReadAll([], default));
    }

    [Fact]
    public async Task The_holder_of_a_unique_key_is_found_until_it_gives_it_up()
    {
        var body = Encoding.UTF8.GetBytes("one");
        var written = await Store.Commit(new Change([new ObjectWrite(Exporter, 0, body, ["credential:a", "credential:b"])], "ann", "made"), default);
        Assert.Equal(Exporter, await Store.Holder("default", "credential:b", default));
        Assert.Null(await Store.Holder("default", "credential:c", default));
        Assert.Null(await Store.Holder("other", "credential:b", default));
        Assert.Null(await Store.Holder("default", "credential:\0", default));

        await Store.Commit(new Change([new ObjectWrite(Exporter, ((CommitResult.Committed)written).Number, body, ["credential:a"])], "ann", "changed"), default);

        Assert.Null(await Store.Holder("default", "credential:b", default));
        Assert.Equal(Exporter, await Store.Holder("default", "credential:a", default));
    }

    [Fact]
    public async Task A_page_has_the_next_objects_by_id_at_their_newest_version()
    {
        foreach (var id in new[] { "d", "B", "a", "c", "gone", "e" })
            await Write(new ObjectKey("default", ObjectKinds.Identity, id), 0, id);
        await Write(new ObjectKey("default", ObjectKinds.Identity, "c"), 4, "c2");
        await Write(new ObjectKey("default", ObjectKinds.Identity, "gone"), 5, null);
        await Write(new ObjectKey("default", ObjectKinds.Group, "b"), 0, "another kind");
        await Write(new ObjectKey("other", ObjectKinds.Identity, "b"), 0, "another realm");

        Assert.Equal([("B", 2, "B"), ("a", 3, "a"), ("c", 7, "c2")], await Page(null, 3));
        Assert.Equal([("d", 1, "d"), ("e", 6, "e")], await Page("c", 3));
        Assert.Equal([("c", 7, "c2")], await Page("b", 1)); // after an id that is not there
        Assert.Equal([], await Page("e", 3));

        async Task<IEnumerable<(string, long, string)>> Page(string? after, int limit) =>
            (await Store.Page("default", ObjectKinds.Identity, after, limit, default)).Select(one => (one.Key.Id, one.Number, Encoding.UTF8.GetString(one.Body.Span)));
    }

    [Fact]
    public async Task The_change_log_says_who_changed_what_when_and_why()
    {
        var first = await Changed("ann", "first", (Exporter, 0, "one"), (Importer, 0, "one"));
        var second = await Changed("ben", "second", (Exporter, first, null));
        await Changed("ann", "of another kind", (new ObjectKey("default", ObjectKinds.Group, "exporter"), 0, "one"));

        var all = await Store.Changes("default", ObjectKinds.Identity, null, 0, long.MaxValue, 10, default);

        Assert.Equal(
            [(Exporter, second, "ben", "second", true), (Exporter, first, "ann", "first", false), (Importer, first, "ann", "first", false)],
            all.Select(change => (change.Key, change.Number, change.Actor, change.Reason, change.IsDeletion)));
        Assert.True(all[0].At >= all[1].At && all[1].At > DateTimeOffset.UnixEpoch);
        Assert.Equal([all[0]], await Store.Changes("default", ObjectKinds.Identity, null, 0, long.MaxValue, 1, default));
        Assert.Equal([all[0]], await Store.Changes("default", ObjectKinds.Identity, null, first, long.MaxValue, 10, default));
        Assert.Equal([all[1], all[2]], await Store.Changes("default", ObjectKinds.Identity, null, 0, second, 10, default));
        Assert.Equal([all[2]], await Store.Changes("default", ObjectKinds.Identity, "importer", 0, long.MaxValue, 10, default));
        Assert.Empty(await Store.Changes("other", ObjectKinds.Identity, null, 0, long.MaxValue, 10, default));
        Assert.Empty(await Store.Changes("default", ObjectKinds.Identity, "a\0b", 0, long.MaxValue, 10, default));

        async Task<long> Changed(string actor, string reason, params (ObjectKey Key, long Expected, string? Body)[] writes)
        {
            var change = new Change([.. writes.Select(write => new ObjectWrite(write.Key, write.Expected, write.Body is null ? (ReadOnlyMemory<byte>?)null : Bytes(write.Body), []))], actor, reason);
            return Assert.IsType<CommitResult.Committed>(await Store.Commit(change, default)).Number;
        }
    }

    [Theory]
    [InlineData(0)] // it exists
    [InlineData(7)] // another version
    public async Task A_writer_that_saw_another_version_changes_nothing(long expected)
    {
        var number = await Write(Exporter, 0, "one");

        var result = await Commit(new ObjectWrite(Importer, 0, Bytes("new"), []), new ObjectWrite(Exporter, expected, Bytes("two"), []));

        Assert.Equal(new CommitResult.Conflict(Exporter, number), result);
        Assert.Equal((number, "one", false), Shown(await Store.Read(Exporter, default)));
        Assert.Null(await Store.Read(Importer, default));
        Assert.Equal(number, (await Store.List("default", ObjectKinds.Identity, default)).Head);
    }

    [Fact]
    public async Task An_object_that_is_gone_counts_as_not_existing()
    {
        Assert.Equal(new CommitResult.Conflict(Exporter, 0), await Commit(new ObjectWrite(Exporter, 5, Bytes("one"), [])));

        var number = await Write(Exporter, await Write(Exporter, 0, "one"), null);
        Assert.Equal(new CommitResult.Conflict(Exporter, 0), await Commit(new ObjectWrite(Exporter, number, Bytes("two"), [])));
    }

    [Fact]
    public async Task A_unique_key_has_one_holder()
    {
        await Commit(new ObjectWrite(Exporter, 0, Bytes("one"), ["credential:a", "credential:b"]));

        var taken = await Commit(new ObjectWrite(Importer, 0, Bytes("one"), ["credential:c", "credential:b"]));

        Assert.Equal(new CommitResult.KeyTaken("credential:b", Exporter), taken);
        Assert.Null(await Store.Read(Importer, default));
        Assert.IsType<CommitResult.Committed>(await Commit(new ObjectWrite(Importer, 0, Bytes("one"), ["credential:c"])));
    }

    [Fact]
    public async Task The_same_unique_key_in_another_realm_is_another_key()
    {
        await Commit(new ObjectWrite(Exporter, 0, Bytes("one"), ["credential:a"]));

        Assert.IsType<CommitResult.Committed>(await Commit(new ObjectWrite(Importer with { Realm = "other" }, 0, Bytes("one"), ["credential:a"])));
    }

    [Fact]
    public async Task Unique_keys_are_replaced_released_and_moved_in_one_change()
    {
        var exporter = ((CommitResult.Committed)await Commit(new ObjectWrite(Exporter, 0, Bytes("one"), ["a", "b"]))).Number;

        // The importer stands first and takes what the exporter gives up in the same change.
        var moved = await Commit(new ObjectWrite(Importer, 0, Bytes("one"), ["b"]), new ObjectWrite(Exporter, exporter, Bytes("two"), ["a"]));
        var number = Assert.IsType<CommitResult.Committed>(moved).Number;

        await Write(Importer, number, null);
        Assert.IsType<CommitResult.Committed>(await Commit(new ObjectWrite(Exporter, number, Bytes("three"), ["a", "b"])));
    }

    [Fact]
    public async Task A_change_writes_something_each_object_once_and_no_empty_body()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Commit(new ObjectWrite(Exporter, 0, ReadOnlyMemory<byte>.Empty, [])));
        await Assert.ThrowsAsync<ArgumentException>(() => Commit());
        await Assert.ThrowsAsync<ArgumentException>(() => Commit(new ObjectWrite(Exporter, 0, Bytes("a"), []), new ObjectWrite(Exporter, 0, Bytes("b"), [])));
    }

    [Fact]
    public async Task Many_writers_make_one_order_without_gaps()
    {
        var lease = await Store.Join(Place("one"), Life, default);

        var numbers = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Task.Run(() => Write(Exporter with { Id = $"identity-{i}" }, 0, "x"))));

        Assert.Equal(Enumerable.Range(1, 100).Select(i => (long)i), numbers.Order());
        var renewed = Assert.IsType<LeaseRenewal.Renewed>(await Store.Renew(lease.Epoch, lease.Head, null, Life, default));
        Assert.Equal(numbers.Order(), renewed.Entries.Select(entry => entry.Number));
        Assert.Equal(100, renewed.Head);
    }

    [Fact]
    public async Task Of_many_writers_that_saw_the_same_version_one_wins()
    {
        var number = await Write(Exporter, 0, "0");

        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => Commit(new ObjectWrite(Exporter, number, Bytes($"{i}"), [])))));

        Assert.Single(results.OfType<CommitResult.Committed>());
        Assert.Equal(19, results.OfType<CommitResult.Conflict>().Count());
    }

    [Fact]
    public async Task Every_number_can_be_read_again() => await Gen.Int[0, 3].Array[5, 40].SampleAsync(
        async choices =>
        {
            // Three objects under random changes, beside the history as a test would keep it.
            var realm = Guid.NewGuid().ToString("N");
            var now = new SortedDictionary<string, (long Number, string? Body)>(StringComparer.Ordinal);
            var history = new List<(long Number, string Shown)>();
            foreach (var choice in choices)
            {
                var key = new ObjectKey(realm, ObjectKinds.Group, $"{choice % 3}");
                var exists = now.TryGetValue(key.Id, out var present) && present.Body is not null;
                var body = exists && choice == 3 ? null : $"body {history.Count}";
                var number = await Write(key, exists ? present.Number : 0, body);
                now[key.Id] = (number, body);
                history.Add((number, Show(now.Where(one => one.Value.Body is not null).Select(one => (one.Key, one.Value.Number, one.Value.Body!)))));
            }

            foreach (var (number, shown) in history)
            {
                var list = await Store.ListAsOf(realm, ObjectKinds.Group, number, default);
                Assert.Equal(shown, Show(list.Objects.Select(stored => (stored.Key.Id, stored.Number, Text(stored)))));
                foreach (var stored in list.Objects)
                    Assert.Equal(Shown(stored), Shown(await Store.ReadAsOf(stored.Key, number, default)));
            }

            Assert.Empty((await Store.ListAsOf(realm, ObjectKinds.Group, history[0].Number - 1, default)).Objects);
        },
        iter: 20);

    [Fact]
    public async Task A_change_of_several_objects_is_one_entry_of_the_feed()
    {
        var lease = await Store.Join(Place("one"), Life, default);
        await Commit(new ObjectWrite(Importer, 0, Bytes("one"), []), new ObjectWrite(Exporter, 0, Bytes("one"), []));
        await Write(Exporter with { Kind = ObjectKinds.Api }, 0, "one");

        var renewed = (LeaseRenewal.Renewed)await Store.Renew(lease.Epoch, 0, null, Life, default);
        var rest = (LeaseRenewal.Renewed)await Store.Renew(lease.Epoch, 1, null, Life, default);

        Assert.Equal(["1 default/identity/exporter default/identity/importer", "2 default/api/exporter"], renewed.Entries.Select(Show));
        Assert.Equal((2, "2 default/api/exporter"), (rest.Head, Show(Assert.Single(rest.Entries))));
    }

    [Fact]
    public async Task A_name_that_holds_what_no_name_can_hold_names_nothing()
    {
        foreach (var id in new[] { "a\0b", "\ud800", "x\udc00y" })
        {
            Assert.Null(await Store.Read(Exporter with { Id = id }, default));
            Assert.Null(await Store.ReadAsOf(Exporter with { Id = id }, 1, default));
        }
    }

    [Fact]
    public async Task Whatever_people_write_as_a_reason_is_kept_from_no_change()
    {
        var change = new Change([new ObjectWrite(Exporter, 0, Bytes("one"), [])], "a\0b", "because \ud83d\ude00 \ud83d");

        Assert.IsType<CommitResult.Committed>(await Store.Commit(change, default));
    }

    private static string Show(IEnumerable<(string Id, long Number, string Body)> objects) => string.Join(" | ", objects.Select(one => $"{one.Id} {one.Number} {one.Body}"));
}
