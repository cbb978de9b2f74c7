using Assay.Cedar;
using Assay.Core.Registry;
using Assay.Grains.Identities;

namespace Assay.Grains.Tests.Identities;

/// <summary>A stage is set once, and again when anything it was set of is another.</summary>
public sealed class StageCacheTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly EntityUid Role = new(EntityTypes.Role, "r");
    private static readonly DirectorySnapshot Directory = DirectorySnapshot.Of([new Group { Uid = Role }], Enumerable.Range(0, 10).Select(i => new Api { Resource = $"urn:example:{i}" }));
    private static readonly Identity Identity = new() { Id = "i", Memberships = [new Membership { Group = Role, ExpiresAt = Now.AddMinutes(5) }] };

    private readonly StageCache cache = new();

    [Fact]
    public void The_same_state_has_the_same_stage_for_each_api()
    {
        var first = cache.Of(Directory, Identity, "urn:example:0", Now);
        var second = cache.Of(Directory, Identity, "urn:example:1", Now);

        Assert.NotSame(first, second);
        Assert.Same(first, cache.Of(Directory, Identity, "urn:example:0", Now.AddMinutes(4)));
        Assert.Same(second, cache.Of(Directory, Identity, "urn:example:1", Now.AddMinutes(4)));
    }

    [Fact]
    public void Another_state_of_the_identity_or_the_directory_or_the_end_of_a_membership_has_another_stage()
    {
        var first = cache.Of(Directory, Identity, "urn:example:0", Now);
        var ended = cache.Of(Directory, Identity, "urn:example:0", Now.AddMinutes(5));
        var changed = cache.Of(Directory, Identity with { Name = "x" }, "urn:example:0", Now);
        var elsewhere = cache.Of(DirectorySnapshot.Of([], Directory.Apis), Identity, "urn:example:0", Now);

        Assert.Equal(4, new HashSet<object>([first, ended, changed, elsewhere], ReferenceEqualityComparer.Instance).Count);
    }

    [Fact]
    public void It_holds_the_stages_of_a_few_apis_and_lets_the_oldest_go()
    {
        var stages = Enumerable.Range(0, 9).Select(i => cache.Of(Directory, Identity, $"urn:example:{i}", Now)).ToArray();

        Assert.Same(stages[8], cache.Of(Directory, Identity, "urn:example:8", Now));
        Assert.Same(stages[1], cache.Of(Directory, Identity, "urn:example:1", Now));
        Assert.NotSame(stages[0], cache.Of(Directory, Identity, "urn:example:0", Now));
    }
}
