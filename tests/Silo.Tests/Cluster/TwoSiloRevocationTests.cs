using Assay.Core.Revocation;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Silo.Tests.Running;
using Assay.Silo.Tokens;

namespace Assay.Silo.Tests.Cluster;

/// <summary>What one silo ended is dead on the other when the call has returned.</summary>
[Collection(Undisturbed.Collection)]
public sealed class TwoSiloRevocationTests(GrainClusterFixture fixture) : IClassFixture<GrainClusterFixture>, IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(90);

    private readonly GrainCluster cluster = fixture.Cluster;

    public async ValueTask InitializeAsync() => await cluster.Begin();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_token_is_live_on_every_silo_until_one_revokes_it_and_its_sibling_stays()
    {
        var (token, jti, _) = await cluster.Mint(cluster.Silos[0]);
        var (sibling, _, _) = await cluster.Mint(cluster.Silos[0]);
        Assert.All(cluster.Silos, silo => Assert.IsType<TokenState.Live>(cluster.Examine(silo, token)));

        var (number, changed) = await End(new RevocationId(RevocationKind.Jti, jti));
        var (again, changedAgain) = await End(new RevocationId(RevocationKind.Jti, jti));

        Assert.Equal((number, true, false), (again, changed, changedAgain));
        Assert.All(cluster.Silos, silo => Assert.Equal(new TokenState.Dead(EndReason.Revoked), cluster.Examine(silo, token)));
        Assert.All(cluster.Silos, silo => Assert.IsType<TokenState.Live>(cluster.Examine(silo, sibling)));
    }

    [Theory]
    [InlineData(RevocationKind.Identity), InlineData(RevocationKind.Credential), InlineData(RevocationKind.Key), InlineData(RevocationKind.PolicyVersion)]
    public async Task What_a_token_hangs_on_ends_all_that_were_issued_and_none_that_will_be(RevocationKind kind)
    {
        var (first, _, decided) = await cluster.Mint(cluster.Silos[0]);
        var (second, _, _) = await cluster.Mint(cluster.Silos[1]);

        await End(new RevocationId(kind, kind switch
        {
            RevocationKind.Identity => cluster.Worker,
            RevocationKind.Credential => cluster.Key,
            RevocationKind.Key => GrainCluster.SigningKeyId,
            _ => decided.Input.PolicyVersion,
        }));

        var (after, _, _) = await cluster.Mint(cluster.Silos[0]);
        foreach (var silo in cluster.Silos)
        {
            Assert.Equal(new TokenState.Dead(EndReason.Revoked), cluster.Examine(silo, first));
            Assert.Equal(new TokenState.Dead(EndReason.Revoked), cluster.Examine(silo, second));
            Assert.IsType<TokenState.Live>(cluster.Examine(silo, after));
        }
    }

    [Fact]
    public async Task A_window_ends_what_was_issued_in_it()
    {
        var (token, _, decided) = await cluster.Mint(cluster.Silos[0]);
        var issued = decided.Input.Time;

        await End(new RevocationId(RevocationKind.Identity, cluster.Worker, IssueWindow.Of(null, issued.AddSeconds(-2))));
        Assert.All(cluster.Silos, silo => Assert.IsType<TokenState.Live>(cluster.Examine(silo, token)));
        await End(new RevocationId(RevocationKind.Identity, cluster.Worker, IssueWindow.Of(issued, issued.AddSeconds(1))));

        Assert.All(cluster.Silos, silo => Assert.Equal(new TokenState.Dead(EndReason.Revoked), cluster.Examine(silo, token)));
    }

    [Fact]
    public async Task Disabling_an_identity_ends_its_tokens_and_enabling_it_brings_none_back()
    {
        var (before, _, _) = await cluster.Mint(cluster.Silos[0]);

        await Change(new IdentityChange.Disable("gone"));
        Assert.All(cluster.Silos, silo => Assert.Equal(new TokenState.Dead(EndReason.Revoked), cluster.Examine(silo, before)));
        await Change(new IdentityChange.Enable());

        // At once and on both, though one of them may have heard of the change only now: what is issued from here on is no token of before.
        foreach (var silo in cluster.Silos)
        {
            var (after, _, _) = await cluster.Mint(silo);
            Assert.All(cluster.Silos, asked => Assert.IsType<TokenState.Live>(cluster.Examine(asked, after)));
        }

        Assert.All(cluster.Silos, silo => Assert.Equal(new TokenState.Dead(EndReason.Revoked), cluster.Examine(silo, before)));
    }

    [Fact]
    public async Task Revoking_a_credential_ends_what_it_obtained_and_losing_a_membership_ends_nothing()
    {
        var (token, _, _) = await cluster.Mint(cluster.Silos[0]);
        await Change(new IdentityChange.AddMember("Assay::Role::\"clerk\"", null));
        await Change(new IdentityChange.RemoveMember("Assay::Role::\"clerk\""));
        Assert.All(cluster.Silos, silo => Assert.IsType<TokenState.Live>(cluster.Examine(silo, token)));

        await Change(new IdentityChange.RevokeCredential(cluster.Key));

        Assert.All(cluster.Silos, silo => Assert.Equal(new TokenState.Dead(EndReason.Revoked), cluster.Examine(silo, token)));
    }

    [Fact]
    public async Task A_silo_that_joins_later_knows_what_was_ended_before()
    {
        var (token, jti, _) = await cluster.Mint(cluster.Silos[0]);
        var (sibling, _, _) = await cluster.Mint(cluster.Silos[0]);
        await End(new RevocationId(RevocationKind.Jti, jti));

        var joined = await cluster.Join();

        Assert.Equal(new TokenState.Dead(EndReason.Revoked), cluster.Examine(joined, token));
        Assert.IsType<TokenState.Live>(cluster.Examine(joined, sibling));
        await cluster.Stop(joined).WaitAsync(Soon); // the other tests know of two
    }

    /// <summary>Through the second silo.</summary>
    private async Task<(long Number, bool Changed)> End(RevocationId id)
    {
        var done = await cluster.Service<Revoker>(cluster.Silos[1]).Revoke(id, "tests", "tried", default);
        await cluster.Service<Narrowing>(cluster.Silos[1]).Everywhere(done.Number, default).WaitAsync(Soon);
        return done;
    }

    private async Task Change(IdentityChange change)
    {
        var done = Assert.IsType<ChangeResult.Done>(await cluster.Identity(cluster.Silos[1]).Change(change, "tests"));
        if (change is not (IdentityChange.Enable or IdentityChange.AddMember))
            await cluster.Service<Narrowing>(cluster.Silos[1]).Everywhere(done.Number, default).WaitAsync(Soon);
    }
}
