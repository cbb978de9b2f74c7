using Assay.Cli.Admin;
using Assay.Cli.Output;

namespace Assay.Cli.Policies;

/// <summary>What a shadow set would have answered, in words.</summary>
internal static class ShadowWords
{
    /// <summary>What differs, as markup.</summary>
    public static string Of(ShadowSaidView said)
    {
        if (said.Fault is { } fault)
            return $"[red]no answer[/] ({Say.Data(fault)})";

        var parts = said.Scopes.Select(scope => scope.After switch
        {
            "granted" => $"[green]+ {Say.Data(scope.Scope)}[/]",
            "stepUpRequired" => $"[yellow]{Say.Data(scope.Scope)} after {Say.Data(string.Join(", ", scope.StepUp))}[/]",
            _ when scope.Before == "granted" => $"[red]- {Say.Data(scope.Scope)}[/]",
            var after => $"{Say.Data(scope.Scope)} {Say.Data(after)}",
        }).ToList();
        if (said.LifetimeSeconds is { } life && life > 0)
            parts.Add($"for {Say.Span(TimeSpan.FromSeconds(life))}");
        return parts.Count == 0 ? "the same" : string.Join(", ", parts);
    }
}
