using System.CommandLine;
using Assay.Cli.Admin;
using Assay.Cli.Output;

namespace Assay.Cli.Policies;

/// <summary><c>policy activate|rollback</c>: which set is in force.</summary>
internal static class ActivationCommands
{
    private static readonly Argument<string> Version = new("version") { Description = "The set's version, or enough of its beginning." };
    private static readonly Option<string?> Domain = new("--domain") { Description = "Of this policy domain: tokens or admin.", HelpName = "domain" };
    private static readonly Option<string> RollbackDomain = new("--domain") { Description = "The policy domain.", HelpName = "domain", DefaultValueFactory = _ => "tokens" };
    private static readonly Option<string?> Reason = new("--reason") { Description = "Why, for the history: 1 to 500 characters.", HelpName = "text" };

    public static Command Activation() => Commands
        .Of(
            "activate",
            "Puts a stored set in force. Returns when no silo decides by the old one any more. Where the two-person rule is on, it is refused to whoever stored the set.",
            Version,
            Domain,
            Reason)
        .Runs(Activate)
        .WithExamples("assay policy activate 3f9a02", "assay policy activate 3f9a02 --reason \"refunds need an approval from today, SEC-118\"");

    public static Command Return() => Commands
        .Of("rollback", "Puts the set that was in force before back in force. The two-person rule does not apply to it.", RollbackDomain, Reason)
        .Runs(Rollback)
        .WithExamples("assay policy rollback", "assay policy rollback --reason \"exports fail since 14:02\"");

    private static async Task Activate(Call call, CancellationToken cancellationToken)
    {
        using var api = await call.Admin("policy.read policy.activate", cancellationToken);
        var domains = (await api.Get("policies", cancellationToken)).As<PolicyDomainList>();
        var (domain, version) = PolicyViews.Find(domains, call.Get(Version), call.Get(Domain));

        var answer = await api.Post($"policies/{version}/activate", new { domain, reason = call.Get(Reason) }, cancellationToken);

        Tell(call, answer, "is in force");
    }

    private static async Task Rollback(Call call, CancellationToken cancellationToken)
    {
        using var api = await call.Admin("policy.activate", cancellationToken);

        var answer = await api.Post("policies/rollback", new { domain = call.Get(RollbackDomain), reason = call.Get(Reason) }, cancellationToken);

        Tell(call, answer, "is back in force");
    }

    private static void Tell(Call call, Answer answer, string what)
    {
        if (call.Screen.IsJson)
        {
            call.Screen.Json(answer.Root);
            return;
        }

        var done = answer.As<ActivationView>();
        call.Screen.Line(
            $"{Say.Data(done.Domain)}: {Say.Data(Say.Short(done.Active))} {(done.Changed ? $"{what}; no token is decided by another set from here on." : "was in force already.")}" +
            $" [dim](version {done.Number})[/]");
    }
}
