using System.Collections.Immutable;
using System.CommandLine;
using Assay.Cli.Admin;
using Assay.Cli.Output;

namespace Assay.Cli.Evidence;

/// <summary><c>get apis</c>, <c>get groups</c> and <c>get silos</c></summary>
internal static class DirectoryViews
{
    public static Command Apis() => Commands.Of("apis", "Protected resources and their scopes.").Runs(ShowApis).WithExamples("assay get apis");

    public static Command Groups() => Commands.Of("groups", "Roles and teams, and what is above them.").Runs(ShowGroups).WithExamples("assay get groups");

    public static Command Silos() => Commands.Of("silos", "Silos: their leases, how far each has applied the feed, and how it is doing.").Runs(ShowSilos).WithExamples("assay get silos", "assay get silos --output json");

    private static async Task ShowApis(Call call, CancellationToken cancellationToken)
    {
        using var api = await call.Admin("api.read", cancellationToken);
        var answer = await api.Get("apis", cancellationToken);
        if (call.Screen.IsJson)
        {
            call.Screen.Json(answer.Root);
            return;
        }

        call.Screen.Table(
            ["RESOURCE", "NAME", "SCOPES", "LONGEST TOKEN", "POLICY DOMAIN", "MANAGED BY"],
            answer.As<ApiList>().Apis.Select(known => ImmutableArray.Create(
                Say.Data(known.Resource),
                Say.Data(known.Name ?? "-"),
                Say.Data(Say.List(known.Scopes.Select(scope => scope.Name))),
                known.MaxTokenLifetimeSeconds is { } life ? Say.Span(TimeSpan.FromSeconds(life)) : "-",
                Say.Data(known.PolicyDomain),
                Say.Dim(known.ManagedBy ?? "-"))));
    }

    private static async Task ShowGroups(Call call, CancellationToken cancellationToken)
    {
        using var api = await call.Admin("api.read", cancellationToken);
        var answer = await api.Get("groups", cancellationToken);
        if (call.Screen.IsJson)
        {
            call.Screen.Json(answer.Root);
            return;
        }

        call.Screen.Table(
            ["GROUP", "DESCRIPTION", "IN", "MANAGED BY"],
            answer.As<GroupList>().Groups.Select(known => ImmutableArray.Create(
                Say.Data(Say.Group(known.Group)),
                Say.Data(known.Description ?? "-"),
                Say.Data(Say.List(known.Parents.Select(Say.Group))),
                Say.Dim(known.ManagedBy ?? "-"))));
    }

    private static async Task ShowSilos(Call call, CancellationToken cancellationToken)
    {
        using var api = await call.Admin("evidence.read", cancellationToken);
        var answer = await api.Get("silos", cancellationToken);
        if (call.Screen.IsJson)
        {
            call.Screen.Json(answer.Root);
            return;
        }

        call.Screen.Table(
            ["SILO", "EPOCH", "ADDRESS", "STATE", "LEASE AGE", "ACKNOWLEDGED", "BEHIND", "PENDING", "BATCH P50", "COMMIT P50", "COMMIT P99", "NARROWING P99"],
            answer.As<SiloList>().Silos.Select(silo => ImmutableArray.Create(
                Say.Data(silo.Slot),
                $"{silo.Epoch}",
                Say.Data(silo.Address ?? "-"),
                silo.State == "active" ? "[green]active[/]" : $"[yellow]{Say.Data(silo.State)}[/]",
                silo.LeaseAgeSeconds is { } age ? Say.Span(TimeSpan.FromSeconds(age)) : "-",
                $"{silo.Acknowledged}",
                silo.Lag switch { null => "-", 0 => "[green]0[/]", { } lag => $"[yellow]{lag}[/]" },
                silo.Figures is { } figures ? $"{figures.PendingRecords}" : "-",
                silo.Figures?.BatchRecords is { } batch ? $"{batch.P50:0}" : "-",
                Milliseconds(silo.Figures?.CommitMilliseconds?.P50),
                Milliseconds(silo.Figures?.CommitMilliseconds?.P99),
                Milliseconds(silo.Figures?.NarrowingMilliseconds?.P99))));
    }

    private static string Milliseconds(double? value) => value is { } known ? Say.Span(TimeSpan.FromMilliseconds(known)) : "-";
}
