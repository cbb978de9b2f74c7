using System.Collections.Immutable;
using System.CommandLine;
using System.Text.RegularExpressions;
using Assay.Cli.Admin;
using Assay.Cli.Connecting;
using Assay.Cli.Output;

namespace Assay.Cli.Evidence;

/// <summary><c>get evidence</c>: the newest decisions, of all or of one identity or credential.</summary>
internal static partial class EvidenceViews
{
    private static readonly Option<string?> Identity = new("--identity") { Description = "Only decisions about this identity.", HelpName = "id" };
    private static readonly Option<string?> Credential = new("--credential") { Description = "Only what this credential asked for, by its whole handle.", HelpName = "handle" };
    private static readonly Option<string?> Resource = new("--resource") { Description = "Only decisions about this API.", HelpName = "uri" };
    private static readonly Option<string?> Kind = new("--kind") { Description = "Only records of this kind: permit, denial, refusal or admin.", HelpName = "kind" };
    private static readonly Option<string?> Policy = new("--policy") { Description = "Only decisions that this policy had a part in, by its id; or that a policy set took, by its whole version.", HelpName = "id" };
    private static readonly Option<string?> Outcome = new("--outcome") { Description = "Only decisions with a scope of this outcome (granted, noPermit, forbidden, stepUpRequired, …), or refused for that (identityDisabled, …).", HelpName = "outcome" };
    private static readonly Option<string?> Ip = new("--ip") { Description = "Only requests from this address.", HelpName = "address" };
    private static readonly Option<string?> Until = new("--until") { Description = "Only older ones: a span ago or a moment.", HelpName = "when" };
    private static readonly Option<int?> Look = new("--look") { Description = "How many records to look at for these, 100000 at most; 20000 when not given.", HelpName = "count" };
    private static readonly Option<string?> Before = new("--before") { Description = "Go on where an earlier answer ended; it says where.", HelpName = "place" };
    private static readonly Option<string?> Since = new("--since") { Description = "Only newer ones: a span (30m, 2d) or a moment.", HelpName = "when" };
    private static readonly Option<int> Limit = new("--limit") { Description = "At most this many, newest first.", DefaultValueFactory = _ => 20 };

    public static Command Create() => Of("evidence");

    /// <param name="name"><c>get evidence</c>, and <c>evidence search</c>.</param>
    public static Command Of(string name) => Commands
        .Of(name, "Decisions as they were recorded, newest first: permits, denials, and what administrators did.", Identity, Credential, Policy, Resource, Kind, Outcome, Ip, Since, Until, Limit, Look, Before)
        .Runs(Run)
        .WithExamples("assay get evidence --limit 5", "assay get evidence --identity payments-exporter --since 1h", "assay evidence search --policy no-change-at-raised-risk --outcome forbidden --since 2d", "assay explain <id>    tells everything about one of them");

    private static async Task Run(Call call, CancellationToken cancellationToken)
    {
        var limit = call.Get(Limit);
        if (limit is < 1 or > 1000)
            throw Failure.Usage($"--limit {limit} is not between 1 and 1000.");
        var query = $"evidence?limit={limit}";
        if (call.Get(Identity) is { } identity)
            query += $"&identity={Uri.EscapeDataString(identity)}";
        if (call.Get(Credential) is { } credential)
            query += $"&credential={Uri.EscapeDataString(credential)}";
        if (call.Get(Resource) is { } resource)
            query += $"&resource={Uri.EscapeDataString(resource)}";
        if (call.Get(Kind) is { } kind)
            query += $"&kind={Uri.EscapeDataString(kind)}";
        if (Moment.SinceFrom(call.Get(Since), call.Now, "--since") is { } since)
            query += $"&since={Uri.EscapeDataString(since.UtcDateTime.ToString("O"))}";
        if (Moment.SinceFrom(call.Get(Until), call.Now, "--until") is { } until)
            query += $"&until={Uri.EscapeDataString(until.UtcDateTime.ToString("O"))}";
        foreach (var (name, option) in new[] { ("policy", Policy), ("outcome", Outcome), ("ip", Ip), ("before", Before) })
        {
            if (call.Get(option) is { } value)
                query += $"&{name}={Uri.EscapeDataString(value)}";
        }

        if (call.Get(Look) is { } look)
            query += $"&look={look.ToString(System.Globalization.CultureInfo.InvariantCulture)}";
        using var api = await call.Admin("evidence.read", cancellationToken);

        var answer = await api.Get(query, cancellationToken);

        if (call.Screen.IsJson)
        {
            call.Screen.Json(answer.Root);
            return;
        }

        var list = answer.As<EvidenceList>();
        var records = list.Records;
        if (records.IsEmpty)
            call.Screen.Note("No such records.");
        if (list.LookedBackTo is { } back)
            call.Screen.Note($"Only records since {Say.Time(back)} were looked through; there may be more before. Go on with --before {list.Next}, or look at more with --look.");
        call.Screen.Table(
            ["WHEN", "KIND", "IDENTITY", "FOR", "GRANTED", "WITHHELD", "ID"],
            records.Select(record => ImmutableArray.Create(
                Say.When(record.Time, call.Now),
                KindOf(record),
                Say.Data(record.Identity ?? "-"),
                Say.Data(record.Kind == "admin" ? Hashes().Replace($"{record.Action} {record.Target}", hash => Say.Short(hash.Value)) : record.Resource is { Length: > 0 } target ? target : "-"),
                Say.Data(record.Kind == "admin" ? "" : Say.List(record.Granted)),
                Say.Data(record.Kind == "admin" ? "" : Say.List(record.Requested.Except(record.Granted))),
                Say.Data(record.Id))));
    }

    private static string KindOf(RecordView record) => record.Kind switch
    {
        "permit" => "[green]permit[/]",
        "denial" => $"[yellow]denial[/]{Because(record)}",
        "refusal" => $"[yellow]refusal[/]{Because(record)}",
        var other => Say.Dim(other),
    };

    private static string Because(RecordView record) => record.Error is { } error ? $" {Say.Data(error)}" : "";

    [GeneratedRegex("[0-9a-f]{64}")]
    private static partial Regex Hashes();
}
