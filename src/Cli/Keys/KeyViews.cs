using System.Collections.Immutable;
using System.CommandLine;
using Assay.Cli.Admin;
using Assay.Cli.Output;

namespace Assay.Cli.Keys;

/// <summary><c>get keys</c>: the signing keys and where they are in their life.</summary>
internal static class KeyViews
{
    public static Command Create() => Commands
        .Of("keys", "Signing keys: announced, active, retiring, retired, withdrawn, and when each moves on.", KeysCommand.Purpose)
        .Runs(Run)
        .WithExamples("assay get keys", "assay get keys --purpose checkpoint");

    private static async Task Run(Call call, CancellationToken cancellationToken)
    {
        using var api = await call.Admin("key.read", cancellationToken);
        var answer = await api.Get(KeysCommand.Path("keys", call.Get(KeysCommand.Purpose)), cancellationToken);
        if (call.Screen.IsJson)
        {
            call.Screen.Json(answer.Root);
            return;
        }

        call.Screen.Table(
            ["KEY", "SIGNS", "ALG", "STATE", "ANNOUNCED", "SIGNS FROM", "SIGNS UNTIL", "PUBLISHED UNTIL"],
            answer.As<KeyList>().Keys.Select(key => ImmutableArray.Create(
                Say.Data(key.Kid),
                Say.Data(key.Purpose),
                Say.Data(key.Algorithm),
                State(key.State),
                Say.When(key.AnnouncedAt, call.Now),
                At(key.ActivatesAt, call.Now),
                At(key.RetiresAt, call.Now),
                key.WithdrawnAt is { } at ? $"withdrawn {Say.When(at, call.Now)}" : At(key.RemovedAt, call.Now))));
    }

    private static string At(DateTimeOffset? time, DateTimeOffset now) => time is { } at ? Say.When(at, now) : "-";

    private static string State(string state) => state switch
    {
        "active" => "[green]active[/]",
        "announced" => "announced",
        "withdrawn" => "[red]withdrawn[/]",
        _ => Say.Dim(state),
    };
}
