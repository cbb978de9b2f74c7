using System.Collections.Immutable;
using System.CommandLine;
using Assay.Bundle.Testing;
using Assay.Cli.Output;

namespace Assay.Cli.Policies;

/// <summary><c>policy test</c>: runs the cases in a bundle's <c>tests/</c>, without a server.</summary>
internal static class TestCommand
{
    private static readonly Argument<string> Folder = new("bundle") { Description = "The bundle's folder; the tests lie in its tests/*.yaml." };
    private static readonly Option<string?> Filter = new("--filter") { Description = "Only tests whose file or name has this text in it; upper and lower case are the same.", HelpName = "text" };
    private static readonly Option<string?> JUnit = new("--junit") { Description = "Also write the results as JUnit XML.", HelpName = "file" };
    private static readonly Option<bool> Coverage = new("--coverage") { Description = "Show how often each policy decided, and which never did." };

    private static readonly Option<int?> MinCoverage = new("--min-coverage")
    {
        Description = "Exit with 1 when tests decide by fewer of the policies, in percent.",
        HelpName = "percent",
    };

    static TestCommand() => MinCoverage.Validators.Add(result =>
    {
        if (result.GetValueOrDefault<int?>() is < 0 or > 100)
            result.AddError("--min-coverage is a percentage, 0 to 100.");
    });

    public static Command Create() => Commands
        .Of("test", "Runs the tests of a bundle's policies. Exit code 1 when one fails. Asks no server.", Folder, Filter, JUnit, Coverage, MinCoverage)
        .Runs(Run)
        .WithExamples(
            "assay policy test samples/quickstart", "assay policy test ./bundle --filter refund", "assay policy test ./bundle --junit results.xml --min-coverage 100", "assay policy test ./bundle --coverage");

    private static Task Run(Call call, CancellationToken cancellationToken)
    {
        var folder = call.Get(Folder);
        var filter = call.Get(Filter);
        if (filter is not null && call.Get(MinCoverage) is not null)
            throw Failure.Usage("--min-coverage speaks of all tests, and --filter leaves some out.", "Give one of them.");

        var reading = LocalBundle.Read(folder, "no test was run");
        if (reading.Tests.IsEmpty)
            throw Failure.Usage($"{folder} has no tests.", "They lie in tests/*.yaml; docs/bundle.md shows one.");
        var tests = reading.Tests.Where(test => IsWanted(test, filter)).ToArray();
        if (tests.Length == 0)
            throw Failure.Usage($"No test has '{filter}' in its file or name.", $"There are {reading.Tests.Length}.");

        var run = new PolicyTestRun(reading.Declarations!, LocalBundle.Policies(reading, folder));
        var results = tests.Select(test =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            var start = call.Clock.GetTimestamp();
            return new TimedResult(run.Run(test), call.Clock.GetElapsedTime(start));
        }).ToImmutableArray();

        if (call.Get(JUnit) is { } file)
            JUnitReport.Write(file, reading.Declarations!.Name, results);
        if (call.Screen.IsJson)
            call.Screen.Json(TestRunView.Of(results, run.Coverage));
        else
            TestScreen.Show(call.Screen, results, run.Coverage, call.Get(Coverage));
        return Judge(results.Count(result => !result.Result.Passed), results.Length, run.Coverage.Percent, call.Get(MinCoverage));
    }

    private static bool IsWanted(PolicyTest test, string? filter) =>
        filter is null || test.Path.Contains(filter, StringComparison.OrdinalIgnoreCase) || test.Name.Contains(filter, StringComparison.OrdinalIgnoreCase);

    private static Task Judge(int failed, int all, int coverage, int? wanted) =>
        failed > 0 ? throw new Failure(ExitCode.Failed, $"{failed} of {LocalBundle.Count(all, "test")} failed.")
        : coverage < wanted ? throw new Failure(ExitCode.Failed, $"Tests decide by {coverage} % of the policies; {wanted} % are asked for.", "--coverage shows which are left.")
        : Task.CompletedTask;
}

/// <param name="Took">The time of deciding and comparing.</param>
internal sealed record TimedResult(PolicyTestResult Result, TimeSpan Took);

/// <summary>A run for programs.</summary>
internal sealed record TestRunView(int Passed, int Failed, ImmutableArray<TestView> Tests, CoverageView Coverage)
{
    public static TestRunView Of(ImmutableArray<TimedResult> results, PolicyCoverage coverage) => new(
        results.Count(result => result.Result.Passed),
        results.Count(result => !result.Result.Passed),
        [.. results.Select(result => TestView.Of(result.Result))],
        new CoverageView(coverage.Percent, [.. coverage.Policies.Select(PolicyUseView.Of)]));
}

internal sealed record TestView(
    string Path, int Line, string Name, bool Passed, ImmutableArray<string> Granted, double? TtlSeconds, ImmutableArray<TestMismatch> Mismatches)
{
    public static TestView Of(PolicyTestResult result) => new(
        result.Test.Path, result.Test.Line, result.Test.Name, result.Passed, result.Verdict.GrantedScopes(),
        result.Verdict.GrantsAny ? result.Verdict.Lifetime.TotalSeconds : null, result.Mismatches);
}

internal sealed record CoverageView(int Percent, ImmutableArray<PolicyUseView> Policies);

internal sealed record PolicyUseView(string Id, string Effect, string Path, int Line, int Decided, int Satisfied)
{
    public static PolicyUseView Of(PolicyUse use) => new(
        use.Policy.Id, use.Policy.Effect == Cedar.Effect.Permit ? "permit" : "forbid", use.Policy.Position.Source, use.Policy.Position.Line, use.Decided, use.Satisfied);
}
