using Assay.Core.Decisions;
using Assay.Core.Evidence;
using Assay.Core.Policies;
using Assay.Core.Replay;
using Assay.Core.Tests.Decisions;
using CsCheck;

namespace Assay.Core.Tests.Replay;

public sealed class PolicyReplayTests
{
    private const string Granting = "permit (principal, action, resource);";

    private static readonly ReplayRange Range = new("default", "tokens", Example.Now, Example.Now.AddHours(1));
    private static readonly RecordId First = new(1, 2);

    [Fact]
    public void Only_decisions_of_the_range_are_taken()
    {
        var replay = Replay("");
        var permit = Permit();

        Assert.True(Take(replay, permit));
        Assert.False(Take(replay, permit with { Time = Range.Until, Input = permit.Input! with { Time = Range.Until } }));
        Assert.False(Take(replay, permit with { Input = permit.Input! with { PolicyDomain = "admin" } }));
        Assert.False(Take(replay, permit with { Input = permit.Input! with { Realm = "other" } }));
        Assert.False(Take(replay, permit with { Kind = EvidenceKind.Refusal, Verdict = null, Refusal = "IdentityDisabled", Error = "unauthorized_client" }));
        Assert.False(Take(replay, new EvidenceRecord { Kind = EvidenceKind.Void, Shard = 1, Position = 2, Node = "n", Time = Example.Now }));

        Assert.Equal((6L, 1L, 1L, 2L, 0L), (replay.Taken, replay.Refusals, replay.NoDecisions, replay.OtherDomains, replay.LeftOut.Count));
    }

    [Fact]
    public void What_is_no_record_is_left_out_by_name()
    {
        var replay = Replay("");

        Assert.False(replay.Take(First, "{\"v\":1}"u8));

        Assert.Equal(
            new LeftOutRecord(First, null, LeftOutReason.Unreadable, "evidence: a decision needs kind, time, input and verdict"), Assert.Single(replay.LeftOut.Named()));
    }

    [Fact]
    public void All_that_is_left_out_is_counted_and_the_first_hundred_are_named()
    {
        var leftOut = new LeftOutRecords();
        for (var i = 0; i < 150; i++)
            leftOut.Add(new LeftOutRecord(new RecordId(1, i), null, LeftOutReason.ApiMissing, "gone"), 1);
        leftOut.Add(new LeftOutRecord(null, null, LeftOutReason.Damaged, "rotten"), 30);

        Assert.Equal((180L, 150L, 30L, 0L), (leftOut.Count, leftOut.Of(LeftOutReason.ApiMissing), leftOut.Of(LeftOutReason.Damaged), leftOut.Of(LeftOutReason.Unreadable)));
        Assert.Equal(Enumerable.Range(0, 100).Select(i => new RecordId(1, i)), leftOut.Named().Select(record => record.Id!.Value));
    }

    [Fact]
    public void A_candidate_that_withholds_what_was_granted_is_tallied()
    {
        var replay = Replay("");
        Take(replay, Permit());

        replay.Decide(DecisionStage.Of(Example.Directory, Example.Exporter, Example.Payments, Example.Now)!);

        var change = Assert.Single(replay.Tally.Changes());
        Assert.Equal((ChangeKind.Lost, "exporter", "list", 1L, First), (change.Kind, change.Identity, change.Scope, change.Count, change.Example));
    }

    [Fact]
    public void Every_decision_holds_under_its_own_policies() => Situations.All.Sample(
        situation =>
        {
            var (identity, groups, api, document, input) = situation;
            var directory = Assay.Core.Registry.DirectorySnapshot.Of(groups, [api]);
            var own = LoadedPolicySet.LoadStored(document).Set!;
            input = input with { PolicyVersion = own.Version };
            var stored = Situations.Record(input, Decider.Decide(own, directory, identity, input)).Encode();
            var replay = new PolicyReplay(own, Range with { Since = DateTimeOffset.MinValue, Until = DateTimeOffset.MaxValue }, 10);

            Assert.True(replay.Take(First, stored));
            replay.Decide(DecisionStage.Of(directory, identity, api.Resource, input.Time)!);
            replay.Verify(stored, own, directory, identity);

            Assert.Equal((0L, 0L), (replay.Tally.Changed, replay.Tally.OtherReason));
            Assert.Equal((1L, 0L, 0L), (replay.Verification.Checked, replay.Verification.DifferingCount, replay.Verification.NotCheckedCount));
        },
        iter: 500);

    [Fact]
    public void A_life_other_than_the_policies_give_differs()
    {
        var permit = Permit();

        var verification = Verified(permit with { Verdict = permit.Verdict! with { Lifetime = TimeSpan.FromMinutes(6) } }, Example.Policies(Granting));

        Assert.Equal(new VerifiedRecord(First, Example.Now, "exporter", "the life was 360 s and is 300 s"), Assert.Single(verification.NamedDiffering()));
    }

    [Fact]
    public void A_record_that_is_damaged_behind_its_verdict_is_not_checked()
    {
        var replay = Replay(Granting);
        var stored = System.Text.Encoding.UTF8.GetString(Permit().Encode()).Replace("\"jti\"", "\"jta\"", StringComparison.Ordinal);
        var bytes = System.Text.Encoding.UTF8.GetBytes(stored);

        Assert.True(replay.Take(First, bytes));
        replay.Verify(bytes, Example.Policies(Granting), Example.Directory, Example.Exporter);

        Assert.Equal((0L, 1L), (replay.Verification.Checked, replay.Verification.NotCheckedCount));
        Assert.Contains("jta", Assert.Single(replay.Verification.NamedNotChecked()).Detail);
    }

    private static ReplayVerification Verified(EvidenceRecord record, LoadedPolicySet own)
    {
        var replay = Replay("");
        var stored = record.Encode();
        Assert.True(replay.Take(First, stored));
        replay.Verify(stored, own, Example.Directory, Example.Exporter);
        return replay.Verification;
    }

    private static PolicyReplay Replay(string candidate) => new(Example.Policies(candidate), Range, 10);

    private static bool Take(PolicyReplay replay, EvidenceRecord record) => replay.Take(First, record.Encode());

    private static EvidenceRecord Permit()
    {
        var input = Example.Input with { PolicyVersion = Example.Policies(Granting).Version };
        return Situations.Record(input, Example.Decide(Granting, input));
    }
}
