using System.Collections.Immutable;
using Assay.Core.SharedSignals;
using Assay.Grains.Authority;
using Assay.Grains.SharedSignals;

namespace Assay.Silo.Tests.Storage.Contract;

/// <summary>What holds of event streams in every store.</summary>
public abstract class EventStoreContract : StoreContract
{
    private const string Realm = "default";

    private protected abstract IEventStore Events { get; }

    [Fact]
    public async Task A_stream_is_added_overwritten_by_who_saw_its_version_and_removed_with_its_subjects()
    {
        Assert.Null(await Events.Read(Realm, "a", default));
        Assert.True(await Events.Add(Realm, "a", "gateway", Bytes("one"), 2, default));
        Assert.Equal(("gateway", 1, "one"), Shown(await Events.Read(Realm, "a", default)));

        Assert.True(await Events.Write(Realm, "a", 1, Bytes("two"), default));
        Assert.False(await Events.Write(Realm, "a", 1, Bytes("three"), default));
        Assert.True(await Events.SetSubject(Realm, "a", 2, "identity:x", true, default));
        Assert.False(await Events.SetSubject(Realm, "a", 2, "identity:y", true, default));
        await Write(Exporter, 0, "one"); // the head is 1 from here on
        Assert.True(await Events.SetSubject(Realm, "a", 3, "identity:b", true, default));
        Assert.True(await Events.SetSubject(Realm, "a", 4, "identity:b", true, default)); // there already
        Assert.Equal(("gateway", 5, "two"), Shown(await Events.Read(Realm, "a", default)));
        Assert.Equal([new StreamSubject("identity:b", 1), new StreamSubject("identity:x", 0)], await Events.Subjects(Realm, "a", default));
        Assert.True(await Events.SetSubject(Realm, "a", 5, "identity:x", false, default));
        Assert.Equal([new StreamSubject("identity:b", 1)], await Events.Subjects(Realm, "a", default));

        Assert.True(await Events.Remove(Realm, "a", default));
        Assert.False(await Events.Remove(Realm, "a", default));
        Assert.Null(await Events.Read(Realm, "a", default));
        Assert.True(await Events.Add(Realm, "a", "gateway", Bytes("again"), 2, default));
        Assert.Empty(await Events.Subjects(Realm, "a", default));
        Assert.False(await Events.Write(Realm, "b", 1, Bytes("none"), default));
    }

    [Fact]
    public async Task An_owner_has_so_many_streams_and_no_more_whoever_adds_them_at_once()
    {
        var added = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(() => Events.Add(Realm, $"s{i}", "gateway", Bytes("x"), 3, default))));

        Assert.Equal(3, added.Count(one => one));
        Assert.Equal(3, (await Events.Of(Realm, "gateway", default)).Length);
        Assert.True(await Events.Add(Realm, "other", "another", Bytes("x"), 3, default));
        Assert.True(await Events.Remove(Realm, (await Events.Of(Realm, "gateway", default))[0].Id, default));
        Assert.True(await Events.Add(Realm, "again", "gateway", Bytes("x"), 3, default));
    }

    [Fact]
    public async Task Streams_come_in_pages_by_id_and_by_owner()
    {
        foreach (var (id, owner) in new[] { ("c", "ann"), ("B", "ben"), ("a", "ann") })
            Assert.True(await Events.Add(Realm, id, owner, Bytes(id), 9, default));
        Assert.True(await Events.Add("other", "a", "ann", Bytes("a"), 9, default));

        Assert.Equal(["B", "a"], (await Events.Page(Realm, null, 2, default)).Select(stream => stream.Id));
        Assert.Equal(["c"], (await Events.Page(Realm, "a", 2, default)).Select(stream => stream.Id));
        Assert.Equal(["a", "c"], (await Events.Of(Realm, "ann", default)).Select(stream => stream.Id));
    }

    [Fact]
    public async Task The_feed_is_read_from_any_place_in_order_with_who_and_when_and_up_to_the_head()
    {
        var first = await Write(Exporter, 0, "one");
        var revocation = new ObjectKey(Realm, ObjectKinds.Revocation, "identity::exporter");
        var second = Assert.IsType<CommitResult.Committed>(await Store.Commit(
            new Change([new ObjectWrite(revocation, 0, Bytes("x"), []), new ObjectWrite(Importer, 0, Bytes("one"), []), new ObjectWrite(Exporter, first, Bytes("two"), [])], "ann", ""), default)).Number;
        await Write(new ObjectKey(Realm, ObjectKinds.Group, "g"), 0, "not about an identity");
        await Write(Exporter with { Realm = "other" }, 0, "of another realm");

        var whole = await Events.Feed(Realm, new FeedPlace(0, "", ""), 10, default);
        var page = await Events.Feed(Realm, new FeedPlace(first, "identity", "exporter"), 2, default);
        var rest = await Events.Feed(Realm, page.Changes[^1].Place, 2, default);
        var end = await Events.Feed(Realm, FeedPlace.EndOf(second), 2, default);

        FeedPlace[] places = [new(first, "identity", "exporter"), new(second, "identity", "exporter"), new(second, "identity", "importer"), new(second, "revocation", revocation.Id)];
        Assert.Equal(places, Places(whole));
        Assert.Equal((true, second + 2, "ann"), (whole.IsWhole, whole.Head, whole.Changes[^1].Actor));
        Assert.Equal(((await Store.Changes(Realm, ObjectKinds.Revocation, null, 0, long.MaxValue, 1, default))[0].At, second + 2), (whole.Changes[^1].At, await Events.Head(default)));
        Assert.Equal(places[1..3], Places(page));
        Assert.Equal(places[3..], Places(rest));
        Assert.Equal((false, true, true), (page.IsWhole, rest.IsWhole, end.IsWhole));
        Assert.Equal((0, second + 2), (end.Changes.Length, end.Head));
    }

    private static IEnumerable<FeedPlace> Places(FeedSlice slice) => slice.Changes.Select(change => change.Place);

    private static (string, long, string) Shown(StoredStream? stream) => (stream!.Owner, stream.Version, System.Text.Encoding.UTF8.GetString(stream.Body.Span));
}
