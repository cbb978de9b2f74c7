using System.Collections.Immutable;
using System.CommandLine;
using Assay.Cli.Admin;
using Assay.Cli.Output;

namespace Assay.Cli.Revoking;

/// <summary><c>introspect</c> and <c>get revocations</c></summary>
internal static class IntrospectCommand
{
    private static readonly Argument<string> Token = new("token") { Description = "The token, whole. '-' reads it from standard input." };
    private static readonly Option<bool> Continuous = new("--continuous") { Description = "Ask policy again, with the state of now." };
    private static readonly Option<int> Limit = new("--limit") { Description = "At most this many, newest first.", DefaultValueFactory = _ => 20 };

    public static Command Create() => Commands
        .Of("introspect", "Whether a token is live, as its API is told, and if not, why. The token is sent to the server.", Token, Continuous)
        .Runs(Introspect)
        .WithExamples("assay token payments-exporter --raw | assay introspect -", "assay introspect - --continuous < token");

    public static Command Revocations() => Commands
        .Of("revocations", "What was ended before its time, newest first.", Limit)
        .Runs(Show)
        .WithExamples("assay get revocations --limit 5");

    private static async Task Introspect(Call call, CancellationToken cancellationToken)
    {
        var token = call.Get(Token) is var text && text == "-" ? Console.In.ReadToEnd().Trim() : text;
        using var api = await call.Admin("evidence.read", cancellationToken);

        var answer = await api.Post("introspect", new { token, continuous = call.Get(Continuous) }, cancellationToken);

        if (call.Screen.IsJson)
        {
            call.Screen.Json(answer.Root);
            return;
        }

        var report = answer.As<IntrospectionView>();
        if (!report.Active)
        {
            call.Screen.Line($"[red]dead[/]: {Because(report.Because)}");
            return;
        }

        call.Screen.Line($"[green]live[/] until {Say.Time(report.ExpiresAt!.Value)} ({Say.When(report.ExpiresAt.Value, call.Now)})");
        call.Screen.Table(["", ""],
        [
            [Say.Dim("client"), Say.Data(report.ClientId)], [Say.Dim("for"), Say.Data(report.Audience)],
            [Say.Dim(call.Get(Continuous) ? "scope now" : "scope"), Say.Data(report.Scope)], [Say.Dim("jti"), Say.Data(report.Jti)], [Say.Dim("signed by"), Say.Data(report.Kid)],
        ]);
    }

    private static string Because(string? reason) => reason switch
    {
        "not-ours" => "no token that a key of this server has signed, or a key that was withdrawn.",
        "expired" => "its time is over.",
        "revoked" => "it was revoked, or something it hangs on was: assay get revocations",
        "other-timeline" => "it was issued in a history of the database that was rolled back.",
        "unrecorded" => "it has no record: it was minted around the controls.",
        "no-longer-granted" => "policy would grant none of its scopes now: assay explain - says why",
        _ => Say.Data(reason ?? "no reason given"),
    };

    private static async Task Show(Call call, CancellationToken cancellationToken)
    {
        var limit = call.Get(Limit);
        if (limit is < 1 or > 1000)
            throw Failure.Usage($"--limit {limit} is not between 1 and 1000.");
        using var api = await call.Admin("evidence.read", cancellationToken);
        var answer = await api.Get($"revocations?limit={limit}", cancellationToken);
        if (call.Screen.IsJson)
        {
            call.Screen.Json(answer.Root);
            return;
        }

        var revocations = answer.As<RevocationList>().Revocations;
        if (revocations.IsEmpty)
            call.Screen.Note("Nothing was revoked.");
        call.Screen.Table(
            ["WHEN", "KIND", "NAME", "ISSUED", "BY", "REASON", "TOKENS"],
            revocations.Select(one => ImmutableArray.Create(
                Say.When(one.At, call.Now),
                Say.Data(one.Kind),
                Say.Data(one.Name),
                one.Since is null && one.Until is null ? "-" : $"{(one.Since is { } since ? Say.Time(since) : "")}..{(one.Until is { } until ? Say.Time(until) : "")}",
                Say.Data(one.Actor),
                Say.Data(one.Reason),
                one.Matters ? "may live" : Say.Dim("all expired"))));
    }
}
