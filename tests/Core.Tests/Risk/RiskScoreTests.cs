using System.Collections.Immutable;
using Assay.Core.Registry;
using Assay.Core.Risk;
using CsCheck;

namespace Assay.Core.Tests.Risk;

public sealed class RiskScoreTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Without_signals_there_is_no_risk()
    {
        Assert.Equal(new RiskAssessment(0, "low", []), RiskScore.Assess([], Now));
        Assert.Equal(new RiskAssessment(0, "low", []), RiskScore.Assess(default, Now));
    }

    [Theory]
    [InlineData(1, "low"), InlineData(24, "low"), InlineData(25, "medium"), InlineData(49, "medium"), InlineData(50, "high"), InlineData(79, "high"), InlineData(80, "critical"), InlineData(100, "critical")]
    public void One_fresh_signal_gives_its_weight(int weight, string level) =>
        Assert.Equal(new RiskAssessment(weight, level, ["leak"]), RiskScore.Assess([Signal("leak", weight)], Now));

    [Fact]
    public void Several_signals_combine_and_are_named_once_in_order() =>
        Assert.Equal(new RiskAssessment(75, "high", ["a", "b"]), RiskScore.Assess([Signal("b", 50), Signal("a", 30), Signal("a", 28, source: "other")], Now));

    [Theory]
    [InlineData(0, 80), InlineData(1, 40), InlineData(2, 20), InlineData(3, 10)]
    public void A_weight_halves_with_each_half_life(int halvings, int score) =>
        Assert.Equal(score, RiskScore.Assess([Signal("leak", 80, halvings * 6.0, halfLife: 6.0)], Now).Score);

    [Fact]
    public void Between_two_halvings_a_weight_falls_by_roots() => // 80 · 2^-0.5 = 56.57
        Assert.Equal(57, RiskScore.Assess([Signal("leak", 80, 3.0, halfLife: 6.0)], Now).Score);

    [Fact]
    public void A_signal_that_has_faded_or_expired_is_neither_counted_nor_named()
    {
        Assert.Equal(RiskAssessment.None, RiskScore.Assess([Signal("faded", 100, 8, halfLife: 1)], Now));
        Assert.Equal(RiskAssessment.None, RiskScore.Assess([Signal("old", 100) with { ExpiresAt = Now }], Now));
        Assert.Equal(100, RiskScore.Assess([Signal("last", 100) with { ExpiresAt = Now.AddTicks(1) }], Now).Score);
    }

    [Fact]
    public void What_cannot_be_right_does_not_lower_the_risk()
    {
        Assert.Equal(80, RiskScore.Assess([Signal("future", 80, -5, halfLife: 1)], Now).Score);
        Assert.Equal(80, RiskScore.Assess([Signal("no life", 80, 5, halfLife: 0)], Now).Score);
        Assert.Equal(80, RiskScore.Assess([Signal("negative life", 80, 5, halfLife: -1)], Now).Score);
        Assert.Equal(100, RiskScore.Assess([Signal("heavy", 1000)], Now).Score);
        Assert.Equal(50, RiskScore.Assess([Signal("negative", -50), Signal("leak", 50)], Now).Score);
    }

    [Fact]
    public void The_score_is_near_the_formula_whatever_the_signals() => Gen.Select(
        Gen.Int[0, 100], Gen.Long[0, 400 * TimeSpan.TicksPerHour], Gen.Long[1, 200 * TimeSpan.TicksPerHour],
        (weight, age, halfLife) => new RiskSignal
        {
            Name = "s", Source = "admin", Weight = weight, RaisedAt = Now.AddTicks(-age), HalfLife = TimeSpan.FromTicks(halfLife),
        }).Array[0, 6].Sample(signals =>
    {
        var trust = 1.0;
        foreach (var signal in signals)
        {
            var weight = signal.Weight * Math.Pow(0.5, (Now - signal.RaisedAt) / signal.HalfLife!.Value);
            trust *= weight < 0.5 ? 1 : 1 - weight / 100;
        }

        Assert.InRange(RiskScore.Assess([.. signals], Now).Score, 100 * (1 - trust) - 0.51, 100 * (1 - trust) + 0.51);
    });

    [Fact]
    public void The_order_of_signals_does_not_matter() => Generate.List(Generate.Signal).Sample(signals =>
    {
        ImmutableArray<RiskSignal> reversed = [.. signals.Reverse()];
        Assert.Equal(RiskScore.Assess(signals, Now), RiskScore.Assess(reversed, Now));
    });

    [Fact]
    public void Another_signal_never_lowers_the_score() => Gen.Select(Generate.List(Generate.Signal), Generate.Signal).Sample((signals, more) =>
        Assert.True(RiskScore.Assess(signals.Add(more), Now).Score >= RiskScore.Assess(signals, Now).Score));

    [Fact]
    public void Time_never_raises_the_score_of_what_was_raised_before() => Gen.Select(Generate.List(Generate.Signal), Generate.Span).Sample((signals, later) =>
    {
        var after = DateTimeOffset.UnixEpoch.AddYears(200);
        Assert.True(RiskScore.Assess(signals, after + later).Score <= RiskScore.Assess(signals, after).Score);
    });

    private static RiskSignal Signal(string name, int weight, double ageHours = 0, double? halfLife = null, string source = "admin") => new()
    {
        Name = name,
        Source = source,
        Weight = weight,
        RaisedAt = Now.AddHours(-ageHours),
        HalfLife = halfLife is { } hours ? TimeSpan.FromHours(hours) : null,
    };
}
