using System.Collections.Immutable;
using System.Text;
using Assay.Grains.Authority;
using Assay.Silo.Storage.Sqlite;
using CsCheck;

namespace Assay.Silo.Tests.Storage;

public sealed class SqliteAuthorityStoreTests : IDisposable
{
    private static readonly TimeSpan Life = TimeSpan.FromSeconds(10);
    private static readonly ObjectKey Exporter = new("default", ObjectKinds.Identity, "exporter");
    private static readonly ObjectKey Importer = new("default", ObjectKinds.Identity, "importer");

    private readonly TemporaryFolder temporary = new();
    private readonly TestClock clock = new();
    private DataFolder folder;
    private SqliteStorage storage;

    public SqliteAuthorityStoreTests()
    {
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, clock);
    }

    private SqliteAuthorityStore Store => storage.Authority;

    public void Dispose()
    {
        storage.Dispose();
        folder.Dispose();
        temporary.Dispose();
    }

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
        var lease = await Store.Join("one", Life, default);

        var numbers = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Task.Run(() => Write(Exporter with { Id = $"identity-{i}" }, 0, "x"))));

        Assert.Equal(Enumerable.Range(1, 100).Select(i => (long)i), numbers.Order());
        var renewed = Assert.IsType<LeaseRenewal.Renewed>(await Store.Renew(lease.Epoch, lease.Head, Life, default));
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
        var lease = await Store.Join("one", Life, default);
        await Commit(new ObjectWrite(Importer, 0, Bytes("one"), []), new ObjectWrite(Exporter, 0, Bytes("one"), []));
        await Write(Exporter with { Kind = ObjectKinds.Api }, 0, "one");

        var renewed = (LeaseRenewal.Renewed)await Store.Renew(lease.Epoch, 0, Life, default);
        var rest = (LeaseRenewal.Renewed)await Store.Renew(lease.Epoch, 1, Life, default);

        Assert.Equal(["1 default/identity/exporter default/identity/importer", "2 default/api/exporter"], renewed.Entries.Select(Show));
        Assert.Equal((2, "2 default/api/exporter"), (rest.Head, Show(Assert.Single(rest.Entries))));
    }

    [Fact]
    public async Task What_was_committed_is_there_after_a_restart_and_so_is_the_order()
    {
        await Commit(new ObjectWrite(Exporter, 0, Bytes("one"), ["credential:a"]));

        Restart();

        Assert.Equal((1, "one", false), Shown(await Store.Read(Exporter, default)));
        Assert.Equal(new CommitResult.KeyTaken("credential:a", Exporter), await Commit(new ObjectWrite(Importer, 0, Bytes("one"), ["credential:a"])));
        Assert.Equal(2, await Write(Importer, 0, "one"));
    }

    [Fact]
    public async Task A_lease_that_was_not_given_back_is_sealed_at_the_next_start_and_its_epoch_never_used_again()
    {
        var before = await Store.Join("one", Life, default);

        Restart();

        Assert.Empty(await Store.Leases(default));
        Assert.Equal(1, await Store.SealIfLapsed(before.Epoch, default)); // the seal is an entry of the feed
        Assert.IsType<LeaseRenewal.Sealed>(await Store.Renew(before.Epoch, 0, Life, default));
        var after = await Store.Join("one", Life, default);
        Assert.Equal(new LeaseGrant(before.Epoch + 1, 1), after);
    }

    [Fact]
    public async Task A_silo_that_joins_counts_as_having_acknowledged_the_head_and_acknowledgements_only_grow()
    {
        await Write(Exporter, 0, "one");
        var lease = await Store.Join("one", Life, default);
        Assert.Equal([new LeaseRow(lease.Epoch, "one", 1, false)], await Store.Leases(default));

        await Store.Acknowledge(lease.Epoch, 3, default);
        await Store.Acknowledge(lease.Epoch, 2, default);

        Assert.Equal([new LeaseRow(lease.Epoch, "one", 3, false)], await Store.Leases(default));
    }

    [Fact]
    public async Task Only_a_lapsed_lease_is_sealed()
    {
        var lease = await Store.Join("one", Life, default);
        clock.Advance(Life - TimeSpan.FromTicks(1));
        Assert.Null(await Store.SealIfLapsed(lease.Epoch, default));
        Assert.IsType<LeaseRenewal.Renewed>(await Store.Renew(lease.Epoch, 0, Life, default));
        clock.Advance(Life - TimeSpan.FromTicks(1));
        Assert.Null(await Store.SealIfLapsed(lease.Epoch, default));

        clock.Advance(TimeSpan.FromTicks(1));

        Assert.Equal(1, await Store.SealIfLapsed(lease.Epoch, default));
        Assert.Equal(1, await Store.SealIfLapsed(lease.Epoch, default)); // by whomever
        Assert.IsType<LeaseRenewal.Sealed>(await Store.Renew(lease.Epoch, 0, Life, default));
        Assert.Empty(await Store.Leases(default));
    }

    [Fact]
    public async Task A_lapsed_lease_that_nobody_sealed_is_renewed()
    {
        var lease = await Store.Join("one", Life, default);
        clock.Advance(Life * 3);

        Assert.IsType<LeaseRenewal.Renewed>(await Store.Renew(lease.Epoch, 0, Life, default));
        Assert.Null(await Store.SealIfLapsed(lease.Epoch, default));
    }

    [Fact]
    public async Task Setting_the_time_of_day_ends_no_lease()
    {
        var lease = await Store.Join("one", Life, default);

        clock.Set(TimeSpan.FromDays(1));
        Assert.Null(await Store.SealIfLapsed(lease.Epoch, default));

        clock.Set(TimeSpan.FromDays(-2));
        clock.Advance(Life);
        Assert.NotNull(await Store.SealIfLapsed(lease.Epoch, default));
    }

    [Fact]
    public async Task The_seal_is_an_entry_of_the_feed_for_the_others()
    {
        var gone = await Store.Join("one", Life, default);
        var other = await Store.Join("two", Life * 2, default);
        clock.Advance(Life);

        var number = await Store.SealIfLapsed(gone.Epoch, default);

        var renewed = (LeaseRenewal.Renewed)await Store.Renew(other.Epoch, other.Head, Life, default);
        Assert.Equal($"{number} */lease/{gone.Epoch}", Show(Assert.Single(renewed.Entries)));
        Assert.Equal([new LeaseRow(other.Epoch, "two", 0, false)], await Store.Leases(default));
    }

    [Fact]
    public async Task A_slot_that_is_taken_again_is_sealed_at_once_and_waited_for_until_it_has_lapsed()
    {
        var old = await Store.Join("one", Life, default);
        clock.Advance(Life / 2);

        var fresh = await Store.Join("one", Life, default);

        Assert.Equal(new LeaseGrant(old.Epoch + 1, 1), fresh);
        Assert.IsType<LeaseRenewal.Sealed>(await Store.Renew(old.Epoch, 0, Life, default));
        Assert.Equal([new LeaseRow(old.Epoch, "one", 0, true), new LeaseRow(fresh.Epoch, "one", 1, false)], await Store.Leases(default));
        Assert.Null(await Store.SealIfLapsed(old.Epoch, default)); // its silo may still believe in it

        clock.Advance(Life / 2);
        Assert.Equal(1, await Store.SealIfLapsed(old.Epoch, default));
        Assert.Equal([new LeaseRow(fresh.Epoch, "one", 1, false)], await Store.Leases(default));
    }

    [Fact]
    public async Task A_lease_that_is_given_back_is_over_at_once()
    {
        var lease = await Store.Join("one", Life, default);

        await Store.Leave(lease.Epoch, default);
        await Store.Leave(lease.Epoch, default);

        Assert.Empty(await Store.Leases(default));
        Assert.Equal(1, await Store.SealIfLapsed(lease.Epoch, default));
        Assert.IsType<LeaseRenewal.Sealed>(await Store.Renew(lease.Epoch, 0, Life, default));
    }

    [Fact]
    public async Task An_epoch_that_never_was_cannot_be_sealed()
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Store.SealIfLapsed(99, default));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Store.Leave(99, default));
    }

    [Fact]
    public async Task Renewing_races_with_sealing_and_one_of_them_wins()
    {
        for (var round = 0; round < 50; round++)
        {
            var lease = await Store.Join($"slot-{round}", Life, default);
            clock.Advance(Life);

            var renewing = Task.Run(() => Store.Renew(lease.Epoch, lease.Head, Life, default));
            var sealing = Task.Run(() => Store.SealIfLapsed(lease.Epoch, default));
            var isSealed = await sealing is not null;

            Assert.Equal(isSealed, await renewing is LeaseRenewal.Sealed);
        }
    }

    [Fact]
    public async Task Those_who_listen_hear_of_changes_acknowledgements_and_seals()
    {
        var heard = new List<AuthorityNews>();
        var lease = await Store.Join("one", Life, default);
        using (Store.Listen(heard.Add))
        {
            await Write(Exporter, 0, "one");
            await Store.Acknowledge(lease.Epoch, 1, default);
            await Store.Leave(lease.Epoch, default);
        }

        await Write(Importer, 0, "one");

        Assert.Equal([AuthorityNews.Feed, AuthorityNews.Leases, AuthorityNews.Feed, AuthorityNews.Leases], heard);
    }

    private void Restart()
    {
        storage.Dispose();
        folder.Dispose();
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, clock);
    }

    private async Task<long> Write(ObjectKey key, long expected, string? body)
    {
        var result = await Commit(new ObjectWrite(key, expected, body is null ? (ReadOnlyMemory<byte>?)null : Bytes(body), []));
        return Assert.IsType<CommitResult.Committed>(result).Number;
    }

    private Task<CommitResult> Commit(params ObjectWrite[] writes) => Store.Commit(new Change([.. writes], "test", "because"), default);

    private static (long, string, bool) Shown(StoredObject? stored) => (stored!.Number, Text(stored), stored.IsDeleted);

    private static string Text(StoredObject stored) => Encoding.UTF8.GetString(stored.Body.Span);

    private static string Show(FeedEntry entry) => $"{entry.Number} {string.Join(' ', entry.Keys.Order(Comparer<ObjectKey>.Create((a, b) => string.CompareOrdinal(a.ToString(), b.ToString()))))}";

    private static string Show(IEnumerable<(string Id, long Number, string Body)> objects) => string.Join(" | ", objects.Select(one => $"{one.Id} {one.Number} {one.Body}"));

    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
