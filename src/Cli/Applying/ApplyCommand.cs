using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json.Nodes;
using Assay.Cli.Admin;
using Assay.Cli.Output;
using Assay.Cli.Policies;
using Assay.Core.Registry;

namespace Assay.Cli.Applying;

/// <summary><c>apply</c>: shows what a bundle changes, and changes it.</summary>
internal static class ApplyCommand
{
    private static readonly Option<string> Folder = new("--file", "-f") { Description = "The bundle: a folder with identities/, apis/, policies/, roles.yaml, …", HelpName = "bundle", Required = true };
    private static readonly Option<bool> DryRun = new("--dry-run") { Description = "Only show what would change." };
    private static readonly Option<bool> Activate = new("--activate") { Description = "Also put the bundle's policies in force. Without it they are stored, and the set in force stays." };
    private static readonly Option<string?> Reason = new("--reason") { Description = "Why the policies change, for assay policy history: 1 to 500 characters.", HelpName = "text" };
    private static readonly Option<bool> Prune = new("--prune") { Description = "Delete what this bundle once declared and declares no longer." };

    public static Command Create() => Commands
        .Of(
            "apply",
            "Shows how the server differs from a bundle, and makes it as the bundle says, in one transaction. What was disabled, revoked, removed or raised by hand stays so.",
            Folder,
            DryRun,
            Activate,
            Reason,
            Prune)
        .Runs(Run)
        .WithExamples("assay apply -f samples/quickstart --dry-run", "assay apply -f samples/quickstart --activate", "assay apply -f ./bundle --prune --output json");

    private static async Task Run(Call call, CancellationToken cancellationToken)
    {
        var folder = call.Get(Folder)!;
        var (dryRun, activate, prune) = (call.Get(DryRun), call.Get(Activate), call.Get(Prune));
        var declared = LocalBundle.Read(folder, "nothing was applied").Declarations!;
        using var api = await call.Admin(
            dryRun ? "identity.read policy.read api.read" : $"identity.read policy.read api.read identity.write policy.write{(activate ? " policy.activate" : "")}", cancellationToken);
        var answer = await Post(api, declared, true, activate, prune, null, call.Get(Reason), cancellationToken);
        var plan = answer.As<PlanView>();
        var keys = plan.MissingKeys.Select(identity => (Identity: identity, File: call.Connection.Folder.KeyFileOf(identity))).ToList();
        if (!dryRun && !plan.IsEmpty)
        {
            foreach (var (identity, file) in keys)
                declared = declared.WithKey(identity, GeneratedKey.PublicJwkOf(file));
            answer = await Post(api, declared, false, activate, prune, plan.ComparedWith, call.Get(Reason), cancellationToken);
            plan = answer.As<PlanView>();
        }

        if (call.Screen.IsJson)
            call.Screen.Json(answer.Root);
        else
            Show(call.Screen, declared.Name, plan, keys, dryRun);
    }

    private static Task<Answer> Post(
        AdminApi api, BundleDeclarations declared, bool dryRun, bool activate, bool prune, long? comparedWith, string? reason, CancellationToken cancellationToken)
    {
        var body = new JsonObject { ["bundle"] = JsonNode.Parse(BundleJson.Encode(declared)), ["dryRun"] = dryRun, ["activate"] = activate, ["prune"] = prune };
        if (comparedWith is { } version)
            body["comparedWith"] = version;
        if (reason is not null)
            body["reason"] = reason;
        return api.Post("apply", body, cancellationToken);
    }

    private static void Show(Screen screen, string bundle, PlanView plan, List<(string Identity, string File)> keys, bool dryRun)
    {
        foreach (var step in plan.Plan)
        {
            var (mark, color) = step.Action switch
            {
                "create" or "upload" => ("+", "green"),
                "delete" => ("-", "red"),
                _ => ("~", "yellow"),
            };
            screen.Line($"[{color}]{mark} {Say.Data(step.Action)}[/] {Say.Data(step.Kind)} [bold]{Say.Data(step.Kind == "policy-set" ? Say.Short(step.Id) : step.Id)}[/]");
            foreach (var change in step.Changes)
                screen.Line($"    {Say.Data(change)}");
        }

        foreach (var (identity, file) in keys)
            screen.Line($"[green]+ key[/] for [bold]{Say.Data(identity)}[/]: {Say.Data(file)}{(dryRun ? File.Exists(file) ? " (is there)" : " (would be made)" : "")}");
        if (plan.Activates is { } activated)
            screen.Line($"[green]+ activate[/] policy-set [bold]{Say.Data(Say.Short(activated))}[/]");
        foreach (var warning in plan.Warnings)
            screen.Line($"[yellow]warning:[/] {Say.Data(warning)}");
        foreach (var note in plan.Notes)
            screen.Line($"[dim]note: {Say.Data(note)}[/]");

        if (plan.IsEmpty)
            screen.Line($"Bundle {Say.Data(bundle)}: the server is as it says. Nothing to do.");
        else if (dryRun)
            screen.Line($"Bundle {Say.Data(bundle)}: {Count(plan, keys, done: false)}; nothing was changed (--dry-run).");
        else
            screen.Line($"Bundle {Say.Data(bundle)}: {Count(plan, keys, done: true)}. Every silo decides by it. [dim](version {plan.Version})[/]");
    }

    private static string Count(PlanView plan, List<(string Identity, string File)> keys, bool done)
    {
        var parts = plan.Plan.GroupBy(step => step.Action)
            .Select(group => done ? $"{group.Count()} {group.Key}{(group.Key.EndsWith('e') ? "d" : "ed")}" : $"{group.Count()} to {group.Key}")
            .ToList();
        if (keys.Count > 0)
            parts.Add(keys.Count == 1 ? "1 key" : $"{keys.Count} keys");
        if (plan.Activates is not null)
            parts.Add(done ? "policies activated" : "policies to activate");
        return string.Join(", ", parts);
    }
}

/// <param name="ComparedWith">The version of the store that the plan was computed from.</param>
/// <param name="Warnings">Of the policies: what is allowed and probably not meant.</param>
/// <param name="MissingKeys">Identities that wait for a generated key.</param>
/// <param name="Activates">The policy set that goes in force.</param>
/// <param name="Version">What applying became; null for a dry run.</param>
internal sealed record PlanView(
    ImmutableArray<StepView> Plan,
    ImmutableArray<string> Notes,
    ImmutableArray<string> Warnings,
    ImmutableArray<string> MissingKeys,
    string? Activates,
    long ComparedWith,
    bool Applied,
    long? Version)
{
    public bool IsEmpty => Plan.IsEmpty && MissingKeys.IsEmpty && Activates is null;
}

internal sealed record StepView(string Action, string Kind, string Id, ImmutableArray<string> Changes);
