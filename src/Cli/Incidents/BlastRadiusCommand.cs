using System.Collections.Immutable;
using System.CommandLine;
using Assay.Cli.Admin;
using Assay.Cli.Connecting;
using Assay.Cli.Keys;
using Assay.Cli.Output;

namespace Assay.Cli.Incidents;

/// <summary><c>blast-radius</c>: what else hangs on it.</summary>
internal static class BlastRadiusCommand
{
    private const int LookAtOnce = 100_000;
    private const int Shown = 20;

    private static readonly Argument<string> Name = new("name") { Description = "The identity's id, the credential's whole handle, the policy's id or the whole version of a set, the role or team, the key's id or enough of its beginning." };
    private static readonly Option<string?> Since = new("--since") { Description = "Look back so far: a span (30m, 7d) or a moment. Without it, as long as any token lives.", HelpName = "when" };
    private static readonly Option<int> Limit = new("--limit") { Description = "List so many live tokens, 1000 at most.", DefaultValueFactory = _ => Shown };
    private static readonly Option<int> Look = new("--look") { Description = "Look at so many records at most.", DefaultValueFactory = _ => 1_000_000, HelpName = "count" };

    public static Command Create() => Commands.Of(
        "blast-radius",
        "What hangs on one thing: which tokens live and until when, who got them, what they reach, by which credentials and from which addresses.",
        About("identity", "Everything an identity obtained.", "assay blast-radius identity crm-connector --since 7d"),
        About("credential", "Who used a credential, from where, and what for.", "assay blast-radius credential secret-9fQ2"),
        About("policy", "What a policy, or a version of the policy set, had a part in.", "assay blast-radius policy export-payments"),
        About("entitlement", "What was obtained by those who were in a role or team, or in one below it.", "assay blast-radius entitlement payments-writer", "assay blast-radius entitlement team:billing"),
        About("key", "What a signing key signed.", "assay blast-radius key 8Jr2"));

    private static Command About(string kind, string description, params string[] examples) =>
        Commands.Of(kind, description, Name, Since, Limit, Look).Runs((call, cancellationToken) => Run(call, kind, cancellationToken)).WithExamples(examples);

    private static async Task Run(Call call, string kind, CancellationToken cancellationToken)
    {
        var (name, limit, look) = (call.Get(Name), call.Get(Limit), call.Get(Look));
        if (limit is < 1 or > 1000)
            throw Failure.Usage($"--limit {limit} is not between 1 and 1000.");
        if (look < 1)
            throw Failure.Usage($"--look {look} is not a number of records.");
        var since = Moment.SinceFrom(call.Get(Since), call.Now, "--since");
        using var api = await call.Admin(kind == "key" ? "evidence.read key.read" : "evidence.read", cancellationToken);
        name = kind switch
        {
            "key" => KeysCommand.Find((await api.Get("keys?purpose=access-token", cancellationToken)).As<KeyList>().Keys, name).Kid,
            "entitlement" => GroupName.ToUid(name),
            _ => name,
        };

        var query = $"blast-radius?kind={kind}&name={Uri.EscapeDataString(name)}&limit={limit}";
        if (since is { } from)
            query += $"&since={Uri.EscapeDataString(from.UtcDateTime.ToString("O"))}";
        BlastRadiusView? radius = null;
        do
        {
            var left = look - (radius?.LookedAt ?? 0);
            var part = (await api.Get($"{query}&look={Math.Min(left, LookAtOnce)}{(radius?.Next is { } next ? $"&before={Uri.EscapeDataString(next)}" : "")}", cancellationToken)).As<BlastRadiusView>();
            radius = radius is null ? part : RadiusParts.Together(radius, part, limit);
        }
        while (radius.Next is not null && radius.LookedAt < look);

        if (call.Screen.IsJson)
            call.Screen.Json(radius);
        else
            Show(call, radius);
    }

