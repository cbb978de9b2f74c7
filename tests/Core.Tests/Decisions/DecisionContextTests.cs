using Assay.Cedar;
using Assay.Core.Decisions;
using Assay.Core.Registry;
using Assay.Core.Risk;
using static Assay.Core.Tests.Decisions.Example;

namespace Assay.Core.Tests.Decisions;

public sealed class DecisionContextTests
{
    [Fact]
    public void The_context_is_exactly_this()
    {
        var input = Input with
        {
            Time = Now.AddTicks(12_345),
            Binding = "dpop",
            OriginIp = "192.0.2.7",
            Risk = new RiskAssessment(63, "high", ["leak", "travel"]),
            EntitlementAge = TimeSpan.FromMilliseconds(1500),
            RiskAge = TimeSpan.FromSeconds(2),
        };

        Assert.Equal(
            Value.Record(
                ("time", Value.Datetime("2026-01-31T12:00:00.001Z")),
                ("grantType", Value.Of("client_credentials")),
                ("client", Value.Record(("method", Value.Of("private_key_jwt")), ("credential", Value.Of("thumb")), ("assurance", Value.Of(2L)))),
                ("binding", Value.Of("dpop")),
                ("risk", Value.Record(("score", Value.Of(63L)), ("level", Value.Of("high")), ("signals", Value.Set(Value.Of("leak"), Value.Of("travel"))))),
                ("origin", Value.Record(("ip", Value.Ip("192.0.2.7")))),
                ("entitlementsAge", Value.Duration("1s500ms")),
                ("riskAge", Value.Duration("2s")),
                ("delegationDepth", Value.Of(0L))),
            DecisionContext.Of(input));
    }

    [Theory]
    [InlineData(null), InlineData(""), InlineData("nowhere"), InlineData("fe80::1%eth0"), InlineData("192.0.2.7:443")]
    public void An_origin_that_is_not_known_is_absent(string? ip) => Assert.True(Holds("!(context has origin)", Input with { OriginIp = ip }));

    [Theory]
    [InlineData("10.1.2.3", true), InlineData("::ffff:10.1.2.3", true), InlineData("::FFFF:10.1.2.3", true), InlineData("11.1.2.3", false), InlineData("2001:db8::1", false)]
    public void An_ipv4_caller_is_in_ranges_of_ipv4_also_on_a_dual_stack_socket(string ip, bool inRange) =>
        Assert.Equal(inRange, Holds("context has origin && context.origin.ip.isInRange(ip(\"10.0.0.0/8\"))", Input with { OriginIp = ip }));

    [Theory]
    [InlineData("private_key_jwt", 2), InlineData("client_secret_basic", 1), InlineData("client_secret_post", 1), InlineData("none", 0), InlineData("", 0)]
    public void Assurance_follows_from_the_method(string method, int assurance) =>
        Assert.True(Holds($"context.client.assurance == {assurance}", Input with { AuthenticationMethod = method }));

    [Fact]
    public void The_principal_has_its_declared_attributes_and_the_registrys_own()
    {
        var identity = Exporter with
        {
            Name = "Exporter", Owner = "team-pay", ManagedBy = "quickstart", Attributes = Value.Record(("tier", Value.Of(2L)), ("owner", Value.Of("an impostor"))),
        };

        Assert.True(Holds(
            "principal.tier == 2 && principal.name == \"Exporter\" && principal.owner == \"team-pay\" && principal.managedBy == \"quickstart\"", identity: identity));
        Assert.True(Holds(
            "principal has tier && !(principal has owner) && !(principal has name) && !(principal has managedBy)", identity: identity with { Name = null, Owner = null, ManagedBy = null }));
    }

    [Fact]
    public void A_workload_and_a_person_are_entities_of_their_own_types()
    {
        Assert.True(Holds("principal == Assay::Workload::\"exporter\""));
        Assert.True(Holds("principal == Assay::Person::\"exporter\"", identity: Exporter with { Kind = IdentityKind.Person }));
        Assert.False(Holds("principal == Assay::Workload::\"exporter\"", identity: Exporter with { Kind = IdentityKind.Person }));
    }

    [Fact]
    public void A_membership_counts_while_it_is_live_and_its_group_exists()
    {
        Assert.True(IsMember(new Membership { Group = Exporters }));
        Assert.True(IsMember(new Membership { Group = Exporters, ExpiresAt = Now.AddTicks(10_000) }));
        Assert.False(IsMember(new Membership { Group = Exporters, ExpiresAt = Now }));
        Assert.False(IsMember(new Membership { Group = Exporters, RemovedAt = Now.AddDays(-1) }));
        Assert.False(IsMember(new Membership { Group = Exporters }, DirectorySnapshot.Of([], [PaymentsApi])));
    }

    [Fact]
    public void Groups_lie_in_groups_and_a_scope_is_in_the_groups_of_its_api()
    {
        EntityUid staff = new(EntityTypes.Role, "staff");
        var directory = DirectorySnapshot.Of(
            [new Group { Uid = Exporters, Parents = [staff], Attributes = Value.Record(("cleared", Value.Of(true))) }, new Group { Uid = staff }],
            [PaymentsApi with { Attributes = Value.Record(("tier", Value.Of(1L))), Parents = [new EntityUid(EntityTypes.Team, "pay")] }]);

        Assert.True(Holds(
            """principal in Assay::Role::"staff" && Assay::Role::"exporters".cleared && resource.tier == 1 && resource in Assay::Team::"pay" && action in Action::"reading" """,
            directory: directory));
        Assert.True(Holds($"resource == Assay::Api::\"{Payments}\""));
        Assert.False(Holds("action in Action::\"reading\"", Input with { Scopes = ["pay"] }));
    }

    private static bool IsMember(Membership membership, DirectorySnapshot? directory = null) =>
        Holds("principal in Assay::Role::\"exporters\"", identity: Exporter with { Memberships = [membership] }, directory: directory);
}
