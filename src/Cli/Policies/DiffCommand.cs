using System.CommandLine;
using Assay.Bundle;
using Assay.Cli.Admin;
using Assay.Cli.Output;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Replay;

namespace Assay.Cli.Policies;

/// <summary><c>policy diff</c>: what the policies of a bundle say otherwise than those in force, and who would notice.</summary>
internal static class DiffCommand
{
    private const string Active = "active";

    // The cluster's defaults; what a server is set to is not known here.
    private static readonly TimeSpan DefaultLifetime = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan MaxLifetime = TimeSpan.FromMinutes(15);

    private static readonly Argument<string> Folder = new("bundle") { Description = "The bundle's folder." };

    private static readonly Option<string> Against = new("--against")
    {
        Description = "What it is compared with: active (the set in force), a stored version, or the folder of another bundle, for which no server is asked.",
        HelpName = "active|version|folder",
        DefaultValueFactory = _ => Active,
    };

    private static readonly Option<int> Limit = new("--limit") { Description = "At most this many of the server's identities.", DefaultValueFactory = _ => 1_000 };
    private static readonly Option<bool> HasExitCode = new("--exit-code") { Description = "Exit with 1 when a policy or a decision differs." };

    static DiffCommand() => Limit.Validators.Add(result =>
    {
        if (result.GetValueOrDefault<int>() is < 1 or > 100_000)
            result.AddError("--limit must be between 1 and 100000.");
    });

    public static Command Create() => Commands
        .Of(
            "diff",
            "Compares the policies of a bundle with those in force: policy by policy, and by what they decide about every identity, API and scope in a few standard situations. Changes nothing.",
            Folder,
            Against,
            Limit,
            HasExitCode)
        .Runs(Run)
        .WithExamples("assay policy diff samples/quickstart", "assay policy diff ./bundle --against 3f9a02", "assay policy diff ./bundle --against ../main/bundle --exit-code");

    private static async Task Run(Call call, CancellationToken cancellationToken)
    {
        var folder = call.Get(Folder);
        var reading = LocalBundle.Read(folder, "nothing was compared");
        var candidate = LocalBundle.Policies(reading, folder);
        var world = StandaloneRegistry.Of(reading.Declarations!);
        var against = call.Get(Against)!;
        var compared = Directory.Exists(against)
            ? OfFolder(against, world)
            : await OfServer(call, against, world, cancellationToken);

        var policies = PolicySetDifference.Between(compared.Before, candidate);
        var decisions = DecisionSurvey.Compare(
            compared.Before, candidate, compared.Directory, compared.Identities.OrderBy(identity => identity.Id, StringComparer.Ordinal), call.Now, DefaultLifetime, MaxLifetime);
        if (call.Screen.IsJson)
            call.Screen.Json(DiffView.Of(compared, candidate, policies, decisions));
        else
            new DiffScreen(call.Screen).Show(compared, folder, candidate, policies, decisions);
        if (call.Get(HasExitCode) && !(policies.IsEmpty && decisions.Changes.IsEmpty))
            throw new Failure(ExitCode.Failed, $"{folder} differs from {compared.Name}.");
    }

    private static Comparison OfFolder(string folder, StandaloneRegistry bundle)
    {
        var before = LocalBundle.Policies(LocalBundle.Read(folder, "nothing was compared"), folder);
        return new Comparison(folder, before.Version, before, bundle.Directory, [.. bundle.Identities.Values], true);
    }

    private static async Task<Comparison> OfServer(Call call, string against, StandaloneRegistry bundle, CancellationToken cancellationToken)
    {
        using var api = await call.Admin($"policy.read {ServerRegistry.Scopes}", cancellationToken);
        var domains = (await api.Get("policies", cancellationToken)).As<PolicyDomainList>();
        var version = against == Active
            ? domains.Domains.FirstOrDefault(domain => domain.Domain == PolicyDomains.Tokens)?.Active
            : PolicyViews.Find(domains, against, PolicyDomains.Tokens).Version;
        var before = version is null ? LoadedPolicySet.LoadStored(new PolicyDocument([], null)).Set! : await Stored(api, version, cancellationToken);
        var server = await ServerRegistry.Read(api, call.Get(Limit), cancellationToken);

        // What is on the server is as it is there; what only the bundle declares is as it would be.
        var directory = DirectorySnapshot.Of(
            server.Groups.UnionBy(bundle.Directory.Groups, group => group.Uid),
            server.Apis.UnionBy(bundle.Directory.Apis, known => DirectorySnapshot.Normalize(known.Resource), StringComparer.Ordinal));
        var name = version is null ? "nothing in force" : $"{(against == Active ? "in force: " : "")}{Say.Short(version)}";
        return new Comparison(name, version, before, directory, [.. server.Identities.UnionBy(bundle.Identities.Values, identity => identity.Id, StringComparer.Ordinal)], server.IsComplete);
    }

    private static async Task<LoadedPolicySet> Stored(AdminApi api, string version, CancellationToken cancellationToken)
    {
        var content = (await api.Get($"policies/{version}", cancellationToken)).As<PolicyContentView>();
        var loaded = LoadedPolicySet.LoadStored(content.Document());
        return loaded.Set ?? throw new Failure(
            ExitCode.Failed, $"The stored set {Say.Short(version)} is refused by this version of the CLI.", "Is the CLI as new as the server?", [.. loaded.Faults.Select(fault => fault.ToString())]);
    }

    /// <summary>What the candidate is compared with, and whom both are asked about.</summary>
    /// <param name="Name">For people.</param>
    /// <param name="Version">What it is stored as, which also names its tests; null when there is nothing.</param>
    /// <param name="IsComplete">False when the server has more identities than were read.</param>
    internal sealed record Comparison(string Name, string? Version, LoadedPolicySet Before, DirectorySnapshot Directory, IReadOnlyList<Identity> Identities, bool IsComplete);
}
