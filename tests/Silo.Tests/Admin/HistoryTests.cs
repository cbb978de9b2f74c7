using Assay.Core.Registry;
using Assay.Grains.Authority;
using Assay.Silo.Admin.Explaining;
using Assay.Silo.Startup;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Tests.Storage;

namespace Assay.Silo.Tests.Admin;

public sealed class HistoryTests
{
    [Fact]
    public async Task A_policy_set_that_was_changed_at_rest_explains_nothing()
    {
        using var temporary = new TemporaryFolder();
        using var folder = DataFolder.Open(temporary.Path);
        using var storage = new SqliteStorage(folder, TimeProvider.System);
        var document = BuiltIn.AdminPolicies;
        var body = RegistryJson.Write(document);
        foreach (var version in new[] { document.ContentHash(), "another" })
            await storage.Authority.Commit(new Change([new ObjectWrite(new ObjectKey("default", ObjectKinds.PolicySet, $"admin/{version}"), 0, body, [])], "test", "because"), default);
        var history = new History(storage.Authority, new SiloIdentity("https://assay.example", "one"));

        Assert.Equal(document.ContentHash(), (await history.Policies("admin", document.ContentHash(), default))!.Version);
        Assert.Null(await history.Policies("admin", "never stored", default));
        var fault = await Assert.ThrowsAsync<InvalidDataException>(() => history.Policies("admin", "another", default));
        Assert.Equal($"policy set another of domain admin was changed at rest: its content is {document.ContentHash()}", fault.Message);
    }
}
