using System.Collections.Immutable;
using System.Globalization;
using Assay.Cli.Output;

namespace Assay.Cli.Policies;

/// <summary>A replay's report for people.</summary>
internal static class ReplayScreen
{
    private const int MostShown = 20;

    private static readonly ImmutableArray<string> Order = ["lost", "stepUp", "gained", "shorter", "longer"];

    public static void Show(Screen screen, ReplayReportView report, bool all)
    {
        screen.Line($"[bold]{Say.Data(report.Domain)}[/] by candidate [bold]{Say.Data(Say.Short(report.Candidate))}[/], {Say.Time(report.Since)} to {Say.Time(report.Until)}");
        screen.Line(
            $"{Say.Count(report.Decided, "decision", "decisions")} made again in {Say.Span(TimeSpan.FromSeconds(report.ElapsedSeconds))}: {Say.Number(report.Changed)} come out otherwise" +
            (report.OtherReason > 0 ? $", {Say.Number(report.OtherReason)} withhold the same for another reason." : "."));
        if (report.Decided == 0)
            screen.Note("No decision of that time and domain is recorded.");
        else if (report.LimitReached)
            screen.Note($"Only the newest {Say.Number(report.Decided)} decisions were made again, back to {Say.Time(report.First ?? report.Since)}: the limit was reached.");

        if (report.Changed > 0)
            Changes(screen, report, all);
        LeftOut(screen, report.LeftOut);
        if (report.Verification is { } verification)
            Verified(screen, verification);
    }

    private static void Changes(Screen screen, ReplayReportView report, bool all)
    {
        screen.Line();
        screen.Table(
            ["CHANGE", "IDENTITIES", "DECISIONS"],
            report.Totals.Where(total => total.Decisions > 0).Select(total => ImmutableArray.Create(
                Colored(total.Kind, Word(total.Kind)), $"{(report.ChangesLeftOut > 0 ? "at least " : "")}{Say.Number(total.Identities)}", Say.Number(total.Decisions))));
        screen.Heading("Who");
        var rows = report.Changes.OrderBy(change => Order.IndexOf(change.Kind)).ThenByDescending(change => change.Decisions).ToArray();
        screen.Table(
            ["CHANGE", "IDENTITY", "RESOURCE", "SCOPE", "DECISIONS", "FIRST", "LAST", "LAST RECORD"],
            rows.Take(all ? rows.Length : MostShown).Select(change => ImmutableArray.Create(
                Colored(change.Kind, How(change)),
                Say.Data(change.Identity),
                Say.Data(change.Resource),
                Say.Data(change.Scope ?? "-"),
                Say.Number(change.Decisions),
                Say.Time(change.First),
                Say.Time(change.Last),
                Say.Data(change.Example))));
        if (!all && rows.Length > MostShown)
            screen.Line($"[dim]… and {Say.Number(rows.Length - MostShown)} more; --all shows them.[/]");
        if (report.ChangesLeftOut > 0)
            screen.Note($"The report is full: {Say.Number(report.ChangesLeftOut)} further changes of decisions are in no row. Replay a shorter time.");
    }

    private static void LeftOut(Screen screen, LeftOutView leftOut)
    {
        if (leftOut.Count == 0)
            return;
        screen.Heading($"Left out: {Say.Count(leftOut.Count, "record", "records")} that could not be decided again");
        screen.Table(
            ["REASON", "RECORD", "WHEN", "DETAIL"],
            leftOut.Records.Select(record => ImmutableArray.Create(
                $"[yellow]{Say.Data(record.Reason)}[/]", Say.Data(record.Id ?? record.Place ?? "-"), record.Time is { } time ? Say.Time(time) : "-", Say.Data(record.Detail))));
        if (leftOut.Count > leftOut.Records.Length)
            screen.Line($"[dim]The first {leftOut.Records.Length} are named.[/]");
    }

