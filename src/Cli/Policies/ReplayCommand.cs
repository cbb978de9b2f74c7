using System.CommandLine;
using System.Text.Json.Nodes;
using Assay.Cli.Admin;
using Assay.Cli.Connecting;
using Assay.Cli.Output;
using Assay.Core.Policies;
using Assay.Core.Registry;

namespace Assay.Cli.Policies;

/// <summary><c>policy replay</c>: what a candidate would have answered to recorded requests, and whether that is too much.</summary>
internal static class ReplayCommand
{
    private const long MostDecisions = 1_000_000_000;

    private static readonly Option<string?> Candidate = new("--candidate") { Description = "The policies of this bundle folder; nothing of it is stored.", HelpName = "bundle" };
    private static readonly Option<string?> Version = new("--version") { Description = "A stored set, or enough of the beginning of its version.", HelpName = "version" };
    private static readonly Option<string> Domain = new("--domain") { Description = "The policy domain.", HelpName = "domain", DefaultValueFactory = _ => PolicyDomains.Tokens };
    private static readonly Option<string> Since = new("--since") { Description = "Decisions from here on: a span (30m, 24h, 7d) or a moment.", HelpName = "when", DefaultValueFactory = _ => "24h" };
    private static readonly Option<string?> Until = new("--until") { Description = "Decisions before: a span ago, or a moment. Now, when not given.", HelpName = "when" };
    private static readonly Option<long> Limit = new("--limit") { Description = "The newest so many decisions.", HelpName = "count", DefaultValueFactory = _ => 1_000_000 };
    private static readonly Option<bool> Verify = new("--verify") { Description = "Also decide by the policies that each record names, and fail when one differs from its own record. Several times slower." };
    private static readonly Option<string?> FailOn = new("--fail-on")
    {
        Description = "Fail when at least so many identities (1, when no number is given) would see that: lose, step-up, gain, shorter, longer; left-out counts records.",
        HelpName = "change[:n],…",
    };

    private static readonly Option<bool> All = new("--all") { Description = "Show every change, not the largest ones only." };

    public static Command Create() => Commands
        .Of(
            "replay",
            "Decides recorded requests again by a candidate: who would lose, gain, need a verification, or get tokens of another life. Changes nothing.",
            Candidate, Version, Domain, Since, Until, Limit, Verify, FailOn, All)
        .Runs(Run)
        .WithExamples(
            "assay policy replay --candidate ./bundle",
            "assay policy replay --version 3f9a02 --since 7d --limit 5000000 --all",
            "assay policy replay --candidate ./bundle --fail-on lose,step-up:10 --output json");

    private static async Task Run(Call call, CancellationToken cancellationToken)
    {
        var thresholds = Thresholds.Read(call.Get(FailOn));
        var body = Wish(call);
        var candidate = call.Get(Candidate) is { } folder ? Policies(folder) : null;
        if (candidate is null == call.Get(Version) is null)
            throw Failure.Usage("Which policies?", "Name a bundle with --candidate, or a stored set with --version: one of them.");

        using var api = await call.Admin("policy.read evidence.read", cancellationToken);
        if (candidate is not null)
        {
            body["candidate"] = JsonNode.Parse(RegistryJson.Write(candidate).Span);
        }
        else
        {
            var domains = (await api.Get("policies", cancellationToken)).As<PolicyDomainList>();
            body["version"] = PolicyViews.Find(domains, call.Get(Version)!, call.Get(Domain)).Version;
        }

        var report = await Report(call, api, body, cancellationToken);
        var view = report.As<ReplayReportView>();
        if (call.Screen.IsJson)
            call.Screen.Json(report.Root);
        else
            ReplayScreen.Show(call.Screen, view, call.Get(All));
        Judge(view, thresholds);
    }

    private static JsonObject Wish(Call call)
    {
        var limit = call.Get(Limit);
        if (limit is < 1 or > MostDecisions)
            throw Failure.Usage($"--limit {limit} is not between 1 and {MostDecisions}.");
        var since = Moment.SinceFrom(call.Get(Since), call.Now, "--since");
        var until = Moment.SinceFrom(call.Get(Until), call.Now, "--until") ?? call.Now;
        if (since >= until)
            throw Failure.Usage("--since is not before --until.");
        return new JsonObject { ["domain"] = call.Get(Domain), ["since"] = since, ["until"] = until, ["limit"] = limit, ["verify"] = call.Get(Verify) };
    }

    private static PolicyDocument Policies(string folder) =>
        LocalBundle.Read(folder, "nothing was replayed").Declarations!.Policies ?? throw Failure.Usage($"{folder} has no policies.", "They lie in policies/*.cedar.");

    private static async Task<Answer> Report(Call call, AdminApi api, JsonObject body, CancellationToken cancellationToken)
    {
        Answer? report = null;
        using (var progress = new Progress(call.Screen))
        {
            var range = new ReplayProgressRange((DateTimeOffset)body["since"]!, (DateTimeOffset)body["until"]!);
            await api.Lines(
                "policies/replay",
                body,
                line =>
                {
                    var told = line.As<ReplayLineView>();
                    if (told.Fault is { } fault)
                        throw new Failure(ExitCode.Failed, $"The replay ended without a report: {fault}", "It changed nothing: try again.");
                    if (told.Report is not null)
                        report = new Answer(line.Root.GetProperty("report"));
                    else if (told.Progress is { } reached)
                        progress.Show(range.Say(reached));
                },
                cancellationToken);
        }

        return report ?? throw new Failure(ExitCode.Failed, "The replay ended without a report.", "The connection was cut. It changed nothing: try again.");
    }

    private static void Judge(ReplayReportView report, Thresholds thresholds)
    {
        var crossed = thresholds.Crossed(report);
        if (report.Verification is { Differing: > 0 } verification)
            crossed = crossed.Add($"{Say.Count(verification.Differing, "decision differs", "decisions differ")} from its own record");
        if (!crossed.IsEmpty)
            throw new Failure(ExitCode.Refused, "The replay does not pass.", null, crossed);
    }
}
