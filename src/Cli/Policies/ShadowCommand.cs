using System.Collections.Immutable;
using System.CommandLine;
using Assay.Cli.Admin;
using Assay.Cli.Output;

namespace Assay.Cli.Policies;

/// <summary><c>policy shadow</c>: a set asked beside the one in force, on live traffic and without a part in any decision.</summary>
internal static class ShadowCommand
{
    private static readonly Argument<string?> Candidate = new("bundle|version")
    {
        Description = "A bundle's folder, whose policies are stored and shadowed, or the version of a stored set; enough of its beginning will do.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<bool> Off = new("--off") { Description = "End the shadow." };
    private static readonly Option<string> Domain = new("--domain") { Description = "The policy domain.", HelpName = "domain", DefaultValueFactory = _ => "tokens" };
    private static readonly Option<string?> Reason = new("--reason") { Description = "Why, for the history: 1 to 500 characters.", HelpName = "text" };

    public static Command Create() => Commands
        .Of(
            "shadow",
            "Has a policy set asked beside the one in force, on live traffic. What it would have answered goes to metrics and evidence; it changes no answer.",
            Candidate,
            Off,
            Domain,
            Reason,
            Commands.Of("status", "Tells how often the shadow's answers differ, and shows the newest that do.")
                .Runs(Status)
                .WithExamples("assay policy shadow status"))
        .Runs(Run)
        .WithExamples("assay policy shadow ./bundle --reason \"stricter refunds\"", "assay policy shadow 3f9a02", "assay policy shadow status", "assay policy shadow --off");

    private static Task Run(Call call, CancellationToken cancellationToken) => (call.Get(Candidate), call.Get(Off)) switch
    {
        (null, true) => End(call, cancellationToken),
        ({ } candidate, false) => Begin(call, candidate, cancellationToken),
        _ => throw Failure.Usage("Say what to shadow, a bundle's folder or a version, or --off."),
    };

    private static async Task Begin(Call call, string candidate, CancellationToken cancellationToken)
    {
        var domain = call.Get(Domain)!;
        using var api = await call.Admin("policy.read policy.write", cancellationToken);
        var version = Directory.Exists(candidate)
            ? await Store(api, candidate, domain, cancellationToken)
            : PolicyViews.Find((await api.Get("policies", cancellationToken)).As<PolicyDomainList>(), candidate, domain).Version;

        var answer = await api.Post($"policies/{version}/shadow", new { domain, reason = call.Get(Reason) }, cancellationToken);

        Tell(call, answer, done => done.Changed
            ? $"{Say.Data(Say.Short(version))} is asked beside the set in force from here on. It changes no decision; assay policy shadow status tells how it differs."
            : $"{Say.Data(Say.Short(version))} is the shadow already.");
    }

    private static async Task End(Call call, CancellationToken cancellationToken)
    {
        var query = $"policies/shadow?domain={Uri.EscapeDataString(call.Get(Domain)!)}{(call.Get(Reason) is { } reason ? $"&reason={Uri.EscapeDataString(reason)}" : "")}";
        using var api = await call.Admin("policy.write", cancellationToken);

        var answer = await api.Delete(query, cancellationToken);

        Tell(call, answer, done => done.Changed ? "the shadow has ended." : "there was no shadow.");
    }

    private static async Task<string> Store(AdminApi api, string folder, string domain, CancellationToken cancellationToken)
    {
        var policies = LocalBundle.Read(folder, "nothing was stored").Declarations!.Policies
            ?? throw Failure.Usage($"{folder} has no policies.", "They lie in policies/*.cedar.");
        var upload = new
        {
            domain,
            files = policies.Files.Select(file => new { path = file.Path, text = file.Text }),
            schema = policies.Schema,
            links = policies.Links.Select(link => new
            {
                id = link.Id,
                template = link.Template,
                principal = link.Principal?.ToString(),
                resource = link.Resource?.ToString(),
                line = link.Line,
                column = link.Column,
            }),
            tests = policies.Tests.Select(file => new { path = file.Path, text = file.Text }),
            actions = policies.Actions,
        };
        return (await api.Post("policies", upload, cancellationToken)).As<PolicyUploadedView>().Version;
    }

    private static async Task Status(Call call, CancellationToken cancellationToken)
    {
        using var api = await call.Admin("policy.read evidence.read", cancellationToken);

        var answer = await api.Get("policies/shadow", cancellationToken);

        if (call.Screen.IsJson)
        {
            call.Screen.Json(answer.Root);
            return;
        }

        var shadows = answer.As<ShadowStatusList>().Shadows;
        if (shadows.IsEmpty)
            call.Screen.Line("There is no shadow.");
        foreach (var shadow in shadows)
            Show(call, shadow);
    }

    private static void Show(Call call, ShadowStatusView shadow)
    {
        var screen = call.Screen;
        long Count(string kind) => shadow.Counts.GetValueOrDefault(kind);
        screen.Line(
            $"[bold]{Say.Data(shadow.Domain)}[/]: {Say.Data(Say.Short(shadow.Version))} is the shadow since {Say.When(shadow.Begun.At, call.Now)}, by {Say.Data(shadow.Begun.By)}" +
            $"{(shadow.Begun.Reason is { } reason ? $": {Say.Data(reason)}" : "")}");
        if (shadow.InForce)
            screen.Line("It is in force by now: it is not asked beside itself.");

        var asked = Count("asked");
        screen.Line(asked == 0 ? "No decision was made beside it yet." : $"Asked beside {asked} decisions: {Count("same")} the same ({Share(Count("same"), asked)}).");
        screen.Table(
            ["", "", ""],
            new[] { "lost", "gained", "stepUp", "shorter", "longer", "otherReason", "failed", "skipped" }.Where(kind => Count(kind) > 0).Select(kind =>
                ImmutableArray.Create($"{Count(kind)}", Say.Dim(kind == "skipped" ? "" : Share(Count(kind), asked)), Meaning(kind))),
            indent: 2);
        if (shadow.Differences.IsEmpty)
            return;

        screen.Heading("NEWEST DIFFERENCES");
        screen.Table(
            ["WHEN", "IDENTITY", "FOR", "WOULD BE", "ID"],
            shadow.Differences.Select(found => ImmutableArray.Create(
                Say.When(found.Time, call.Now), Say.Data(found.Identity), Say.Data(found.Resource), ShadowWords.Of(found.Shadow), Say.Data(found.Id))),
            indent: 2);
    }

    private static string Share(long part, long all) =>
        all == 0 ? "-" : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{100.0 * part / all:0.#} %");

    private static string Meaning(string kind) => kind switch
    {
        "lost" => "a scope would be withheld that was granted",
        "gained" => "a scope would be granted that was withheld",
        "stepUp" => "a scope would wait for a verification",
        "shorter" => "the token would live shorter",
        "longer" => "the token would live longer",
        "otherReason" => "a scope would be withheld too, for another reason",
        "failed" => "it could not answer: a defect of the server's; the evidence names it",
        _ => "it was not asked: it had taken long, and rested",
    };

    private static void Tell(Call call, Answer answer, Func<ShadowChangeView, string> sentence)
    {
        if (call.Screen.IsJson)
        {
            call.Screen.Json(answer.Root);
            return;
        }

        var done = answer.As<ShadowChangeView>();
        call.Screen.Line($"{Say.Data(done.Domain)}: {sentence(done)}");
    }
}
