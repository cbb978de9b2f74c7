using System.CommandLine;
using Assay.Cli.Admin;
using Assay.Cli.Output;

namespace Assay.Cli.Policies;

/// <summary><c>policy list|activate|rollback|replay</c></summary>
internal static class PolicyCommand
{
    private static readonly Argument<string> Version = new("version") { Description = "The set's version, or enough of its beginning." };
    private static readonly Option<string?> Domain = new("--domain") { Description = "Of this policy domain: tokens or admin.", HelpName = "domain" };
    private static readonly Option<string> RollbackDomain = new("--domain") { Description = "The policy domain.", HelpName = "domain", DefaultValueFactory = _ => "tokens" };

    public static Command Create()
    {
        var list = PolicyViews.Create();
        var lists = Commands.Of("list", list.Description!, [.. list.Arguments]).Runs(PolicyViews.Run).WithExamples("assay policy list", "assay policy list 3f9a02");
        return Commands.Of(
            "policy",
            "Policies on their way into force: checked, laid out, tested and compared before; activated and rolled back on the server.",
            ValidateCommand.Create(),
            FormatCommand.Create(),
            TestCommand.Create(),
            DiffCommand.Create(),
            lists,
            Commands
                .Of("activate", "Puts a stored set in force. Returns when no silo decides by the old one any more.", Version, Domain)
                .Runs(Activate)
                .WithExamples("assay policy activate 3f9a02"),
            Commands
                .Of("rollback", "Puts the set that was in force before back in force.", RollbackDomain)
                .Runs(Rollback)
                .WithExamples("assay policy rollback"),
            ReplayCommand.Create());
    }

    private static async Task Activate(Call call, CancellationToken cancellationToken)
    {
        using var api = await call.Admin("policy.read policy.activate", cancellationToken);
        var domains = (await api.Get("policies", cancellationToken)).As<PolicyDomainList>();
        var (domain, version) = PolicyViews.Find(domains, call.Get(Version), call.Get(Domain));

        var answer = await api.Post($"policies/{version}/activate", new { domain }, cancellationToken);

        Tell(call, answer, "is in force");
    }

    private static async Task Rollback(Call call, CancellationToken cancellationToken)
    {
        using var api = await call.Admin("policy.activate", cancellationToken);

        var answer = await api.Post("policies/rollback", new { domain = call.Get(RollbackDomain) }, cancellationToken);

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
