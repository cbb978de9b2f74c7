using System.Collections.Immutable;
using System.CommandLine;
using Assay.Cli.Admin;
using Assay.Cli.Output;

namespace Assay.Cli.Evidence;

/// <summary><c>get apis</c> and <c>get silos</c></summary>
internal static class DirectoryViews
{
    public static Command Apis() => Commands.Of("apis", "Protected resources and their scopes.").Runs(ShowApis).WithExamples("assay get apis");

    public static Command Silos() => Commands.Of("silos", "Silos with a lease, and how far each has applied the feed.").Runs(ShowSilos).WithExamples("assay get silos");

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

    private static async Task ShowSilos(Call call, CancellationToken cancellationToken)
    {
        using var api = await call.Admin("evidence.read", cancellationToken);
        var answer = await api.Get("silos", cancellationToken);
        if (call.Screen.IsJson)
        {
            call.Screen.Json(answer.Root);
            return;
        }

        var list = answer.As<SiloList>();
        call.Screen.Table(
            ["SILO", "EPOCH", "APPLIED", "BEHIND"],
            list.Silos.Select(silo => ImmutableArray.Create(
                Say.Data(silo.Slot), $"{silo.Epoch}", $"{silo.Acknowledged}", silo.Acknowledged >= list.Head ? "[green]0[/]" : $"[yellow]{list.Head - silo.Acknowledged}[/]")));
    }
}
