using Assay.Core.Decisions;
using Assay.Core.Evidence;
using Assay.Core.Replay;
using Assay.Core.Tests.Decisions;

namespace Assay.Core.Tests.Replay;

public sealed class ReplayTallyTests
{
    private const string Granting = "permit (principal, action, resource);";
    private const string Short = "@max_ttl(\"60s\") permit (principal, action, resource);";
    private const string Forbidding = "permit (principal, action, resource); forbid (principal, action, resource);";
    private const string Soft = "permit (principal, action, resource); @step_up(\"approval\") forbid (principal, action, resource);";
    private const string OtherSoft = "permit (principal, action, resource); @step_up(\"attestation\") forbid (principal, action, resource);";

    [Theory]
    [InlineData(Granting, Granting, "")]
    [InlineData("", Granting, "Gained list NoPermit Granted")]
    [InlineData(Granting, "", "Lost list Granted NoPermit")]
    [InlineData(Granting, Forbidding, "Lost list Granted Forbidden")]
    [InlineData(Granting, Soft, "StepUp list Granted StepUpRequired approval")]
    [InlineData(Forbidding, Soft, "StepUp list Forbidden StepUpRequired approval")]
    [InlineData(OtherSoft, Soft, "StepUp list StepUpRequired StepUpRequired approval")]
    [InlineData(Soft, Soft, "")]
    [InlineData(Soft, Granting, "Gained list StepUpRequired Granted")]
    [InlineData(Soft, Forbidding, "other reason")]
    [InlineData("", Forbidding, "other reason")]
    [InlineData(Granting, Short, "Shorter")]
    [InlineData(Short, Granting, "Longer")]
    [InlineData(Granting, "@bind(\"dpop\") " + Granting, "Lost list Granted BindingRequired")]
    public void Every_kind_of_change_is_told_apart(string before, string after, string expected)
    {
        var tally = new ReplayTally(10);

        Add(tally, 1, Example.Input, before, after);

        var found = tally.Changes().Select(change => string.Join(' ', ((string?[])[change.Kind.ToString(), change.Scope, change.Before?.ToString(), change.After?.ToString(), .. change.StepUp]).OfType<string>()));
        Assert.Equal(expected, tally.OtherReason > 0 ? "other reason" : string.Join(", ", found));
        Assert.Equal((1L, expected is "" or "other reason" ? 0L : 1L), (tally.Decided, tally.Changed));
    }

    [Fact]
    public void A_scope_that_shortens_the_token_is_told_with_the_life_of_the_others()
    {
        var tally = new ReplayTally(10);

        Add(tally, 1, Example.Input with { Scopes = ["list", "pay"] }, "permit (principal, action == Action::\"list\", resource);", Short);

        Assert.Equal(
            [(ChangeKind.Gained, "pay"), (ChangeKind.Shorter, null)],
            tally.Changes().Select(change => (change.Kind, change.Scope)));
        Assert.Equal((TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(1)), (tally.Changes()[1].LifeBefore, tally.Changes()[1].LifeAfter));
    }

    [Fact]
    public void The_same_change_is_one_row_with_its_count_its_times_and_the_newest_as_example()
    {
        var tally = new ReplayTally(10);
        foreach (var minute in (int[])[3, 9, 1])
            Add(tally, minute, Example.Input with { Time = Example.Now.AddMinutes(minute) }, Granting, "");
        Add(tally, 20, Example.Input with { Time = Example.Now.AddMinutes(20) }, Granting, Granting);

        var change = Assert.Single(tally.Changes());
        Assert.Equal(
            (3L, Example.Now.AddMinutes(1), Example.Now.AddMinutes(9), new RecordId(1, 9)), (change.Count, change.First, change.Last, change.Example));
        Assert.Equal((4L, 3L, Example.Now.AddMinutes(1), Example.Now.AddMinutes(20)), (tally.Decided, tally.Changed, tally.First, tally.Last));
    }

    [Fact]
    public void Totals_count_each_decision_and_each_identity_once_for_a_kind()
    {
        var tally = new ReplayTally(10);
        Add(tally, 1, Example.Input with { Scopes = ["list", "pay"] }, Granting, "");
        Add(tally, 2, Example.Input with { Scopes = ["list", "pay"] }, Granting, "permit (principal, action == Action::\"list\", resource);");
        Add(tally, 3, Example.Input with { Scopes = ["list", "pay"] }, Granting, "@max_ttl(\"60s\") permit (principal, action == Action::\"list\", resource);");
        Add(tally, 4, Example.Input, Granting, Granting);

        Assert.Equal(
            [
                new ReplayTotal(ChangeKind.Lost, 3, 1), new ReplayTotal(ChangeKind.StepUp, 0, 0), new ReplayTotal(ChangeKind.Gained, 0, 0),
                new ReplayTotal(ChangeKind.Shorter, 1, 1), new ReplayTotal(ChangeKind.Longer, 0, 0),
            ],
            tally.Totals());
    }

    [Fact]
    public void What_there_is_no_room_for_is_counted()
    {
        var tally = new ReplayTally(1);

        Add(tally, 1, Example.Input with { Scopes = ["list", "pay"] }, Granting, "");
        Add(tally, 2, Example.Input with { Scopes = ["list"] }, Granting, "");

        Assert.Equal(2, Assert.Single(tally.Changes()).Count);
        Assert.Equal(1, tally.LeftOut);
    }

    private static void Add(ReplayTally tally, long position, DecisionInput input, string before, string after)
    {
        var reader = new RecordedDecisionReader();
        reader.Read(Situations.Record(input, Example.Decide(before, input)).Encode(), DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
        var answers = new DecisionAnswers();
        var stage = DecisionStage.Of(Example.Directory, Example.Exporter, input.Resource, input.Time)!;
        new CandidateDecider(Example.Policies(after)).Decide(stage, reader.Current, answers);
        tally.Add(new RecordId(1, position), reader.Current, answers);
    }
}
