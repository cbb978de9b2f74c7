using System.Collections.Immutable;
using System.CommandLine;
using Assay.Cli.Admin;
using Assay.Cli.Output;

namespace Assay.Cli.Policies;

/// <summary><c>get policies</c>, <c>policy list</c>: the sets of each domain, or one set's text.</summary>
internal static class PolicyViews
{
    private static readonly Argument<string?> Version = new("version") { Description = "Show the text of this one; enough of its beginning will do.", Arity = ArgumentArity.ZeroOrOne };

    public static Command Create() => Commands
        .Of("policies", "Policy sets: which is in force, which were, which are stored.", Version)
        .Runs(Run)
        .WithExamples("assay get policies", "assay get policies 3f9a02");

    public static async Task Run(Call call, CancellationToken cancellationToken)
    {
        using var api = await call.Admin("policy.read", cancellationToken);
        var domains = await api.Get("policies", cancellationToken);
        if (call.Get(Version) is { } wanted)
        {
            var (_, version) = Find(domains.As<PolicyDomainList>(), wanted, null);
            var content = await api.Get($"policies/{version}", cancellationToken);
            if (call.Screen.IsJson)
                call.Screen.Json(content.Root);
            else
                Show(call.Screen, content.As<PolicyContentView>());
        }
        else if (call.Screen.IsJson)
        {
            call.Screen.Json(domains.Root);
        }
        else
        {
            Show(call.Screen, domains.As<PolicyDomainList>());
        }
    }

    /// <summary>The one stored version that begins with what was typed.</summary>
    public static (string Domain, string Version) Find(PolicyDomainList list, string wanted, string? domain)
    {
        var found = list.Domains
            .Where(candidate => domain is null || candidate.Domain == domain)
            .SelectMany(candidate => candidate.Versions
                .Where(version => version.Version.StartsWith(wanted, StringComparison.Ordinal))
                .Select(version => (candidate.Domain, version.Version)))
            .ToArray();
        return found switch
        {
            [var one] => one,
            [] => throw new Failure(ExitCode.Failed, $"No stored policy set begins with '{wanted}'.", "assay policy list shows them."),
            _ => throw new Failure(ExitCode.Failed, $"{found.Length} policy sets begin with '{wanted}'.", "Type more of it, or name the --domain.", [.. found.Select(one => $"{one.Version} ({one.Domain})")]),
        };
    }

    private static void Show(Screen screen, PolicyDomainList list) => screen.Table(
        ["DOMAIN", "VERSION", "POLICIES", "STATE"],
        list.Domains.SelectMany(domain => domain.Versions.Select(version => ImmutableArray.Create(
            Say.Data(domain.Domain),
            Say.Data(Say.Short(version.Version)),
            $"{version.Policies}",
            version.Version == domain.Active ? $"[green]in force[/] since version {domain.ActiveSince}"
                : domain.Previous.FirstOrDefault() == version.Version ? "[dim]before; a rollback goes here[/]"
                : domain.Shadow == version.Version ? "[yellow]shadow[/]"
                : "[dim]stored[/]"))));

    private static void Show(Screen screen, PolicyContentView set)
    {
        screen.Line($"[bold]{Say.Data(set.Domain)}[/] {Say.Data(set.Version)}{(set.Active ? " [green]in force[/]" : "")}");
        foreach (var file in set.Files)
        {
            screen.Heading(Say.Data(file.Path));
            screen.Source(file.Text.TrimEnd(), "default", 0);
        }

        foreach (var (path, text) in (ReadOnlySpan<(string, string?)>)[("schema.cedarschema", set.Schema), ("apis.cedarschema", set.Actions)])
        {
            if (text is null)
                continue;
            screen.Heading(path);
            screen.Source(text.TrimEnd(), "default", 0);
        }

        if (!set.Links.IsDefaultOrEmpty)
        {
            screen.Heading("links.yaml");
            screen.Table(
                ["POLICY", "TEMPLATE", "PRINCIPAL", "RESOURCE"],
                set.Links.Select(link => ImmutableArray.Create(Say.Data(link.Id), Say.Data(link.Template), Say.Data(link.Principal ?? ""), Say.Data(link.Resource ?? ""))));
        }

        if (!set.Tests.IsDefaultOrEmpty)
            screen.Line($"[dim]with {set.Tests.Length} test {(set.Tests.Length == 1 ? "file" : "files")}[/]");
    }
}
