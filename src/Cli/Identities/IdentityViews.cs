using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using Assay.Cli.Admin;
using Assay.Cli.Output;

namespace Assay.Cli.Identities;

/// <summary><c>get identities</c>: all of them in a table, or one in full.</summary>
internal static class IdentityViews
{
    private static readonly Argument<string?> Id = new("id") { Description = "Show this one in full.", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<int> Limit = new("--limit") { Description = "At most this many.", DefaultValueFactory = _ => 500 };

    public static Command Create() => Commands
        .Of("identities", "Identities: owner, groups, credentials, risk, and whether they are disabled.", Id, Limit)
        .Runs(Run)
        .WithExamples("assay get identities", "assay get identities payments-exporter", "assay get identities --output json | jq -r '.identities[].id'");

    private static async Task Run(Call call, CancellationToken cancellationToken)
    {
        using var api = await call.Admin("identity.read", cancellationToken);
        if (call.Get(Id) is { } id)
        {
            var one = await api.Get($"identities/{Uri.EscapeDataString(id)}", cancellationToken);
            if (call.Screen.IsJson)
                call.Screen.Json(one.Root);
            else
                Show(call, one.As<IdentityView>());
            return;
        }

        var limit = call.Get(Limit);
        if (limit is < 1 or > 100_000)
            throw Failure.Usage($"--limit {limit} is not between 1 and 100000.");

        var found = new List<IdentityView>();
        var raw = new List<JsonElement>();
        for (string? after = null; ;)
        {
            var page = await api.Get($"identities?limit={Math.Min(limit - found.Count, 500)}{(after is null ? "" : $"&after={Uri.EscapeDataString(after)}")}", cancellationToken);
            var list = page.As<IdentityList>();
            found.AddRange(list.Identities);
            raw.AddRange(page.Root.GetProperty("identities").EnumerateArray());
            after = list.Next;
            if (after is null || list.Identities.IsEmpty || found.Count >= limit)
                break;
        }

        if (call.Screen.IsJson)
            call.Screen.Json(new { identities = raw });
        else
            Show(call, found);
    }

    private static void Show(Call call, List<IdentityView> identities)
    {
        if (identities.Count == 0)
        {
            call.Screen.Note("No identities. Declare some in a bundle: assay apply -f <folder>");
            return;
        }

        call.Screen.Table(
            ["IDENTITY", "KIND", "OWNER", "GROUPS", "CREDENTIALS", "RISK", "STATE", "MANAGED BY"],
            identities.Select(identity => ImmutableArray.Create(
                Say.Data(identity.Id),
                Say.Data(identity.Kind),
                Say.Data(identity.Owner ?? "-"),
                Say.Data(Say.List(identity.Memberships.Where(member => IsLive(member, call.Now)).Select(member => Say.Group(member.Group)))),
                Credentials(identity, call.Now),
                Risk(identity.Risk),
                identity.DisabledAt is null ? "enabled" : "[red]disabled[/]",
                Say.Dim(identity.ManagedBy ?? "-"))));
    }

    private static void Show(Call call, IdentityView identity)
    {
        var screen = call.Screen;
        screen.Line($"[bold]{Say.Data(identity.Id)}[/]{(identity.Name is { } name ? $"  {Say.Data(name)}" : "")}");
        screen.Table(["", ""], Facts(identity, call.Now), indent: 2);

        screen.Heading("CREDENTIALS");
        screen.Table(
            ["HANDLE", "KIND", "CREATED", "EXPIRES", "STATE", "MANAGED BY"],
            identity.Credentials.Select(credential => ImmutableArray.Create(
                Say.Data(credential.Handle),
                Say.Data(credential.Kind),
                Say.Time(credential.CreatedAt),
                credential.ExpiresAt is { } end ? Say.Time(end) : "-",
                credential.RevokedAt is { } at ? $"[red]revoked {Say.When(at, call.Now)}[/]" : credential.FrozenAt is { } frozen ? $"[red]contained {Say.When(frozen, call.Now)}[/]" : credential.ExpiresAt <= call.Now ? "[yellow]expired[/]" : "live",
                Say.Dim(credential.ManagedBy ?? "-"))),
            indent: 2);
        if (identity.Credentials.IsEmpty)
            screen.Line("  none: it cannot get tokens. assay credential add gives it one.");

        screen.Heading("GROUPS");
        screen.Table(
            ["GROUP", "EXPIRES", "STATE", "MANAGED BY"],
            identity.Memberships.Select(member => ImmutableArray.Create(
                Say.Data(Say.Group(member.Group)),
                member.ExpiresAt is { } end ? $"{Say.Time(end)} ({Say.When(end, call.Now)})" : "-",
                member.RemovedAt is not null ? "[red]removed[/]" : member.ExpiresAt <= call.Now ? "[yellow]expired[/]" : "live",
                Say.Dim(member.ManagedBy ?? "-"))),
            indent: 2);
        if (identity.Memberships.IsEmpty)
            screen.Line("  none");

        screen.Heading("RISK");
        screen.Line($"  {Risk(identity.Risk)}");
        screen.Table(
            ["SIGNAL", "SOURCE", "WEIGHT", "RAISED", "HALF-LIFE", "EXPIRES"],
            identity.Signals.Select(signal => ImmutableArray.Create(
                Say.Data(signal.Name),
                Say.Data(signal.Source),
                signal.Weight.ToString(System.Globalization.CultureInfo.InvariantCulture),
                Say.When(signal.RaisedAt, call.Now),
                Say.Data(signal.HalfLife ?? "-"),
                signal.ExpiresAt is { } end ? Say.When(end, call.Now) : "-")),
            indent: 2);
    }

    private static IEnumerable<ImmutableArray<string>> Facts(IdentityView identity, DateTimeOffset now)
    {
        yield return ["kind", Say.Data(identity.Kind)];
        yield return ["state", identity.DisabledAt is { } at ? $"[red]disabled[/] {Say.When(at, now)}: {Say.Data(identity.DisabledReason)}" : "enabled"];
        if (identity.Owner is { } owner)
            yield return ["owner", Say.Data(owner)];
        yield return ["managed by", identity.ManagedBy is { } bundle ? $"bundle {Say.Data(bundle)}" : "the admin API"];
        yield return ["grant types", Say.Data(Say.List(identity.GrantTypes))];
        if (identity.DefaultResource is { } resource)
            yield return ["default resource", Say.Data(resource)];
        if (identity.RequestsPerSecond is { } limit)
            yield return ["limit", $"{limit} requests/s"];
        if (identity.Attributes is { ValueKind: JsonValueKind.Object } attributes)
        {
            foreach (var attribute in attributes.EnumerateObject())
                yield return [Say.Data($"attribute {attribute.Name}"), Say.Data(attribute.Value.GetRawText())];
        }

        yield return ["version", $"{identity.Number}"];
    }

    private static string Credentials(IdentityView identity, DateTimeOffset now)
    {
        var live = identity.Credentials.Where(credential => credential is { RevokedAt: null, FrozenAt: null } && !(credential.ExpiresAt <= now)).ToArray();
        var keys = live.Count(credential => credential.Kind == "publicKey");
        var secrets = live.Length - keys;
        return (keys, secrets) switch
        {
            (0, 0) => "[yellow]none[/]",
            (_, 0) => keys == 1 ? "key" : $"{keys} keys",
            (0, _) => secrets == 1 ? "secret" : $"{secrets} secrets",
            _ => $"{keys} key, {secrets} secret",
        };
    }

    private static bool IsLive(MembershipView member, DateTimeOffset now) => member.RemovedAt is null && !(member.ExpiresAt <= now);

    internal static string Risk(RiskView risk)
    {
        var color = risk.Level switch { "critical" or "high" => "red", "medium" => "yellow", _ => "green" };
        var signals = risk.Signals.IsEmpty ? "" : $" ({Say.Data(string.Join(", ", risk.Signals))})";
        return $"[{color}]{risk.Score} {Say.Data(risk.Level)}[/]{signals}";
    }
}
