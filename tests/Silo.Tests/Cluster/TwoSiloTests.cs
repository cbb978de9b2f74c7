using Assay.Core.Registry;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Silo.Tests.Running;

namespace Assay.Silo.Tests.Cluster;

/// <summary>An identity lives on one silo and is asked through both; wherever it lives next, an assertion gives one token.</summary>
[Collection(Undisturbed.Collection)]
public sealed class TwoSiloTests(GrainClusterFixture fixture) : IClassFixture<GrainClusterFixture>, IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(90);

    private readonly GrainCluster cluster = fixture.Cluster;

    public async ValueTask InitializeAsync() => await cluster.Begin();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Either_silo_lets_the_identity_decide()
    {
        Assert.Equal(Use.Issued, await cluster.Present(cluster.Silos[0], 1));
        Assert.Equal(Use.Issued, await cluster.Present(cluster.Silos[1], 2));
        Assert.Equal((Use.Replayed, Use.Replayed), (await cluster.Present(cluster.Silos[1], 1), await cluster.Present(cluster.Silos[0], 2)));
    }

    [Fact]
    public async Task A_change_through_one_silo_holds_on_the_other_when_its_call_has_returned()
    {
        await cluster.Settle(cluster.Silos[0]);
        Assert.Equal(Use.Issued, await cluster.Present(cluster.Silos[1], 1));

        var change = await cluster.Identity(cluster.Silos[1]).Change(new IdentityChange.RevokeCredential(cluster.Key), "tests");
        await cluster.Service<Narrowing>(cluster.Silos[1]).Everywhere(Assert.IsType<ChangeResult.Done>(change).Number, default).WaitAsync(Soon);

        Assert.Equal((Use.Refused, Use.Refused), (await cluster.Present(cluster.Silos[0], 2), await cluster.Present(cluster.Silos[1], 3)));
    }

    [Fact]
    public async Task A_change_keeps_the_keys_that_a_live_identity_does_not_hold()
    {
        var key = new ObjectKey(GrainCluster.Realm, ObjectKinds.Identity, cluster.Worker);
        var before = RegistryJson.ReadIdentity((await cluster.Store.Read(key, default))!.Body.Span);
        Assert.Equal(Use.Issued, await cluster.Present(cluster.Silos[0], 1));

        var identity = cluster.Identity(cluster.Silos[1]);
        Assert.IsType<ChangeResult.Done>(await identity.Change(new IdentityChange.RaiseSignal("seen", "tests", 5, null, null), "tests"));

        var after = RegistryJson.ReadIdentity((await cluster.Store.Read(key, default))!.Body.Span);
        Assert.Equal(before.Credentials, after.Credentials);
        Assert.All(after.Credentials, static credential => Assert.NotNull(credential.PublicJwk ?? credential.SecretHash));
        Assert.Equal(RegistryJson.Write(after).ToArray(), System.Text.Encoding.UTF8.GetBytes((await identity.Read())!.Json));
    }

    [Fact]
    public async Task An_assertion_shown_to_both_silos_at_once_gives_one_token()
    {
        for (ulong assertion = 1; assertion <= 50; assertion++)
        {
            var shown = assertion;
            var uses = await Task.WhenAll(cluster.Silos.Select(silo => Task.Run(() => cluster.Present(silo, shown))));
            Assert.Equal([Use.Issued, Use.Replayed], uses.Order());
        }
    }

    [Fact]
    public async Task A_change_that_lands_while_an_identity_is_being_read_is_not_missed()
    {
        var home = cluster.Silos[0];
        var read = cluster.Service<CuttableStore>(home).HoldNextRead();
        var settled = cluster.Settle(home);
        await read.Reached.WaitAsync(Soon); // as it was

        var key = new ObjectKey(GrainCluster.Realm, ObjectKinds.Identity, cluster.Worker);
        var stored = (await cluster.Store.Read(key, default))!;
        var disabled = RegistryJson.ReadIdentity(stored.Body.Span) with { DisabledAt = DateTimeOffset.UnixEpoch };
        var change = await cluster.Store.Commit(new Change([new ObjectWrite(key, stored.Number, RegistryJson.Write(disabled), [])], "tests", "disabled"), default);
        await cluster.Service<SiloView>(home).WaitFor(Assert.IsType<CommitResult.Committed>(change).Number, default).WaitAsync(Soon);
        read.LetGo();
        await settled.WaitAsync(Soon);

        Assert.Equal(RefusalReason.IdentityDisabled, Assert.IsType<Decision.Refused>(await cluster.Identity(home).Decide(cluster.Request(1))).Reason);
    }

    [Fact]
    public async Task An_identity_that_cannot_be_read_keeps_none_of_those_it_was_read_with_from_coming_to_life()
    {
        var change = new Change([new ObjectWrite(new ObjectKey(GrainCluster.Realm, ObjectKinds.Identity, "broken"), 0, "{}"u8.ToArray(), [])], "tests", "broken");
        Assert.IsType<CommitResult.Committed>(await cluster.Store.Commit(change, default));
        var grains = cluster.Service<IGrainFactory>(cluster.Silos[0]);

        var broken = Read("broken");
        var others = Enumerable.Range(0, 100).Select(number => Read($"nobody-{number}")).ToArray();

        Assert.Equal(new IdentityState?[100], await Task.WhenAll(others).WaitAsync(Soon));
        Assert.True(await Record.ExceptionAsync(() => broken.WaitAsync(Soon)) is { } fault and not TimeoutException, "what cannot be read came to life");

        Task<IdentityState?> Read(string id) => grains.GetGrain<IIdentityGrain>(GrainKey.For(GrainCluster.Realm, id)).Read();
    }

    [Fact]
    public async Task What_was_spent_moves_with_the_identity()
    {
        await cluster.Settle(cluster.Silos[0]);
        var request = cluster.Request(1);
        Assert.IsType<Decision.Decided>(await cluster.Identity(cluster.Silos[0]).Decide(request)); // and no evidence of it, which could tell

        await cluster.Move(cluster.Silos[1]);

        Assert.Same(cluster.Silos[1], cluster.Home);
        Assert.Equal(Use.Replayed, await cluster.Present(cluster.Silos[0], 1));
        Assert.IsType<Decision.Decided>(await cluster.Identity(cluster.Silos[0]).Decide(request)); // the same call, repeated
    }
}
