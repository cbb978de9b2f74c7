using System.Collections.Immutable;
using System.Text.Json;
using Assay.Core.Registry;
using Assay.Silo.Bundles;

namespace Assay.Silo.Admin.Wire;

/// <param name="Bundle">Declarations as the CLI makes them of a bundle folder.</param>
/// <param name="DryRun">Only compare.</param>
/// <param name="Activate">Put the bundle's policies in force.</param>
/// <param name="Prune">Delete what this bundle once declared and declares no longer.</param>
/// <param name="ComparedWith">The version a dry run answered; the answer is 409 when the store is at another one.</param>
/// <param name="Reason">For the history of policies: 1 to 500 characters.</param>
internal sealed record ApplyWish(JsonElement Bundle, bool DryRun = false, bool Activate = false, bool Prune = false, long? ComparedWith = null, string? Reason = null);

/// <param name="Plan">What is written, in order.</param>
/// <param name="Notes">What stays in spite of the bundle, and why.</param>
/// <param name="Warnings">Of the bundle's policies: what is allowed and probably not meant, each with file and line.</param>
/// <param name="MissingKeys">Identities with a generated credential that have no key yet.</param>
/// <param name="Activates">The policy set that goes in force.</param>
/// <param name="ComparedWith">The version of the store that the plan was computed from.</param>
/// <param name="Version">What applying became.</param>
internal sealed record ApplyAnswer(
    ImmutableArray<StepAnswer> Plan,
    ImmutableArray<string> Notes,
    ImmutableArray<string> Warnings,
    ImmutableArray<string> MissingKeys,
    string? Activates,
    long ComparedWith,
    bool Applied,
    long? Version)
{
    /// <param name="comparison">What was compared. A policy set that is stored already is no step: there is nothing to write.</param>
    public static ApplyAnswer From(BundleComparison comparison, string? activates, long? version) => new(
        [.. StepsOf(comparison).Select(step => new StepAnswer(step.Action.ToString().ToLowerInvariant(), step.Kind, step.Id, step.Changes, step.Narrows))],
        comparison.IsPolicySetStored && activates is null && StepsOf(comparison).Count() < comparison.Plan.Steps.Length
            ? comparison.Plan.Notes.Add("the bundle's policies are stored and not in force; --activate puts them in force")
            : comparison.Plan.Notes,
        comparison.Plan.Warnings,
        comparison.Plan.MissingKeys,
        activates,
        comparison.Version,
        version is not null,
        version);

    public static IEnumerable<BundleStep> StepsOf(BundleComparison comparison) =>
        comparison.Plan.Steps.Where(step => step.Policies is null || !comparison.IsPolicySetStored);
}

/// <param name="Action"><c>create</c>, <c>update</c>, <c>delete</c> or <c>upload</c></param>
/// <param name="Kind"><c>identity</c>, <c>group</c>, <c>api</c> or <c>policy-set</c></param>
/// <param name="Narrows">Something is taken away by it.</param>
internal sealed record StepAnswer(string Action, string Kind, string Id, ImmutableArray<string> Changes, bool Narrows);
