using System.Text;
using Assay.Core.Decisions;
using Assay.Core.Evidence;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Replay;
using Assay.Core.Tests.Decisions;
using CsCheck;

namespace Assay.Core.Tests.Replay;

/// <summary>The reader of recorded decisions, and the decider that answers them again, against the decoder and the decider that they stand in for.</summary>
public sealed class RecordedDecisionTests
{
    private static readonly DateTimeOffset Always = DateTimeOffset.MaxValue;

    [Fact]
    public void A_recorded_decision_is_answered_by_other_policies_exactly_as_it_would_have_been()
    {
        var seen = new HashSet<ScopeOutcome>();
        Gen.Select(Situations.All, Situations.Policies).Sample(
            (situation, candidates) =>
            {
                var (identity, groups, api, document, input) = situation;
                var directory = DirectorySnapshot.Of(groups, [api]);
                var policies = LoadedPolicySet.LoadStored(document).Set!;
                var candidate = LoadedPolicySet.LoadStored(candidates).Set!;
                var stored = Situations.Record(input, Decider.Decide(policies, directory, identity, input)).Encode();
                var reader = new RecordedDecisionReader();
                var answers = new DecisionAnswers();

                Assert.Equal(RecordedKind.Decision, reader.Read(stored, DateTimeOffset.MinValue, Always));
                var stage = DecisionStage.Of(directory, identity, reader.Current.Resource, reader.Current.Time)!;
                new CandidateDecider(candidate).Decide(stage, reader.Current, answers);

                Assert.True(stage.HoldsAt(input.Time));
                AssertSame(EvidenceRecord.Decode(stored).Verdict!, reader.Current.Answers);
                AssertSame(Decider.Decide(candidate, directory, identity, input), answers);
                new CandidateDecider(candidate).Decide(stage, input, answers);
                AssertSame(Decider.Decide(candidate, directory, identity, input), answers);
                lock (seen)
                    seen.UnionWith(answers.Scopes.ToArray().Select(answer => answer.Outcome));
            },
            iter: 3000);

        Assert.Equal(Enum.GetValues<ScopeOutcome>(), seen.Order());
    }

    [Fact]
    public void A_stage_holds_exactly_while_no_membership_begins_or_ends() => Situations.All.Sample(
        situation =>
        {
            var (identity, groups, api, _, input) = situation;
            var directory = DirectorySnapshot.Of(groups, [api]);
            var stage = DecisionStage.Of(directory, identity, api.Resource, input.Time)!;

            for (var minutes = -90; minutes <= 90; minutes++)
            {
                var moment = input.Time.AddMinutes(minutes);
                bool Live(Membership membership, DateTimeOffset at) => membership.RemovedAt is null && (membership.ExpiresAt is not { } end || at < end);
                var same = identity.Memberships.All(membership => membership.RemovedAt is not null || Live(membership, moment) == Live(membership, input.Time));
                if (stage.HoldsAt(moment))
                    Assert.True(same);
                else
                    Assert.Contains(identity.Memberships, membership => (membership.ExpiresAt <= moment) != (membership.ExpiresAt <= input.Time));
            }
        },
        iter: 300);

    [Fact]
    public void What_is_no_decision_or_not_of_the_time_is_told_apart_and_not_read_further()
    {
        var reader = new RecordedDecisionReader();
        var permit = Permit();
        var basis = new EvidenceRecord { Kind = EvidenceKind.Void, Shard = 1, Position = 1, Node = "n", Time = Example.Now };

        RecordedKind Read(EvidenceRecord record, int from = -1, int until = 1) =>
            reader.Read(record.Encode(), Example.Now.AddMilliseconds(from), Example.Now.AddMilliseconds(until));

        Assert.Equal(RecordedKind.Decision, Read(permit));
        Assert.Equal(RecordedKind.Decision, Read(permit, from: 0));
        Assert.Equal(RecordedKind.OutsideTime, Read(permit, from: 1));
        Assert.Equal(RecordedKind.OutsideTime, Read(permit, until: 0));
        Assert.Equal(RecordedKind.NotADecision, Read(basis));
        Assert.Equal(RecordedKind.NotADecision, Read(basis with { Kind = EvidenceKind.Admin, Admin = new AdminAct("a", "b", "c", 1) }));
        Assert.Equal(RecordedKind.Refusal, Read(permit with { Kind = EvidenceKind.Refusal, Verdict = null, Refusal = "IdentityDisabled", Error = "unauthorized_client" }));
    }

