using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Revocation;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Silo.Storage.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Assay.Silo.Tests.Storage;

/// <summary>A silo takes up the shadow that the store names, and follows the feed whatever is wrong with it.</summary>
public sealed class ShadowLoadingTests : IDisposable
{
    private const string Realm = GrainKey.DefaultRealm;

    private static readonly PolicyDocument Document = new([new PolicyFile("policies/all.cedar", "permit (principal, action, resource);")], null);

    private readonly TemporaryFolder temporary = new();
    private readonly DataFolder folder;
    private readonly SqliteStorage storage;
    private readonly StoreSnapshotLoader loader;

    public ShadowLoadingTests()
    {
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, TimeProvider.System);
        loader = new StoreSnapshotLoader(storage.Authority, new TokenHandles(new byte[32]), Options.Create(new AuthorityOptions()), NullLogger<StoreSnapshotLoader>.Instance);
    }

    public void Dispose()
    {
        storage.Dispose();
        folder.Dispose();
        temporary.Dispose();
    }

    [Fact]
    public async Task A_shadow_is_taken_up_kept_while_it_stays_and_dropped_when_it_ends()
    {
        var set = new ObjectKey(Realm, ObjectKinds.PolicySet, $"tokens/{Document.ContentHash()}");
        await Commit(new ObjectWrite(set, 0, RegistryJson.Write(Document), []));
        var begun = await Commit(Shadow(0, Document.ContentHash()));

        var first = await loader.Load(null, [], begun, DateTimeOffset.UnixEpoch, default);
        var second = await loader.Load(first, [], begun, DateTimeOffset.UnixEpoch, default);
        var ended = await Commit(Shadow(begun, null));
        var third = await loader.Load(second, [new FeedEntry(ended, [ShadowKey])], ended, DateTimeOffset.UnixEpoch, default);

        var shadow = first.Shadows[$"{Realm}/tokens"];
        Assert.Equal(("tokens", Document.ContentHash(), begun), (shadow.Domain, shadow.Version, shadow.Number));
        Assert.Same(shadow, second.Shadows[$"{Realm}/tokens"]);
        Assert.Empty(third.Shadows);
    }

    [Fact]
    public async Task A_shadow_that_cannot_be_used_is_left_out_and_the_rest_is_loaded()
    {
        var changed = new ObjectKey(Realm, ObjectKinds.PolicySet, "tokens/0000");
        await Commit(new ObjectWrite(changed, 0, RegistryJson.Write(Document), []));
        var missing = await Commit(Shadow(0, "ffff"));
        Assert.Empty((await loader.Load(null, [], missing, DateTimeOffset.UnixEpoch, default)).Shadows);

        var tampered = await Commit(Shadow(missing, "0000"));
        var snapshot = await loader.Load(null, [], tampered, DateTimeOffset.UnixEpoch, default);
        Assert.Empty(snapshot.Shadows);
        Assert.Equal(tampered, snapshot.Number);

        var nonsense = await Commit(new ObjectWrite(ShadowKey, tampered, "{}"u8.ToArray(), []));
        Assert.Empty((await loader.Load(null, [], nonsense, DateTimeOffset.UnixEpoch, default)).Shadows);
    }

    private static ObjectKey ShadowKey => new(Realm, ObjectKinds.ShadowPolicy, "tokens");

    private static ObjectWrite Shadow(long expected, string? version) =>
        new(ShadowKey, expected, version is null ? (ReadOnlyMemory<byte>?)null : RegistryJson.Write(new ShadowPointer(version)), []);

    private async Task<long> Commit(ObjectWrite write) =>
        Assert.IsType<CommitResult.Committed>(await storage.Authority.Commit(new Change([write], "tests", "test"), default)).Number;
}
