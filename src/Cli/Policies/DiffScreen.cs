using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Cli.Output;
using Assay.Core.Decisions;
using Assay.Core.Policies;
using Assay.Core.Replay;

namespace Assay.Cli.Policies;

/// <summary>The difference between two policy sets for people.</summary>
internal sealed class DiffScreen(Screen screen)
{
    private const int MostRows = 500;

    public void Show(
        DiffCommand.Comparison compared, string folder, LoadedPolicySet candidate, ImmutableArray<PolicyChange> policies, DecisionSurveyResult decisions)
    {
        screen.Line($"[dim]from[/] {Say.Data(compared.Name)} [dim]to[/] {Say.Data(folder)} [dim]({Say.Short(candidate.Version)})[/]");
        screen.Heading("POLICIES");
        foreach (var change in policies)
            Show(change);
        screen.Line(policies.IsEmpty ? "No policy differs." : $"{Say.List(Enum.GetValues<PolicyChangeKind>().Select(kind => Count(policies, kind)).OfType<string>())}.");

        screen.Heading("DECISIONS");
        Show(decisions.Changes);
        screen.Line(
            $"{(decisions.Changes.IsEmpty ? "No decision" : LocalBundle.Count(decisions.Changes.Length, "difference"))} among {LocalBundle.Count(decisions.Identities, "identity")} and " +
            $"{LocalBundle.Count(decisions.Apis, "API")}, with a key or a secret, at risk 0, 50 and 80{(decisions.Changes.IsEmpty ? ", differs" : "")}. [dim]{decisions.Decisions} compared[/]");
        if (!compared.IsComplete)
            screen.Line("[yellow]The server has more identities than were compared; raise --limit.[/]");
    }

    private void Show(PolicyChange change)
    {
        var (mark, color) = change.Kind switch
        {
            PolicyChangeKind.Added => ("+", "green"),
            PolicyChangeKind.Removed => ("-", "red"),
            _ => ("~", "yellow"),
        };
        var effect = change.Policy.Effect == Effect.Permit ? "permit" : "forbid";
        screen.Line($"[{color}]{mark}[/] {effect} [bold]{Say.Data(change.Policy.Id)}[/]  {Say.Dim($"{change.Policy.Position.Source}:{change.Policy.Position.Line}")}");
        foreach (var annotation in change.Annotations)
            screen.Line($"    @{Say.Data(annotation.Name)}: {Text(annotation.Before)} → {Text(annotation.After)}");
        foreach (var line in change.Lines)
            screen.Line($"    [{(line.IsAdded ? "green" : "red")}]{(line.IsAdded ? "+" : "-")} {Say.Data(line.Text)}[/]");
    }

    private void Show(ImmutableArray<SurveyChange> changes)
    {
        screen.Table(
            ["CHANGE", "IDENTITY", "RESOURCE", "SCOPE", "BEFORE", "AFTER", "WHEN"],
            changes.Take(MostRows).Select(change => (ImmutableArray<string>)
            [
                Kind(change.Kind),
                Say.Data(change.Identity),
                Say.Data(change.Resource),
                Say.Data(change.Scope),
                Answer(change.Before, change.LifeBefore, []),
                Answer(change.After, change.LifeAfter, change.StepUp),
                When(change.Situations),
            ]));
        if (changes.Length > MostRows)
            screen.Line($"[yellow]… and {changes.Length - MostRows} more: --output json shows all.[/]");
    }

    private static string? Count(ImmutableArray<PolicyChange> policies, PolicyChangeKind kind) =>
        policies.Count(change => change.Kind == kind) is > 0 and var count ? $"{count} {kind.ToString().ToLowerInvariant()}" : null;

    private static string Kind(ChangeKind kind) => kind switch
    {
        ChangeKind.Lost => "[red]loses[/]",
        ChangeKind.StepUp => "[yellow]must verify[/]",
        ChangeKind.Gained => "[green]gains[/]",
        ChangeKind.Shorter => "[yellow]shorter[/]",
        _ => "[green]longer[/]",
    };

    private static string Answer(ScopeOutcome outcome, TimeSpan life, ImmutableArray<string> stepUp) =>
        outcome == ScopeOutcome.Granted ? $"granted, {Say.Span(life)}"
        : stepUp.IsEmpty ? ScopeOutcomes.WordOf(outcome)
        : Say.Data($"{ScopeOutcomes.WordOf(outcome)} ({string.Join(", ", stepUp)})");

    // always; with a secret; risk 50, 80; with a key at risk 80.
    private static string When(ImmutableArray<SurveySituation> situations)
    {
        if (situations.Length == DecisionSurvey.Situations.Length)
            return "always";

        var all = DecisionSurvey.Situations.Select(situation => situation.Risk).Distinct().ToArray();
        var byProof = situations.GroupBy(situation => situation.Method, situation => situation.Risk)
            .Select(group => (Proof: group.Key == "private_key_jwt" ? "with a key" : "with a secret", Risks: group.Order().ToArray())).ToArray();
        if (byProof is [var one, var other] && one.Risks.SequenceEqual(other.Risks))
            return $"risk {string.Join(", ", one.Risks)}";

        return string.Join("; ", byProof.Select(proof => proof.Risks.SequenceEqual(all) ? proof.Proof : $"{proof.Proof} at risk {string.Join(", ", proof.Risks)}"));
    }

    private static string Text(string? value) => value switch
    {
        null => "[dim]none[/]",
        "" => "[dim]there[/]",
        _ => Say.Data($"\"{value}\""),
    };
}