    [Theory]
    [InlineData("\"v\":1", "\"v\":99")]
    [InlineData("\"clientId\":\"exporter\",", "")]
    [InlineData("\"clientId\":\"exporter\"", "\"clientId\":\"exporter\",\"clientId\":\"exporter\"")]
    [InlineData("\"clientId\":\"exporter\"", "\"clientId\":7")]
    [InlineData("\"clientId\"", "\"client\"")]
    [InlineData("\"scopes\":[\"list\"]", "\"scopes\":\"list\"")]
    [InlineData("\"outcome\":\"granted\"", "\"outcome\":\"given\"")]
    [InlineData("\"score\":0", "\"score\":\"0\"")]
    [InlineData("\"lifetime\":300000", "\"lifetime\":1e99")]
    [InlineData("\"input\":{", "\"input\":[")]
    [InlineData("\"verdict\"", "\"judgement\"")]
    public void A_record_that_is_not_whole_is_a_fault(string part, string other)
    {
        var text = Encoding.UTF8.GetString(Permit().Encode());
        Assert.Contains(part, text);
        var at = text.IndexOf(part, StringComparison.Ordinal);
        var damaged = Encoding.UTF8.GetBytes(text[..at] + other + text[(at + part.Length)..]);

        Assert.Throws<FormatException>(() => new RecordedDecisionReader().Read(damaged, DateTimeOffset.MinValue, Always));
        Assert.Throws<FormatException>(() => EvidenceRecord.Decode(damaged));
    }

    [Theory]
    [InlineData("\"scopes\":[\"list\",\"export\"]")]
    [InlineData("\"scopes\":[\"export\"]")]
    public void A_verdict_about_other_scopes_than_those_asked_for_is_a_fault(string asked)
    {
        var record = Encoding.UTF8.GetString(Permit().Encode()).Replace("\"scopes\":[\"list\"]", asked, StringComparison.Ordinal);

        Assert.Throws<FormatException>(() => new RecordedDecisionReader().Read(Encoding.UTF8.GetBytes(record), DateTimeOffset.MinValue, Always));
    }

    [Fact]
    public void A_cut_record_is_a_fault()
    {
        var whole = Permit().Encode();

        // Where the verdict is complete nothing more is read.
        for (var length = 0; length < Encoding.UTF8.GetString(whole).IndexOf(",\"jti\"", StringComparison.Ordinal) - 1; length++)
            Assert.Throws<FormatException>(() => new RecordedDecisionReader().Read(whole.AsSpan(0, length), DateTimeOffset.MinValue, Always));
    }

    [Fact]
    public void A_stage_of_another_identity_or_of_a_resource_that_is_gone_decides_nothing()
    {
        var reader = new RecordedDecisionReader();
        reader.Read(Permit().Encode(), DateTimeOffset.MinValue, Always);
        var other = DecisionStage.Of(Example.Directory, Example.Exporter with { Id = "other" }, Example.Payments, Example.Now)!;

        Assert.Throws<ArgumentException>(() => new CandidateDecider(Example.Policies("")).Decide(other, reader.Current, new DecisionAnswers()));
        Assert.Null(DecisionStage.Of(DirectorySnapshot.Empty, Example.Exporter, Example.Payments, Example.Now));
    }

    private static EvidenceRecord Permit() => Situations.Record(Example.Input, Example.Decide("permit (principal, action, resource);"));

    private static void AssertSame(Verdict expected, DecisionAnswers actual)
    {
        Assert.Equal(expected.Scopes.Select(scope => (scope.Scope, scope.Outcome, string.Join(' ', scope.StepUp))), actual.Scopes.ToArray().Select(answer => (answer.Scope, answer.Outcome, string.Join(' ', answer.StepUp))));
        Assert.Equal(expected.Lifetime, actual.Lifetime);
    }
}
