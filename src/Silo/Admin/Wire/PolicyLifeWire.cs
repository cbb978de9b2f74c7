using System.Collections.Immutable;
using Assay.Core.Evidence;
using Assay.Core.Shadowing;
using Assay.Grains.Policies;

namespace Assay.Silo.Admin.Wire;

internal sealed record PolicyHistoryPage(ImmutableArray<PolicyEventAnswer> Events);

/// <param name="Event"><c>stored</c>, <c>activated</c>, <c>rolledBack</c>, <c>shadowed</c> or <c>shadowEnded</c></param>
/// <param name="Version">The policy set.</param>
/// <param name="By">Who: a client id, or <c>system</c>.</param>
/// <param name="Reason">In their words; absent when they gave none.</param>
/// <param name="Through">The larger change it was part of, as <c>bundle quickstart applied</c>.</param>
/// <param name="Number">Its feed number.</param>
internal sealed record PolicyEventAnswer(string Domain, string Event, string Version, string By, DateTimeOffset At, string? Reason, string? Through, long Number)
{
    public static PolicyEventAnswer From(string domain, PolicyEvent found) => new(
        domain, Camel(found.Kind.ToString()), found.Version, found.Actor, found.At, found.Reason, found.Through, found.Number);

    private static string Camel(string name) => char.ToLowerInvariant(name[0]) + name[1..];
}

internal sealed record ShadowPage(ImmutableArray<ShadowStatus> Shadows);

/// <param name="InForce">The set has been put in force meanwhile: it is not asked beside itself.</param>
/// <param name="Begun">Who made it the shadow, when and why.</param>
/// <param name="Counts">
/// Decisions by how the shadow would have answered: <c>same</c>, <c>gained</c>, <c>lost</c>, <c>stepUp</c>, <c>shorter</c>, <c>longer</c>, <c>otherReason</c>,
/// <c>failed</c>; one decision may count under several. <c>asked</c> are all it was asked beside, <c>skipped</c> those in which it rested.
/// </param>
/// <param name="Differences">The newest decisions that it would have answered otherwise.</param>
internal sealed record ShadowStatus(
    string Domain, string Version, bool InForce, PolicyEventAnswer Begun, ImmutableDictionary<string, long> Counts, ImmutableArray<ShadowDifferenceAnswer> Differences);

/// <summary>A recorded decision that the shadow would have answered otherwise.</summary>
internal sealed record ShadowDifferenceAnswer(string Id, DateTimeOffset Time, string Identity, string Resource, ShadowSaid Shadow)
{
    public static ShadowDifferenceAnswer From(EvidenceRecord record, JtiCodec names) => new(
        names.Encode(new RecordId(record.Shard, record.Position)), record.Time, record.Input!.ClientId, record.Input.Resource, ShadowSaid.From(record)!);
}

/// <summary>What the shadow set said beside a decision, which it had no part in.</summary>
/// <param name="Kinds">How it differs: <c>same</c>, <c>gained</c>, <c>lost</c>, <c>stepUp</c>, <c>shorter</c>, <c>longer</c>, <c>otherReason</c>, <c>failed</c>.</param>
/// <param name="Scopes">The scopes it would answer otherwise.</param>
/// <param name="LifetimeSeconds">The life the token would have; absent when it is the same.</param>
/// <param name="Fault">What kept it from answering.</param>
internal sealed record ShadowSaid(string Version, ImmutableArray<string> Kinds, ImmutableArray<ShadowScope> Scopes, int? LifetimeSeconds, string? Fault)
{
    /// <summary>Null when no shadow was asked.</summary>
    public static ShadowSaid? From(EvidenceRecord record) => record is not { Shadow: { } said, Verdict: { } verdict }
        ? null
        : new ShadowSaid(
            said.Version,
            [.. ShadowCounts.Kinds.Where((_, kind) => ((int)said.DifferencesFrom(verdict) & 1 << kind) != 0)],
            [
                .. said.Scopes.Select(would => new ShadowScope(
                    would.Scope, Camel((verdict.Scopes.FirstOrDefault(scope => scope.Scope == would.Scope)?.Outcome).ToString()!), Camel(would.Outcome.ToString()), would.StepUp)),
            ],
            (int?)said.Lifetime?.TotalSeconds,
            said.Fault);

    private static string Camel(string name) => name.Length == 0 ? name : char.ToLowerInvariant(name[0]) + name[1..];
}

/// <param name="Before">The outcome that was.</param>
/// <param name="After">The outcome the shadow would have given.</param>
internal sealed record ShadowScope(string Scope, string Before, string After, ImmutableArray<string> StepUp);

/// <param name="Version">The shadow; absent when it was ended.</param>
internal sealed record ShadowChange(string Domain, string? Version, long Number, bool Changed);
