using Assay.Cedar;
using Assay.Core.Registry;

namespace Assay.Core.Tests.Registry;

public sealed class DirectorySnapshotTests
{
    private static readonly EntityUid Auditor = new(EntityTypes.Role, "auditor");
    private static readonly EntityUid Staff = new(EntityTypes.Role, "staff");

    [Fact]
    public void Groups_and_apis_are_entities_with_their_ancestors()
    {
        var directory = DirectorySnapshot.Of(
            [new Group { Uid = Auditor, Parents = [Staff], Attributes = Value.Record(("level", Value.Of(3L))) }, new Group { Uid = Staff }],
            [new Api { Resource = "https://pay.example", Parents = [Staff] }]);

        Assert.True(directory.Entities.TryGet(Auditor, out var auditor));
        Assert.Equal(new Entity(Auditor, Value.Record(("level", Value.Of(3L))), [Staff]), auditor);
        Assert.True(directory.Entities.IsIn(Auditor, Staff));
        Assert.True(directory.Entities.IsIn(new EntityUid(EntityTypes.Api, "https://pay.example"), Staff));
    }

    [Fact]
    public void A_scope_is_in_the_groups_its_own_api_gives_it_and_in_no_others()
    {
        var directory = DirectorySnapshot.Of([],
        [
            new Api { Resource = "urn:a", Scopes = [new ApiScope("read", null, ["harmless"])] },
            new Api { Resource = "urn:b", Scopes = [new ApiScope("read", null, ["secret"])] },
        ]);

        Assert.True(directory.TryGetView("urn:b", out var view));
        Assert.True(view.TryGetAction("read", out var read));
        Assert.True(view.Entities.IsIn(read, new EntityUid("Action", "secret")));
        Assert.False(view.Entities.IsIn(read, new EntityUid("Action", "harmless")));
    }

    [Theory]
    [InlineData("https://pay.example/v1", true)]
    [InlineData("HTTPS://PAY.example/v1", true)]
    [InlineData("https://pay.example/V1", false)]
    [InlineData("https://pay.example/v1/", false)]
    [InlineData("https://pay.example", false)]
    [InlineData("", false)]
    [InlineData("URN:assay:x", true)]
    [InlineData("urn:ASSAY:x", false)]
    public void A_resource_is_found_whatever_the_case_of_scheme_and_host_and_not_otherwise(string resource, bool found)
    {
        var directory = DirectorySnapshot.Of([], [new Api { Resource = "https://pay.example/v1" }, new Api { Resource = "urn:assay:x" }]);

        Assert.Equal(found, directory.TryGetApi(resource, out _));
    }

    [Fact]
    public void An_api_keeps_the_resource_it_was_registered_with()
    {
        var directory = DirectorySnapshot.Of([], [new Api { Resource = "https://Pay.Example/v1" }]);

        Assert.True(directory.TryGetApi("https://pay.example/v1", out var api));
        Assert.Equal("https://Pay.Example/v1", api.Resource);
    }

    [Fact]
    public void Two_objects_of_one_name_and_hierarchies_in_a_circle_are_refused()
    {
        Assert.Throws<CedarDataException>(() => DirectorySnapshot.Of([new Group { Uid = Auditor }, new Group { Uid = Auditor, Description = "again" }], []));
        Assert.Throws<CedarDataException>(() => DirectorySnapshot.Of([], [new Api { Resource = "https://a.example" }, new Api { Resource = "HTTPS://A.example" }]));
        Assert.Throws<CedarDataException>(() => DirectorySnapshot.Of([new Group { Uid = Auditor, Parents = [Staff] }, new Group { Uid = Staff, Parents = [Auditor] }], []));
        Assert.Throws<CedarDataException>(() => DirectorySnapshot.Of([], [new Api { Resource = "urn:a", Scopes = [new ApiScope("x", null, []), new ApiScope("x", null, ["y"])] }]));
        Assert.Throws<CedarDataException>(() => DirectorySnapshot.Of([], [new Api { Resource = "urn:a", Scopes = [new ApiScope("x", null, ["y"]), new ApiScope("y", null, ["x"])] }]));
    }

    [Fact]
    public void An_empty_directory_knows_nothing()
    {
        Assert.False(DirectorySnapshot.Empty.TryGetApi("urn:a", out _));
        Assert.False(DirectorySnapshot.Empty.TryGetGroup(Auditor, out _));
    }
}
