using System.Collections.Immutable;
using Assay.Core.Decisions;
using Assay.Core.Policies;
using Assay.Core.Replay;

namespace Assay.Cli.Policies;

/// <summary>The difference between two policy sets for programs.</summary>
internal sealed record DiffView(string? From, string To, ImmutableArray<PolicyChangeView> Policies, DecisionChangesView Decisions)
{
    public static DiffView Of(DiffCommand.Comparison compared, LoadedPolicySet candidate, ImmutableArray<PolicyChange> policies, DecisionSurveyResult decisions) => new(
        compared.Version,
        candidate.Version,
        [.. policies.Select(PolicyChangeView.Of)],
        new DecisionChangesView(decisions.Identities, decisions.Apis, decisions.Decisions, compared.IsComplete, [.. decisions.Changes.Select(DecisionChangeView.Of)]));
}

internal sealed record PolicyChangeView(PolicyChangeKind Kind, string Id, string Path, int Line, ImmutableArray<AnnotationChange> Annotations, ImmutableArray<string> Lines)
{
    public static PolicyChangeView Of(PolicyChange change) => new(
        change.Kind, change.Policy.Id, change.Policy.Position.Source, change.Policy.Position.Line, change.Annotations,
        [.. change.Lines.Select(line => $"{(line.IsAdded ? '+' : '-')} {line.Text}")]);
}

/// <param name="Compared">Pairs of answers.</param>
/// <param name="Complete">False when the server has more identities than were compared.</param>
internal sealed record DecisionChangesView(int Identities, int Apis, long Compared, bool Complete, ImmutableArray<DecisionChangeView> Changes);

internal sealed record DecisionChangeView(
    ChangeKind Change,
    string Identity,
    string Resource,
    string Scope,
    string Before,
    string After,
    ImmutableArray<string> StepUp,
    double? TtlSecondsBefore,
    double? TtlSecondsAfter,
    ImmutableArray<SurveySituation> Situations)
{
    public static DecisionChangeView Of(SurveyChange change) => new(
        change.Kind, change.Identity, change.Resource, change.Scope, ScopeOutcomes.WordOf(change.Before), ScopeOutcomes.WordOf(change.After), change.StepUp,
        Seconds(change.LifeBefore), Seconds(change.LifeAfter), change.Situations);

    private static double? Seconds(TimeSpan life) => life > TimeSpan.Zero ? life.TotalSeconds : null;
}
