using System.Collections.Immutable;
using Assay.Core.Decisions;
using Assay.Core.Policies;
using Assay.Core.Replay;
using Assay.Core.Shadowing;
using Assay.Grains.Policies;
using Assay.Grains.Tests.Authority;

namespace Assay.Grains.Tests.Policies;

/// <summary>What a silo counts of a shadow set, and how much of its time the set gets.</summary>
public sealed class ShadowPolicyTests
{
    private static readonly Verdict Granted = new([new ScopeDecision { Scope = "read", Outcome = ScopeOutcome.Granted }], TimeSpan.FromMinutes(5));

    [Fact]
    public void Decisions_are_counted_by_every_way_in_which_the_shadow_differs()
    {
        var shadow = Shadow();
        using var metered = new Metered();
        using var meter = new ShadowMeter(metered.Factory);

        meter.Count(shadow, new ShadowAnswer(shadow.Version, []), Granted);
        meter.Count(shadow, new ShadowAnswer(shadow.Version, [], TimeSpan.FromMinutes(2)), Granted);
        meter.Count(shadow, new ShadowAnswer(shadow.Version, [new ScopeAnswer("read", ScopeOutcome.StepUpRequired, ["approval"])], TimeSpan.Zero), Granted);
        meter.Count(shadow, new ShadowAnswer(shadow.Version, [new ScopeAnswer("read", ScopeOutcome.NoPermit, []), new ScopeAnswer("write", ScopeOutcome.Granted, [])], TimeSpan.FromMinutes(9)), Granted);
        meter.Count(shadow, new ShadowAnswer(shadow.Version, [], null, "InvalidCastException"), Granted);
        meter.Count(shadow, null, Granted);

        Assert.Equal(
            "same 1, gained 1, lost 1, stepUp 1, shorter 1, longer 1, otherReason 0, failed 1, skipped 1, asked 5",
            string.Join(", ", ShadowCounts.Kinds.Zip(shadow.Counts.Values, (kind, count) => $"{kind} {count}")));
    }

    [Fact]
    public void From_the_third_slow_decision_in_a_row_each_is_followed_by_a_rest_a_hundred_times_as_long()
    {
        var shadow = Shadow();
        const long Frequency = 1000;

        void Take(int milliseconds, long now) => shadow.Took(TimeSpan.FromMilliseconds(milliseconds), now, Frequency);

        Take(9, now: 5_000);
        Take(9, now: 5_000);
        Take(1, now: 5_000); // quick again: the two before do not count
        Take(9, now: 5_000);
        Take(9, now: 5_000);
        Assert.False(shadow.RestsAt(5_000));

        Take(3, now: 5_000);
        Assert.Equal((true, true, false), (shadow.RestsAt(5_000), shadow.RestsAt(5_299), shadow.RestsAt(5_300)));

        Take(2, now: 6_000);
        Assert.Equal((true, false), (shadow.RestsAt(6_199), shadow.RestsAt(6_200)));
    }

    [Fact]
    public void The_set_in_force_is_not_asked_beside_itself()
    {
        var shadow = Shadow();
        var shadows = ImmutableDictionary<string, ShadowPolicy>.Empty.Add("default/tokens", shadow);

        Assert.Same(shadow, ShadowPolicy.Of(shadows, "default/tokens", "another"));
        Assert.Null(ShadowPolicy.Of(shadows, "default/tokens", shadow.Version));
        Assert.Null(ShadowPolicy.Of(shadows, "default/admin", "another"));
    }

    private static ShadowPolicy Shadow() => new("tokens", new ShadowPolicySet(LoadedPolicySet.LoadStored(new PolicyDocument([], null)).Set!), 7);
}
