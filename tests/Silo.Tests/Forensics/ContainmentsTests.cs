using System.Security.Cryptography;
using Assay.Core.Forensics;
using Assay.Core.Registry;
using Assay.Core.Revocation;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Grains.Incidents;
using Assay.Grains.Keys;
using Assay.Silo.Signing;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Tests.Storage;
using Microsoft.Extensions.Options;

namespace Assay.Silo.Tests.Forensics;

/// <summary>Acts of containment are one change each, and so is their undoing.</summary>
public sealed class ContainmentsTests : IAsyncLifetime
{
    private const string Realm = GrainKey.DefaultRealm;
    private static readonly CancellationToken Never = CancellationToken.None;

    private readonly TemporaryFolder temporary = new();
    private readonly KeyVault vault = new(RandomNumberGenerator.GetBytes(32));
    private DataFolder folder = null!;
    private SqliteStorage storage = null!;
    private KeyRings rings = null!;
    private Containments containments = null!;

    private IAuthorityStore Store => storage.Authority;

    public async ValueTask InitializeAsync()
    {
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, TimeProvider.System);
        rings = new KeyRings(Store, vault, Options.Create(new KeyOptions()), Options.Create(new AuthorityOptions()), Options.Create(new DecisionOptions()), TimeProvider.System);
        containments = new Containments(Store, rings, TimeProvider.System);
        var crm = new Identity
        {
            Id = "crm",
            Credentials =
            [
                new Credential { Handle = "stolen", Kind = CredentialKind.Secret, SecretHash = "aGFzaA", CreatedAt = DateTimeOffset.UnixEpoch },
                new Credential { Handle = "other", Kind = CredentialKind.Secret, SecretHash = "aGFzaA", CreatedAt = DateTimeOffset.UnixEpoch },
            ],
        };
        await Put(crm, 0);
    }

    public ValueTask DisposeAsync()
    {
        storage.Dispose();
        folder.Dispose();
        temporary.Dispose();
        vault.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_contained_credential_is_frozen_and_its_tokens_ended_in_one_change()
    {
        var done = await Contain(ContainedKind.Credential, "stolen");

        Assert.Equal((true, "crm", true), (done.Changed, done.Contained.Identity, done.Contained.Froze));
        var (crm, number) = await Read();
        Assert.Equal((done.Number, false, true), (number, IsLive(crm, "stolen"), IsLive(crm, "other")));
        Assert.Equal(done.Number, (await Store.Read(Revocations.Key(Realm, new RevocationId(RevocationKind.Credential, "stolen")), Never))!.Number);
        Assert.Equal(done.Act, done.Number);
    }

    [Fact]
    public async Task Containing_again_is_the_same_act_and_undoing_gives_back_what_it_took()
    {
        var before = (await Read()).Crm;
        var done = await Contain(ContainedKind.Identity, "crm");
        var again = await Contain(ContainedKind.Identity, "crm");
        var ended = (await Store.Read(Revocations.Key(Realm, new RevocationId(RevocationKind.Identity, "crm")), Never))!.Number;

        var undone = Done(await containments.Undo(Realm, done.Act, "ben", "the vendor moved", Never));
        var undoneAgain = Done(await containments.Undo(Realm, done.Act, "ben", "the vendor moved", Never));

        Assert.Equal((done.Number, false), (again.Number, again.Changed));
        Assert.Equal((true, true, done.Act), (undone.Changed, undone.Contained.Froze, undone.Act));
        Assert.Equal((undone.Number, false), (undoneAgain.Number, undoneAgain.Changed));
        Assert.Equal(RegistryJson.Write(before).ToArray(), RegistryJson.Write((await Read()).Crm).ToArray());
        Assert.Equal(ended, (await Store.Read(Revocations.Key(Realm, new RevocationId(RevocationKind.Identity, "crm")), Never))!.Number); // its tokens stay dead
    }

    [Fact]
    public async Task What_somebody_changed_since_is_not_given_back()
    {
        var done = await Contain(ContainedKind.Identity, "crm");
        var (crm, number) = await Read();
        await Put(crm with { DisabledAt = DateTimeOffset.UnixEpoch, DisabledReason = "leaver" }, number);

        var undone = Done(await containments.Undo(Realm, done.Act, "ben", "the vendor moved", Never));

        Assert.Equal((true, false), (undone.Changed, undone.Contained.Froze));
        Assert.Equal("leaver", (await Read()).Crm.DisabledReason);
    }

    [Fact]
    public async Task What_was_let_go_by_another_call_is_contained_anew_and_the_older_act_cannot_be_undone()
    {
        var first = await Contain(ContainedKind.Identity, "crm");
        var (crm, number) = await Read();
        await Put(crm with { DisabledAt = null, DisabledReason = null }, number);

        var second = await Contain(ContainedKind.Identity, "crm");
        var refused = Assert.IsType<ContainmentResult.Rejected>(await containments.Undo(Realm, first.Act, "ben", "no", Never));

        Assert.True(second.Changed && second.Act > first.Act);
        Assert.NotNull((await Read()).Crm.DisabledAt);
        Assert.Equal(ChangeFault.Conflict, refused.Fault);
        Assert.Contains($"undo act {second.Act}", refused.Detail);
    }

    [Fact]
    public async Task A_contained_key_is_withdrawn_replaced_and_taken_in_again_as_a_standby()
    {
        var ring = await rings.Read(Realm, KeyPurposes.AccessToken);
        await Store.Commit(new Change(ring.Writes(rings.Schedule.Tend(ring.Keys, TimeProvider.System.GetUtcNow(), () => rings.Create(KeyPurposes.AccessToken))), "system", "tended"), Never);
        var key = (await rings.Read(Realm, KeyPurposes.AccessToken)).Keys.Single(key => key.ActivatesAt is not null).KeyId;

        var done = await Contain(ContainedKind.Key, key);
        var now = TimeProvider.System.GetUtcNow();
        var contained = (await rings.Read(Realm, KeyPurposes.AccessToken)).Keys.ToLookup(one => one.StateAt(now), one => one.KeyId);
        Assert.Equal((false, done.Number), ((await Contain(ContainedKind.Key, key)).Changed, (await Contain(ContainedKind.Key, key)).Number));
        await containments.Undo(Realm, done.Act, "ben", "a false alarm", Never);

        Assert.Equal([key], contained[KeyState.Withdrawn]);
        Assert.Single(contained[KeyState.Active]);
        Assert.Equal(done.Number, (await Store.Read(Revocations.Key(Realm, new RevocationId(RevocationKind.Key, key)), Never))!.Number);
        Assert.Equal(KeyState.Announced, (await rings.Read(Realm, KeyPurposes.AccessToken)).Keys.Single(one => one.KeyId == key).StateAt(TimeProvider.System.GetUtcNow()));
    }

    [Theory]
    [InlineData(ContainedKind.Identity, "nobody"), InlineData(ContainedKind.Credential, "nobody's"), InlineData(ContainedKind.Key, "no-key")]
    public async Task What_is_not_there_is_not_contained(ContainedKind kind, string name)
    {
        var refused = Assert.IsType<ContainmentResult.Rejected>(await containments.Contain(Realm, kind, name, "ann", "x", Never));

        Assert.Equal(ChangeFault.NotFound, refused.Fault);
        Assert.Empty(await containments.List(Realm, long.MaxValue, 10, Never));
    }

    [Fact]
    public async Task No_act_of_that_number_is_not_undone()
    {
        var done = await Contain(ContainedKind.Identity, "crm");
        var undone = Done(await containments.Undo(Realm, done.Act, "ben", "x", Never));

        Assert.Equal(ChangeFault.NotFound, Assert.IsType<ContainmentResult.Rejected>(await containments.Undo(Realm, 1, "ben", "x", Never)).Fault);
        Assert.Equal(ChangeFault.NotFound, Assert.IsType<ContainmentResult.Rejected>(await containments.Undo(Realm, undone.Number, "ben", "x", Never)).Fault);
        Assert.Null(await containments.KindOf(Realm, undone.Number, Never));
        Assert.Equal(ContainedKind.Identity, await containments.KindOf(Realm, done.Act, Never));
    }

    [Fact]
    public async Task Acts_and_their_undoing_are_listed_with_who_and_why()
    {
        var first = await Contain(ContainedKind.Identity, "crm");
        var undone = Done(await containments.Undo(Realm, first.Act, "ben", "the vendor moved", Never));
        var second = await Contain(ContainedKind.Credential, "stolen");

        var events = await containments.List(Realm, long.MaxValue, 10, Never);

        Assert.Equal(
            [(second.Act, second.Number, "ann", "used from elsewhere", true), (first.Act, undone.Number, "ben", "the vendor moved", false), (first.Act, first.Number, "ann", "used from elsewhere", false)],
            events.Select(one => (one.Act, one.Change.Number, one.Change.Actor, one.Reason, one.Stands)));
        Assert.Equal([first.Number], (await containments.List(Realm, undone.Number, 10, Never)).Select(one => one.Change.Number));
    }

    private async Task<ContainmentResult.Done> Contain(ContainedKind kind, string name) => Done(await containments.Contain(Realm, kind, name, "ann", "used from elsewhere", Never));

    private static ContainmentResult.Done Done(ContainmentResult result) => Assert.IsType<ContainmentResult.Done>(result);

    private static bool IsLive(Identity identity, string handle) => identity.Credentials.Single(credential => credential.Handle == handle).IsLiveAt(TimeProvider.System.GetUtcNow());

    private async Task<(Identity Crm, long Number)> Read()
    {
        var stored = (await Store.Read(new ObjectKey(Realm, ObjectKinds.Identity, "crm"), Never))!;
        return (RegistryJson.ReadIdentity(stored.Body.Span), stored.Number);
    }

    private async Task Put(Identity identity, long number) => Assert.IsType<CommitResult.Committed>(await Store.Commit(
        new Change([new ObjectWrite(new ObjectKey(Realm, ObjectKinds.Identity, identity.Id), number, RegistryJson.Write(identity), IdentityKeys.Unique(identity))], "system", "put"), Never));
}
