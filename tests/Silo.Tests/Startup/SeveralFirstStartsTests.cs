using Assay.Grains.Authority;
using Assay.Grains.Policies;
using Assay.Silo.Bundles;
using Assay.Silo.Signing;
using Assay.Silo.Startup;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Tests.Running;
using Assay.Silo.Tests.Storage;
using Microsoft.Extensions.Options;

namespace Assay.Silo.Tests.Startup;

/// <summary>Several silos, each with a data folder of its own, start on one empty store at the same moment.</summary>
public sealed class SeveralFirstStartsTests : IDisposable
{
    private const int Count = 4;

    private readonly TemporaryFolder temporary = new();
    private readonly SiloIdentity self = new("https://tokens.example", "silo");
    private readonly DataFolder storageFolder;
    private readonly SqliteStorage storage;
    private readonly DataFolder[] folders;

    public SeveralFirstStartsTests()
    {
        storageFolder = DataFolder.Open(Path.Combine(temporary.Path, "storage"));
        storage = new SqliteStorage(storageFolder, TimeProvider.System);
        folders = [.. Enumerable.Range(0, Count).Select(i => DataFolder.Open(Path.Combine(temporary.Path, $"silo-{i}")))];
    }

    public void Dispose()
    {
        foreach (var folder in folders)
            folder.Dispose();
        storage.Dispose();
        storageFolder.Dispose();
        temporary.Dispose();
    }

    [Fact]
    public async Task One_makes_the_first_administrator_and_only_its_key_is_left()
    {
        await AllAtOnce(null);

        var keys = folders.Select(Key).ToArray();
        Assert.Equal(1, keys.Count(key => File.Exists(key.File)));
        var inForce = await Task.WhenAll(keys.Select(key => key.InForce(default)));
        Assert.Equal(keys.Single(key => File.Exists(key.File)).File, Assert.Single(inForce, file => file is not null));
    }

    [Fact]
    public async Task One_applies_the_bundle_and_only_its_generated_keys_are_left()
    {
        await AllAtOnce(Path.Combine(RunningSilo.Checkout(), "samples", "quickstart"));

        Assert.Single(folders, folder => Directory.Exists(folder.KeysFolder) && Directory.EnumerateFiles(folder.KeysFolder, "*.jwk").Any());
        Assert.Single((await storage.Authority.List(self.Realm, ObjectKinds.Bundle, default)).Objects);
        Assert.Equal(2, (await storage.Authority.List(self.Realm, ObjectKinds.ActivePolicy, default)).Objects.Length);
    }

    [Fact]
    public async Task All_have_the_same_secrets()
    {
        using var vault = new KeyVault(new byte[32]);
        var secrets = folders.Select(_ => new ClusterSecrets(storage.Authority, vault, self)).ToArray();

        await Task.WhenAll(secrets.Select(one => Task.Run(() => one.Load(default))));

        Assert.Single(secrets.Select(one => Convert.ToHexString([.. one.JtiKey, .. one.Pepper])).Distinct());
    }

    [Fact]
    public async Task A_key_that_was_revoked_is_not_said_to_open_anything()
    {
        await AllAtOnce(null);
        var key = folders.Select(Key).Single(key => File.Exists(key.File));
        var holder = (await key.Holder(default))!;
        var stored = await storage.Authority.Read(new ObjectKey(self.Realm, ObjectKinds.Identity, holder.Id), default);
        var revoked = holder with { Credentials = [holder.Credentials[0] with { RevokedAt = TimeProvider.System.GetUtcNow() }] };
        await storage.Authority.Commit(
            new Change([new ObjectWrite(stored!.Key, stored.Number, Core.Registry.RegistryJson.Write(revoked), [])], "tests", "revoked"), default);

        Assert.Null(await key.InForce(default));
    }

    private Task AllAtOnce(string? bundle) => Task.WhenAll(folders.Select(folder => Task.Run(() => FirstStart(folder).Run(bundle, default))));

    private FirstStart FirstStart(DataFolder folder)
    {
        var rule = new TwoPersonRule(storage.Authority, Options.Create(new PolicyOptions { TwoPersonRule = true })); // the first start is exempt
        return new(storage.Authority, new BundleApply(storage.Authority, rule, self, TimeProvider.System), Key(folder), folder, self, TimeProvider.System);
    }

    private BootstrapKey Key(DataFolder folder) => new(folder, storage.Authority, self);
}