    private static void Verified(Screen screen, VerificationView verification)
    {
        screen.Heading("Decided again by the policies of their records");
        screen.Line(
            $"{Say.Count(verification.Checked, "decision", "decisions")} checked: " +
            (verification.Differing == 0 ? "[green]each as it was recorded.[/]" : $"[red]{Say.Count(verification.Differing, "differs", "differ")} from its own record.[/]") +
            (verification.NotChecked > 0 ? $" {Say.Number(verification.NotChecked)} not checked." : ""));
        screen.Table(
            ["", "RECORD", "IDENTITY", "WHEN", "DETAIL"],
            verification.DifferingRecords.Select(record => Row("[red]differs from its own record[/]", record))
                .Concat(verification.NotCheckedRecords.Select(record => Row("[yellow]not checked[/]", record))));
    }

    private static ImmutableArray<string> Row(string what, VerifiedRecordView record) =>
        [what, Say.Data(record.Id), Say.Data(record.Identity), Say.Time(record.Time), Say.Data(record.Detail)];

    private static string How(ReplayChangeView change) => change.Kind switch
    {
        "lost" => $"loses: {change.After}",
        "stepUp" => $"needs {Say.List(change.StepUp)}",
        "gained" => "gains",
        _ => $"{Word(change.Kind)}: {Say.Span(TimeSpan.FromSeconds(change.LifeBeforeSeconds))} → {Say.Span(TimeSpan.FromSeconds(change.LifeAfterSeconds))}",
    };

    private static string Word(string kind) => kind switch
    {
        "lost" => "loses",
        "stepUp" => "needs a verification",
        "gained" => "gains",
        "shorter" => "shorter lives",
        "longer" => "longer lives",
        _ => kind,
    };

    private static string Colored(string kind, string text) => kind switch
    {
        "lost" => $"[red]{Say.Data(text)}[/]",
        "gained" => $"[green]{Say.Data(text)}[/]",
        _ => $"[yellow]{Say.Data(text)}[/]",
    };
}

/// <summary>How far a replay has come, in words.</summary>
internal readonly record struct ReplayProgressRange(DateTimeOffset Since, DateTimeOffset Until)
{
    public string Say(ReplayProgressView progress)
    {
        var share = Math.Clamp((Until - progress.ReachedBackTo) / (Until - Since), 0, 1);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{progress.Decided:N0} decisions made again, {progress.Read:N0} records read, back to {Output.Say.Time(progress.ReachedBackTo)} ({share:P0} of the time), {Output.Say.Span(TimeSpan.FromSeconds(progress.ElapsedSeconds))}");
    }
}

internal sealed record ReplayLineView(ReplayProgressView? Progress, ReplayReportView? Report, string? Fault);

internal sealed record ReplayProgressView(long Read, long Decided, DateTimeOffset ReachedBackTo, double ElapsedSeconds);

internal sealed record ReplayReportView(
    string Domain,
    string Candidate,
    DateTimeOffset Since,
    DateTimeOffset Until,
    bool LimitReached,
    long Decided,
    long Changed,
    long OtherReason,
    DateTimeOffset? First,
    LeftOutView LeftOut,
    ImmutableArray<ReplayTotalView> Totals,
    ImmutableArray<ReplayChangeView> Changes,
    long ChangesLeftOut,
    VerificationView? Verification,
    double ElapsedSeconds);

internal sealed record ReplayTotalView(string Kind, long Decisions, long Identities);

internal sealed record ReplayChangeView(
    string Kind,
    string Identity,
    string Resource,
    string? Scope,
    string? After,
    ImmutableArray<string> StepUp,
    int LifeBeforeSeconds,
    int LifeAfterSeconds,
    long Decisions,
    DateTimeOffset First,
    DateTimeOffset Last,
    string Example);

internal sealed record LeftOutView(long Count, ImmutableArray<LeftOutRecordView> Records);

internal sealed record LeftOutRecordView(string? Id, string? Place, DateTimeOffset? Time, string Reason, string Detail);

internal sealed record VerificationView(
    long Checked, long Differing, long NotChecked, ImmutableArray<VerifiedRecordView> DifferingRecords, ImmutableArray<VerifiedRecordView> NotCheckedRecords);

internal sealed record VerifiedRecordView(string Id, DateTimeOffset Time, string Identity, string Detail);
