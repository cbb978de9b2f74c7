using System.Collections.Immutable;
using Assay.Core.Decisions;
using Assay.Core.Explaining;
using Assay.Core.Policies;

namespace Assay.Bundle.Testing;

/// <summary>A verdict beside what a case expects of it, in words.</summary>
internal sealed class Comparison(TestExpectation expected, Verdict verdict, LoadedPolicySet policies, DecisionScene scene, DecisionInput input)
{
    /// <summary>Scopes in the order of the request, then the life of the token, then the deciding policies.</summary>
    public ImmutableArray<TestMismatch> Mismatches()
    {
        var mismatches = ImmutableArray.CreateBuilder<TestMismatch>();
        foreach (var scope in verdict.Scopes)
        {
            if (Wanted(scope) is { } wanted)
                mismatches.Add(new TestMismatch(scope.Scope, wanted, Found(scope), Missing(scope)));
        }

        // What was not granted as expected has been said; the life of another token than the one expected says nothing.
        if (mismatches.Count == 0 && expected.Lifetime is { } life && life != verdict.Lifetime)
            mismatches.Add(new TestMismatch("ttl", Text(life), $"{Text(verdict.Lifetime)}{WhyLifetime()}", []));

        foreach (var by in expected.By)
        {
            var found = by.Scope is { } scope
                ? verdict.Scopes.Single(decision => decision.Scope == scope).Policies
                : [.. verdict.Scopes.SelectMany(decision => decision.Policies)];
            if (!found.ToHashSet(StringComparer.Ordinal).SetEquals(by.Policies))
                mismatches.Add(new TestMismatch(by.Scope is null ? "by" : $"by of {by.Scope}", Names(by.Policies), Names(found), []));
        }

        return mismatches.DrainToImmutable();
    }

    // Null when it is as expected.
    private string? Wanted(ScopeDecision scope)
    {
        if (expected.Granted.Contains(scope.Scope))
            return scope.Granted ? null : "granted";
        if (expected.Withheld.FirstOrDefault(withheld => withheld.Scope == scope.Scope) is not { } reason)
            return scope.Granted ? "withheld" : null;
        if (reason.Outcome == scope.Outcome && (reason.StepUp is not { } stepUp || stepUp.ToHashSet(StringComparer.Ordinal).SetEquals(scope.StepUp)))
            return null;
        return Text(reason.Outcome, reason.StepUp ?? []);
    }

    private static string Found(ScopeDecision scope)
    {
        var by = scope.Policies.IsEmpty ? "" : $" by {Names(scope.Policies)}";
        var errors = scope.Errors.IsEmpty ? "" : $"; could not be evaluated: {string.Join("; ", scope.Errors)}";
        return $"{Text(scope.Outcome, scope.StepUp)}{by}{errors}";
    }

    private ImmutableArray<string> Missing(ScopeDecision scope) =>
        !expected.Granted.Contains(scope.Scope) || scope.Outcome == ScopeOutcome.PolicyError ? []
        : [.. new Shortfall(policies, scene, input).Of(scope).Select(missing => string.Join(
            "  ", ((string[])[OneLine(missing.Needs), string.Join(", ", missing.Found), missing.Policy is { } policy ? $"({policy})" : ""]).Where(part => part != "")))];

    private string WhyLifetime()
    {
        var shortest = verdict.Scopes.Where(scope => scope.Granted && scope.MaxLifetime == verdict.Lifetime).ToArray();
        return shortest.Length > 0 ? $", as long as {string.Join(" and ", shortest.Select(scope => $"{scope.Scope} allows ({Names(scope.Policies)})"))}"
            : scene.Api.MaxTokenLifetime == verdict.Lifetime ? ", as long as the API allows"
            : verdict.Lifetime == TimeSpan.Zero ? ", as nothing is granted"
            : ", the default";
    }

    private static string Text(ScopeOutcome outcome, ImmutableArray<string> stepUp) =>
        stepUp.IsEmpty ? ScopeOutcomes.WordOf(outcome) : $"{ScopeOutcomes.WordOf(outcome)} ({string.Join(", ", stepUp)})";

    // As bundles and policies write it.
    private static string Text(TimeSpan life) => life.TotalSeconds % 60 == 0 && life > TimeSpan.Zero ? $"{life.TotalMinutes:0}m" : $"{life.TotalSeconds:0}s";

    private static string Names(ImmutableArray<string> names) => names.IsEmpty ? "none" : string.Join(", ", names.Distinct(StringComparer.Ordinal));

    private static string OneLine(string text) => string.Join(' ', text.Split((char[])['\n', '\r', ' '], StringSplitOptions.RemoveEmptyEntries));
}
