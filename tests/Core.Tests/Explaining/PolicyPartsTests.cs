using Assay.Core.Explaining;

namespace Assay.Core.Tests.Explaining;

/// <summary>A policy's conditions taken apart in its own words.</summary>
public sealed class PolicyPartsTests
{
    [Theory]
    [InlineData("permit (principal, action, resource);", "")]
    [InlineData("permit (principal, action, resource) when { true };", "when: true")]
    [InlineData("permit (principal, action, resource) when { a && b && c };", "when: a | b | c")]
    [InlineData("permit (principal, action, resource) when { a && (b && c) };", "when: a | (b && c)")]
    [InlineData("permit (principal, action, resource) when { a || b && c };", "when: a || b && c")]
    [InlineData("permit (principal, action, resource) when { if a then b else c && d };", "when: if a then b else c && d")]
    [InlineData("permit (principal, action, resource) when { {x: 1}.x == 1 && [1, 2].contains(1) };", "when: {x: 1}.x == 1 | [1, 2].contains(1)")]
    [InlineData("permit (principal, action, resource) when { s == \"} && {\" && t == \"\\\"&&\" };", "when: s == \"} && {\" | t == \"\\\"&&\"")]
    [InlineData("permit (principal, action, resource) when { a // && x }\n && b };", "when: a // && x } | b")]
    [InlineData("@id(\"permit (when { x })\")\npermit (principal, action, resource)\nwhen { a }\nunless { b && c }\nwhen { d };", "when: a ; unless: b | c ; when: d")]
    [InlineData("forbid (principal is Assay::Workload in Assay::Team::\"when {\", action, resource) unless { a };", "unless: a")]
    public void Conditions_fall_into_clauses_and_conjuncts(string policy, string expected)
    {
        var conditions = PolicyParts.Conditions(policy).Select(condition => $"{(condition.IsUnless ? "unless" : "when")}: {string.Join(" | ", condition.Conjuncts)}");

        Assert.Equal(expected, string.Join(" ; ", conditions));
    }

    [Theory]
    [InlineData("context.risk.score >= 50", "context.risk.score")]
    [InlineData("context.risk.signals.contains(\"x\") && principal.env == resource.env", "context.risk.signals,principal.env,resource.env")]
    [InlineData("context has origin && context.origin.ip.isInRange(ip(\"10.0.0.0/8\"))", "context.origin.ip")]
    [InlineData("context.a == context.a", "context.a")]
    [InlineData("\"context.not\" == x.context.nor", "")]
    public void Paths_are_found_without_the_methods_called_on_them(string condition, string expected)
    {
        Assert.Equal(expected, string.Join(',', PolicyParts.Paths(condition)));
    }
}
