using System.Collections.Immutable;
using System.CommandLine;
using Assay.Cli.Admin;
using Assay.Cli.Output;

namespace Assay.Cli.Policies;

/// <summary><c>policy history</c>: who stored, activated, rolled back and shadowed which set, when and why.</summary>
internal static class HistoryCommand
{
    private static readonly Option<string?> Domain = new("--domain") { Description = "Of this policy domain: tokens or admin; both when not given.", HelpName = "domain" };
    private static readonly Option<int> Limit = new("--limit") { Description = "At most this many, newest first.", DefaultValueFactory = _ => 20 };

    public static Command Create() => Commands
        .Of("history", "Tells what happened to policy sets, newest first: stored, put in force, rolled back, shadowed; who did it, when and why.", Domain, Limit)
        .Runs(Run)
        .WithExamples("assay policy history", "assay policy history --domain tokens --limit 5");

    private static async Task Run(Call call, CancellationToken cancellationToken)
    {
        var limit = call.Get(Limit);
        if (limit is < 1 or > 200)
            throw Failure.Usage($"--limit {limit} is not between 1 and 200.");
        var domain = call.Get(Domain) is { } one ? $"&domain={Uri.EscapeDataString(one)}" : "";
        using var api = await call.Admin("policy.read", cancellationToken);

        var answer = await api.Get($"policies/history?limit={limit}{domain}", cancellationToken);

        if (call.Screen.IsJson)
        {
            call.Screen.Json(answer.Root);
            return;
        }

        call.Screen.Table(
            ["WHEN", "DOMAIN", "SET", "WHAT", "BY", "WHY", "VERSION"],
            answer.As<PolicyHistoryView>().Events.Select(found => ImmutableArray.Create(
                Say.When(found.At, call.Now),
                Say.Data(found.Domain),
                Say.Data(Say.Short(found.Version)),
                What(found.Event),
                Say.Data(found.By),
                found.Reason is { } reason ? Say.Data(reason) : Say.Dim(found.Through is { } through ? $"({through})" : "-"),
                $"{found.Number}")));
    }

    private static string What(string what) => what switch
    {
        "activated" => "[green]in force[/]",
        "rolledBack" => "[yellow]rolled back to[/]",
        "shadowed" => "shadow",
        "shadowEnded" => "shadow ended",
        var other => Say.Data(other),
    };
}
