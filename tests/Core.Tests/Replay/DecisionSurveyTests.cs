using Assay.Cedar;
using Assay.Core.Decisions;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Replay;

namespace Assay.Core.Tests.Replay;

public sealed class DecisionSurveyTests
{
    private const string Resource = "https://a.example";
    private const string Before = """
        @id("read") permit (principal in Assay::Role::"reader", action == Action::"read", resource);
        @id("write") permit (principal in Assay::Role::"reader", action in Action::"change", resource) when { context.client.assurance >= 2 };
        @id("risky") @step_up("approval") forbid (principal, action == Action::"write", resource) when { context.risk.score >= 80 };
        """;

    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_same_set_decides_the_same()
    {
        var result = Compare(Before);

        // Two identities (the disabled one is not asked about), two scopes of one API, six situations.
        Assert.Equal((2, 1, 24L), (result.Identities, result.Apis, result.Decisions));
        Assert.Empty(result.Changes);
    }

    [Fact]
    public void Who_loses_is_told_with_the_situations_in_which_it_does()
    {
        var result = Compare(Before.Replace("score >= 80", "score >= 50", StringComparison.Ordinal).Replace("@step_up(\"approval\") ", "", StringComparison.Ordinal));

        Assert.Equal(["Lost reader write Granted 300 s → Forbidden 0 s: private_key_jwt 50"], result.Changes.Select(Text));
    }

    [Fact]
    public void A_scope_that_is_opened_by_a_verification_now_and_a_shorter_life_are_told_apart()
    {
        var result = Compare(Before.Replace("@id(\"read\")", "@id(\"read\") @max_ttl(\"1m\")", StringComparison.Ordinal).Replace("score >= 80", "score >= 50", StringComparison.Ordinal));

        Assert.Equal(
            [
                "StepUp reader write Granted 300 s → StepUpRequired (approval) 0 s: private_key_jwt 50",
                "Shorter reader read Granted 300 s → Granted 60 s: private_key_jwt 0, private_key_jwt 50, private_key_jwt 80, client_secret_basic 0, client_secret_basic 50, client_secret_basic 80",
            ],
            result.Changes.Select(Text));
    }

    [Fact]
    public void Who_gains_is_told_after_who_loses()
    {
        var result = Compare("""@id("all") permit (principal, action == Action::"write", resource);""");

        Assert.Equal(
            [
                "Lost reader read Granted 300 s → NoPermit 0 s: private_key_jwt 0, private_key_jwt 50, private_key_jwt 80, client_secret_basic 0, client_secret_basic 50, client_secret_basic 80",
                "Gained other write NoPermit 0 s → Granted 300 s: private_key_jwt 0, private_key_jwt 50, client_secret_basic 0, client_secret_basic 50",
                "Gained other write Forbidden 0 s → Granted 300 s: private_key_jwt 80, client_secret_basic 80",
                "Gained reader write NoPermit 0 s → Granted 300 s: client_secret_basic 0, client_secret_basic 50",
                "Gained reader write Forbidden 0 s → Granted 300 s: client_secret_basic 80",
                "Gained reader write StepUpRequired 0 s → Granted 300 s: private_key_jwt 80",
            ],
            result.Changes.Select(Text));
    }

    private static string Text(SurveyChange change) =>
        $"{change.Kind} {change.Identity} {change.Scope} {change.Before} {change.LifeBefore.TotalSeconds} s → {change.After}{(change.StepUp.IsEmpty ? "" : $" ({string.Join(", ", change.StepUp)})")} " +
        $"{change.LifeAfter.TotalSeconds} s: {string.Join(", ", change.Situations.Select(situation => $"{situation.Method} {situation.Risk}"))}";

    private static DecisionSurveyResult Compare(string after)
    {
        var reader = new EntityUid(EntityTypes.Role, "reader");
        var directory = DirectorySnapshot.Of(
            [new Group { Uid = reader }],
            [
                new Api { Resource = Resource, Scopes = [new ApiScope("read", null, []), new ApiScope("write", null, ["change"])] },
                new Api { Resource = "urn:assay:admin", PolicyDomain = PolicyDomains.Admin, Scopes = [new ApiScope("read", null, [])] },
            ]);
        Identity[] identities =
        [
            new() { Id = "other" },
            new() { Id = "reader", Memberships = [new Membership { Group = reader }] },
            new() { Id = "stopped", Memberships = [new Membership { Group = reader }], DisabledAt = Now },
        ];
        return DecisionSurvey.Compare(Set(Before), Set(after), directory, identities, Now, TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(15));
    }

    private static LoadedPolicySet Set(string text) => LoadedPolicySet.LoadStored(new PolicyDocument([new PolicyFile("a.cedar", text)], null)).Set!;
}