    private static void Show(Call call, BlastRadiusView radius)
    {
        var (screen, total) = (call.Screen, radius.Total);
        var name = radius.Kind == "entitlement" ? Say.Group(radius.Name) : radius.Name;
        screen.Line($"[bold]{Say.Data(radius.Kind)} {Say.Data(name)}[/], since {Say.Time(radius.Since)}");
        screen.Line(total.Live == 0
            ? $"No live token. {Say.Count(total.Tokens, "token", "tokens")} in that time, {Say.Count(total.Refused, "refused request", "refused requests")}."
            : $"[bold red]{Say.Count(total.Live, "live token", "live tokens")}[/], the last until {Say.Time(total.LiveUntil!.Value)} ({Say.When(total.LiveUntil.Value, call.Now)}). "
                + $"{Say.Count(total.Tokens, "token", "tokens")} in that time, {Say.Count(total.Refused, "refused request", "refused requests")}.");
        if (radius.Next is not null)
            screen.Line($"[yellow]{Say.Count(radius.LookedAt, "record was", "records were")} looked at, back to {Say.Time(radius.ReachedBackTo ?? radius.At)}; there may be more before: --look.[/]");
        if (radius.Damaged > 0)
            screen.Line($"[yellow]{Say.Count(radius.Damaged, "record", "records")} could not be read: assay evidence verify.[/]");
        if (radius.LeftOut > 0)
            screen.Line($"[yellow]{Say.Count(radius.LeftOut, "decision is", "decisions are")} in the totals and, for want of room, not in the tables.[/]");

        Rows(call, "IDENTITIES", "IDENTITY", radius.Identities, row => row.State is "enabled" or null ? "" : $"[red]{Say.Data(row.State)}[/]");
        Rows(call, "CREDENTIALS", "HANDLE", radius.Credentials, _ => "");
        Rows(call, "ADDRESSES", "ADDRESS", radius.Addresses, _ => "");
        Rows(call, "RESOURCES", "RESOURCE", radius.Resources, row => Say.Data(Say.List(row.Scopes)));
        if (radius.Tokens.IsEmpty)
            return;

        screen.Heading("LIVE TOKENS");
        screen.Table(
            ["JTI", "IDENTITY", "FOR", "GRANTED", "ADDRESS", "ISSUED", "EXPIRES"],
            radius.Tokens.Select(token => ImmutableArray.Create(
                Say.Data(token.Jti), Say.Data(token.Identity), Say.Data(token.Resource), Say.Data(Say.List(token.Scopes)), Say.Data(token.Address ?? "-"),
                Say.When(token.IssuedAt, call.Now), Say.When(token.ExpiresAt, call.Now))),
            indent: 2);
        if (total.Live > radius.Tokens.Length)
            screen.Line($"  [dim]and {Say.Number(total.Live - radius.Tokens.Length)} more[/]");
    }

    private static void Rows(Call call, string heading, string name, ImmutableArray<ReachView> rows, Func<ReachView, string> more)
    {
        if (rows.IsEmpty)
            return;

        call.Screen.Heading(heading);
        call.Screen.Table(
            [name, "LIVE", "UNTIL", "TOKENS", "REFUSED", "FIRST", "LAST", " "],
            rows.Take(Shown).Select(row => ImmutableArray.Create(
                Say.Data(row.Name),
                row.Live == 0 ? "-" : $"[red]{Say.Number(row.Live)}[/]",
                row.LiveUntil is { } end ? Say.When(end, call.Now) : "-",
                Say.Number(row.Tokens),
                row.Refused == 0 ? "-" : Say.Number(row.Refused),
                row.First is { } first ? Say.When(first, call.Now) : "-",
                row.Last is { } last ? Say.When(last, call.Now) : "-",
                more(row))),
            indent: 2);
        if (rows.Length > Shown)
            call.Screen.Line($"  [dim]and {Say.Number(rows.Length - Shown)} more: --output json[/]");
    }
}
