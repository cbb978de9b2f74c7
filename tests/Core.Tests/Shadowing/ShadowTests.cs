using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Decisions;
using Assay.Core.Evidence;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Replay;
using Assay.Core.Shadowing;
using Assay.Core.Tests.Decisions;
using CsCheck;

namespace Assay.Core.Tests.Shadowing;

/// <summary>A set is asked beside the one in force: what it says is known, and changes nothing.</summary>
public sealed class ShadowTests
{
    private const string Wide = "permit (principal, action, resource);";

    [Fact]
    public void A_shadow_says_what_it_would_decide_and_leaves_the_decision_as_it_is()
    {
        var seen = 0;
        Gen.Select(Situations.All, Situations.Policies).Sample(
            (situation, candidates) =>
            {
                var (identity, groups, api, document, input) = situation;
                var directory = DirectorySnapshot.Of(groups, [api]);
                var policies = LoadedPolicySet.LoadStored(document).Set!;
                var candidate = LoadedPolicySet.LoadStored(candidates).Set!;

                var verdict = Decider.DecideBeside(policies, DecisionStage.Of(directory, identity, input.Resource, input.Time)!, input, new ShadowPolicySet(candidate), out var shadow);

                Assert.Equal(Decider.DecideByReference(policies, directory, identity, input), verdict);
                Assert.Equal(Expected(verdict, Decider.DecideByReference(candidate, directory, identity, input), candidate.Version), shadow);
                Interlocked.Or(ref seen, (int)shadow!.DifferencesFrom(verdict));
            },
            iter: 2000);

        Assert.Equal(Enum.GetValues<ShadowDifferences>().Aggregate((a, b) => a | b) & ~ShadowDifferences.Failed, (ShadowDifferences)seen);
    }

    [Theory]
    [InlineData(Wide, Wide, "Same")]
    [InlineData(Wide, "", "Lost")]
    [InlineData("", Wide, "Gained")]
    [InlineData(Wide, Wide + "@step_up(\"approval\") forbid (principal, action, resource);", "StepUp")]
    [InlineData(Wide, "@max_ttl(\"2m\") " + Wide, "Shorter")]
    [InlineData("@max_ttl(\"2m\") " + Wide, Wide, "Longer")]
    [InlineData("", Wide + "forbid (principal, action, resource);", "OtherReason")]
    [InlineData(Wide, "@max_ttl(\"2m\") permit (principal, action == Action::\"list\", resource);", "Lost, Shorter")]
    [InlineData("permit (principal, action == Action::\"list\", resource);", "permit (principal, action == Action::\"export\", resource);", "Gained, Lost")]
    [InlineData(Wide, Wide + "forbid (principal, action, resource) when { context.colour == 1 };", "Lost")]
    public void Each_way_of_differing_has_a_name(string inForce, string shadow, string expected)
    {
        var verdict = Decider.DecideBeside(
            Example.Policies(inForce), Example.Stage, Example.Input with { Scopes = ["list", "export"] }, new ShadowPolicySet(Example.Policies(shadow)), out var answer);

        Assert.Equal(expected, answer!.DifferencesFrom(verdict).ToString());
    }

    [Fact]
    public void A_shadow_that_fails_is_an_answer_with_a_fault_and_no_exception()
    {
        var shadow = new ShadowPolicySet(Example.Policies(Wide));

        var answer = shadow.Ask(null!, Example.Stage, RecordValue.Empty, Example.Input, new Verdict([], TimeSpan.Zero));

        Assert.Equal(new ShadowAnswer(shadow.Policies.Version, [], null, "NullReferenceException"), answer);
        Assert.Equal(ShadowDifferences.Failed, answer.DifferencesFrom(new Verdict([], TimeSpan.Zero)));
    }

    [Fact]
    public void A_shadow_that_agrees_allocates_nothing()
    {
        var policies = Example.Policies(Wide);
        var shadow = new ShadowPolicySet(Example.Policies("permit (principal in Assay::Role::\"exporters\", action, resource) unless { context.risk.score >= 50 };"));
        var stage = Example.Stage;
        long Allocated(ShadowPolicySet? beside)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 10_000; i++)
                Decider.DecideBeside(policies, stage, Example.Input, beside, out _);
            return (GC.GetAllocatedBytesForCurrentThread() - before) / 10_000; // the runtime, too, allocates now and then
        }

        Allocated(shadow); // buffers grow to what both sets need

        Assert.Equal(Allocated(null), Allocated(shadow));
    }

    [Fact]
    public void The_record_of_a_decision_holds_what_the_shadow_said_and_is_decided_again_without_it()
    {
        var policies = Example.Policies(Wide);
        var input = Example.Input with { PolicyVersion = policies.Version };
        var verdict = Decider.DecideBeside(
            policies, Example.Stage, input, new ShadowPolicySet(Example.Policies(Wide + "@step_up(\"approval\") forbid (principal, action, resource);")), out var shadow);
        var record = Situations.Record(input, verdict) with { Shadow = shadow };

        var read = EvidenceRecord.Decode(record.Encode());

        Assert.Equal(new ShadowAnswer(shadow!.Version, [new ScopeAnswer("list", ScopeOutcome.StepUpRequired, ["approval"])], TimeSpan.Zero), read.Shadow);
        Assert.Equal(record, read);
        Assert.True(Redecision.Holds(read, policies, Example.Directory, Example.Exporter));
        Assert.Equal(RecordedKind.Decision, new RecordedDecisionReader().Read(record.Encode(), DateTimeOffset.MinValue, DateTimeOffset.MaxValue));
        Assert.Null(EvidenceRecord.Decode((record with { Shadow = null }).Encode()).Shadow);
    }

    [Fact]
    public void What_a_shadow_said_is_read_as_it_was_written()
    {
        ImmutableArray<ShadowAnswer> answers =
        [
            new("f00d", []),
            new("f00d", [new ScopeAnswer("list", ScopeOutcome.Granted, []), new ScopeAnswer("pay", ScopeOutcome.StepUpRequired, ["approval", "attestation"])], TimeSpan.FromMinutes(2)),
            new("f00d", [], null, "InvalidCastException"),
        ];

        Assert.All(answers, answer => Assert.Equal(answer, DecisionJson.ReadShadow(DecisionJson.Write(answer))));
    }

    private static ShadowAnswer Expected(Verdict verdict, Verdict would, string version) => new(
        version,
        [
            .. verdict.Scopes.Zip(would.Scopes)
                .Select(pair => (Was: new ScopeAnswer(pair.First.Scope, pair.First.Outcome, pair.First.StepUp), Would: new ScopeAnswer(pair.Second.Scope, pair.Second.Outcome, pair.Second.StepUp)))
                .Where(pair => pair.Was != pair.Would)
                .Select(pair => pair.Would),
        ],
        verdict.Lifetime == would.Lifetime ? null : would.Lifetime);
}
