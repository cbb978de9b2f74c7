using System.Collections.Immutable;
using Assay.Core.Revocation;
using Assay.Grains.Authority;
using Assay.Silo.Storage.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Assay.Silo.Tests.Storage;

/// <summary>What a silo that joins learns of the revocations before it, and what a silo that follows learns from the feed.</summary>
public sealed class RevocationLoadingTests : IDisposable
{
    private const string Realm = "default";

    private readonly TestClock clock = new();
    private readonly TemporaryFolder temporary = new();
    private readonly TokenHandles handles = new(new byte[32]);
    private readonly DataFolder folder;
    private readonly SqliteStorage storage;
    private readonly ISnapshotLoader loader;

    public RevocationLoadingTests()
    {
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, clock);
        loader = new ServiceCollection()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().Build())
            .AddLogging()
            .AddSingleton<IAuthorityStore>(storage.Authority)
            .AddSingleton(handles)
            .AddAuthority()
            .BuildServiceProvider()
            .GetRequiredService<ISnapshotLoader>();
    }

    public void Dispose()
    {
        storage.Dispose();
        folder.Dispose();
        temporary.Dispose();
    }

    /// <summary>More than are read at once, also in one change.</summary>
    [Fact]
    public async Task Whoever_joins_knows_all_that_can_still_matter_and_nothing_older()
    {
        await Revoke("too-old");
        clock.Advance(RevocationSet.Retention + TimeSpan.FromSeconds(1));
        await Revoke([.. Enumerable.Range(0, 6_000).Select(i => $"bulk-{i}")]);
        await Revoke("single");
        var head = await Revoke("last", "and-another");

        var set = (await Load(null, [], head)).Revocations;

        Assert.Equal(6_003, set.Count);
        Assert.False(Ends(set, "too-old", 0));
        Assert.True(Ends(set, "bulk-0", head - 3) && Ends(set, "bulk-5999", head - 3) && Ends(set, "single", head - 2) && Ends(set, "and-another", head - 1));
        Assert.False(Ends(set, "single", head - 1));
    }

    [Fact]
    public async Task Whoever_follows_learns_from_the_feed_alone()
    {
        var first = await Revoke("first");
        var snapshot = await Load(null, [], first);
        var key = Revocations.Key(Realm, new RevocationId(RevocationKind.Identity, "second"));

        var next = await Load(snapshot, [new FeedEntry(first + 1, [key, key with { Realm = "another" }])], first + 1); // the store holds no such object

        Assert.Equal((1, 2), (snapshot.Revocations.Count, next.Revocations.Count));
        Assert.True(Ends(next.Revocations, "first", first - 1) && Ends(next.Revocations, "second", first));
        Assert.False(Ends(next.Revocations, "second", first + 1));
    }

    [Fact]
    public async Task An_entry_that_cannot_be_read_is_not_passed_over()
    {
        var head = await Revoke("first");
        var snapshot = await Load(null, [], head);

        await Assert.ThrowsAsync<InvalidDataException>(() => Load(snapshot, [new FeedEntry(head + 1, [new ObjectKey(Realm, ObjectKinds.Revocation, "planet::mars")])], head + 1));
    }

    private bool Ends(RevocationSet set, string identity, long number) => set.IsEnded(handles.Of(RevocationKind.Identity, identity), number, 0);

    private async Task<long> Revoke(params string[] identities)
    {
        ImmutableArray<ObjectWrite> writes = [.. identities.Select(name => Revocations.First(Realm, new RevocationId(RevocationKind.Identity, name), "tried"))];
        return Assert.IsType<CommitResult.Committed>(await storage.Authority.Commit(new Change(writes, "tests", "tried"), default)).Number;
    }

    private Task<SiloSnapshot> Load(SiloSnapshot? previous, ImmutableArray<FeedEntry> entries, long head) =>
        loader.Load(previous, entries, head, clock.GetUtcNow(), default);
}
