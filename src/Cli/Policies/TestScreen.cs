using System.Collections.Immutable;
using Assay.Bundle.Testing;
using Assay.Cli.Output;

namespace Assay.Cli.Policies;

/// <summary>A run of policy tests for people: what failed and why, one line in the end, and coverage when asked for.</summary>
internal static class TestScreen
{
    public static void Show(Screen screen, ImmutableArray<TimedResult> results, PolicyCoverage coverage, bool withCoverage)
    {
        foreach (var result in results.Where(result => !result.Result.Passed))
            ShowFailed(screen, result.Result);

        var policies = coverage.Policies;
        if (withCoverage)
            ShowCoverage(screen, policies);

        var (failed, decided) = (results.Count(result => !result.Result.Passed), policies.Count(policy => policy.Decided > 0));
        var took = results.Aggregate(TimeSpan.Zero, (sum, result) => sum + result.Took);
        screen.Line(
            $"{LocalBundle.Count(results.Length, "test")}: {(failed == 0 ? "[green]all passed[/]" : $"{results.Length - failed} passed, [red]{failed} failed[/]")}; " +
            $"{decided} of {LocalBundle.Count(policies.Length, "policy")} decided ({coverage.Percent} %). [dim]{Say.Span(took)}[/]");
    }

    private static void ShowFailed(Screen screen, PolicyTestResult result)
    {
        screen.Line($"[red]FAILED[/] {Say.Data(result.Test.Path)}:{result.Test.Line}: [bold]{Say.Data(result.Test.Name)}[/]");
        screen.Table(
            ["", "", ""],
            result.Mismatches.SelectMany(mismatch => (ImmutableArray<string>[])
            [
                [Say.Data(mismatch.Subject), "expected", $"[green]{Say.Data(mismatch.Expected)}[/]"],
                ["", "got", $"[red]{Say.Data(mismatch.Found)}[/]"],
                .. mismatch.Missing.Select(missing => (ImmutableArray<string>)["", "[dim]needs[/]", Say.Dim(missing)]),
            ]),
            indent: 4);
    }

    private static void ShowCoverage(Screen screen, ImmutableArray<PolicyUse> policies)
    {
        screen.Table(
            ["POLICY", "EFFECT", "PLACE", "DECIDED", "SATISFIED", ""],
            policies.Select(use => (ImmutableArray<string>)
            [
                Say.Data(use.Policy.Id),
                use.Policy.Effect == Cedar.Effect.Permit ? "permit" : "forbid",
                Say.Dim($"{use.Policy.Position.Source}:{use.Policy.Position.Line}"),
                $"{use.Decided}",
                $"{use.Satisfied}",
                use switch
                {
                    { Satisfied: 0 } => "[yellow]never satisfied[/]",
                    { Decided: 0 } => "[yellow]never decided: a forbid stood over it[/]",
                    _ => "",
                },
            ]));
        screen.Line();
    }
}
