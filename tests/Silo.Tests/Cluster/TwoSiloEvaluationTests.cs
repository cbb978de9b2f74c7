using Assay.Core.Registry;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Silo.Tests.Running;
using Assay.Silo.Tokens;
using Orleans.TestingHost;

namespace Assay.Silo.Tests.Cluster;

/// <summary>What somebody else is told about an identity is the same on every silo, and of now.</summary>
[Collection(Undisturbed.Collection)]
public sealed class TwoSiloEvaluationTests(GrainClusterFixture fixture) : IClassFixture<GrainClusterFixture>, IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(90);

    private readonly GrainCluster cluster = fixture.Cluster;

    public async ValueTask InitializeAsync() => await cluster.Begin();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Once_a_narrowing_call_has_returned_no_silo_says_yes_and_an_answer_that_was_on_its_way_does_not_leave()
    {
        foreach (var silo in cluster.Silos)
            Assert.Equal(["payments:read"], Assert.IsType<Decision.Decided>(await Ask(silo)).Verdict.GrantedScopes());
        var gate = cluster.Service<DecisionGate>(cluster.Silos[1]);
        using var waiting = gate.Enter();
        Assert.IsType<Decision.Decided>(await Ask(cluster.Silos[1], waiting));

        var done = Assert.IsType<ChangeResult.Done>(await cluster.Identity(cluster.Silos[0]).Change(new IdentityChange.Disable("gone"), "tests"));
        using var patience = new CancellationTokenSource(Soon);
        await cluster.Service<Narrowing>(cluster.Silos[0]).Everywhere(done.Number, patience.Token);

        Assert.False(waiting.MayLeave());
        foreach (var silo in cluster.Silos)
            Assert.Equal(RefusalReason.IdentityDisabled, Assert.IsType<Decision.Refused>(await Ask(silo)).Reason);
    }

    [Fact]
    public async Task It_answers_by_the_same_rules_as_a_search_that_wakes_nobody()
    {
        var view = cluster.Service<SiloView>(cluster.Silos[0]).Current!;
        var stored = await cluster.Store.Read(new ObjectKey(GrainCluster.Realm, ObjectKinds.Identity, cluster.Worker), CancellationToken.None);
        var worker = RegistryJson.ReadIdentity(stored!.Body.Span);
        (EvaluationRequest Request, string Answer)[] questions =
        [
            (Request, "payments:read"),
            (Request with { PrincipalType = EntityTypes.Workload }, "payments:read"),
            (Request with { AuthenticationMethod = "private_key_jwt", CredentialHandle = cluster.Key }, "payments:read"),
            (Request with { PrincipalType = EntityTypes.Person }, "UnknownIdentity"),
            (Request with { AuthenticationMethod = "client_secret_basic" }, "CredentialNotHeld"),
            (Request with { CredentialHandle = "key-of-nobody" }, "CredentialNotHeld"),
            (Request with { GrantType = "password" }, "GrantTypeNotAllowed"),
            (Request with { Resource = "https://nowhere.example" }, "UnknownResource"),
        ];

        foreach (var (request, answer) in questions)
        {
            Assert.Equal(answer, Word(await Ask(cluster.Silos[1], request: request)));
            Assert.Equal(answer, Word(IdentityEvaluation.Of(view, GrainCluster.Realm, worker, stored.Number, request, TimeProvider.System.GetUtcNow(), new DecisionOptions())));
        }

        Assert.Equal("UnknownIdentity", Word(IdentityEvaluation.Of(view, GrainCluster.Realm, null, 0, Request, TimeProvider.System.GetUtcNow(), new DecisionOptions())));
        Assert.Equal("EntitlementsTooOld", Word(IdentityEvaluation.Of(view, GrainCluster.Realm, worker, stored.Number, Request, view.RefreshedAt.AddSeconds(61), new DecisionOptions())));
        Assert.Equal("NoPolicy", Word(IdentityEvaluation.Of(view with { Policies = view.Policies.Clear() }, GrainCluster.Realm, worker, stored.Number, Request, view.RefreshedAt, new DecisionOptions())));
    }

    private static EvaluationRequest Request => new() { Resource = "https://payments.example", GrantType = "client_credentials" };

    private static string Word(Decision decision) => decision switch
    {
        Decision.Decided decided => string.Join(' ', decided.Verdict.GrantedScopes()),
        Decision.Refused refused => refused.Reason.ToString(),
        Decision.Unavailable unavailable => unavailable.Reason.ToString(),
        _ => "",
    };

    private async Task<Decision> Ask(InProcessSiloHandle silo, DecisionTicket? passage = null, EvaluationRequest? request = null)
    {
        using var own = cluster.Service<DecisionGate>(silo).Enter();
        return await cluster.Service<IdentityCalls>(silo).Evaluate(cluster.Worker, request ?? Request, passage ?? own, CancellationToken.None);
    }
}
