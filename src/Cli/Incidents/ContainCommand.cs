using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using Assay.Cli.Admin;
using Assay.Cli.Keys;
using Assay.Cli.Output;

namespace Assay.Cli.Incidents;

/// <summary><c>contain</c> and <c>get containments</c></summary>
internal static class ContainCommand
{
    private static readonly Argument<string> Identity = new("identity") { Description = "The identity's id." };
    private static readonly Argument<string> Credential = new("handle") { Description = "The credential's whole handle (get identities <id>, blast-radius and explain show it)." };
    private static readonly Argument<string> Key = new("kid") { Description = "The signing key's id, or enough of its beginning." };
    private static readonly Argument<long> Act = new("act") { Description = "The number of the act (contain says it; get containments lists them)." };
    private static readonly Option<string> Reason = new("--reason") { Description = "Why, for the record.", HelpName = "text", Required = true };
    private static readonly Option<int> Limit = new("--limit") { Description = "At most this many, newest first.", DefaultValueFactory = _ => 20 };

    public static Command Create() => Commands.Of(
        "contain",
        "Cuts something off by one act: out of use, its tokens dead on every silo, one record of all of it. Undoing is an act of its own.",
        Commands
            .Of("identity", "Disables an identity and ends its tokens.", Identity, Reason)
            .Runs((call, cancellationToken) => Contain(call, "identity", call.Get(Identity), cancellationToken))
            .WithExamples("assay contain identity crm-connector --reason \"INC-4711: used from elsewhere\""),
        Commands
            .Of("credential", "Freezes a credential, whoever holds it, and ends what it obtained. Other credentials of the identity go on.", Credential, Reason)
            .Runs((call, cancellationToken) => Contain(call, "credential", call.Get(Credential), cancellationToken))
            .WithExamples("assay contain credential secret-9fQ2 --reason \"INC-4711: found in a public repository\""),
        Commands
            .Of("key", "Withdraws a signing key and ends what it signed. The standby takes over.", Key, Reason)
            .Runs((call, cancellationToken) => Contain(call, "key", call.Get(Key), cancellationToken))
            .WithExamples("assay contain key 8Jr2 --reason \"INC-4711: its machine was taken\""),
        Commands
            .Of("undo", "Gives back what an act took and nobody has changed since. Tokens stay dead: what was cut off gets new ones.", Act, Reason)
            .Runs(Undo)
            .WithExamples("assay contain undo 412 --reason \"it was the vendor's new data center\""));

    public static Command Events() => Commands
        .Of("containments", "What was contained, and undone, newest first.", Limit)
        .Runs(Show)
        .WithExamples("assay get containments --limit 5");

    private static async Task Contain(Call call, string kind, string name, CancellationToken cancellationToken)
    {
        using var api = await call.Admin(kind == "key" ? "token.revoke key.rotate key.read" : "token.revoke identity.write", cancellationToken);
        if (kind == "key")
            name = KeysCommand.Find((await api.Get("keys", cancellationToken)).As<KeyList>().Keys, name).Kid;

        var answer = await api.Post("containments", new { kind, name, reason = call.Get(Reason) }, cancellationToken);

        Tell(call, answer, done => done.Changed
            ? $"[bold black on green] CONTAINED [/] {Say.Data(done.Kind)} [bold]{Say.Data(done.Name)}[/], on every silo: act [bold]{done.Act}[/]."
            : $"{Say.Data(done.Kind)} {Say.Data(done.Name)} is contained already, by act [bold]{done.Act}[/].",
            done => $"[dim]Who validates offline learns of it from status lists, within 30 s. To undo: assay contain undo {done.Act} --reason …[/]");
    }

    private static async Task Undo(Call call, CancellationToken cancellationToken)
    {
        var act = call.Get(Act);
        string kind;
        using (var look = await call.Admin("evidence.read", cancellationToken))
        {
            var next = act < long.MaxValue ? act + 1 : act;
            var events = (await look.Get($"containments?limit=1&before={next.ToString(CultureInfo.InvariantCulture)}", cancellationToken)).As<ContainmentList>().Containments;
            kind = events is [var one] && one.Number == act ? one.Kind : "identity"; // the server says what is wrong with another number
        }

        using var api = await call.Admin(kind == "key" ? "token.revoke key.rotate" : "token.revoke identity.write", cancellationToken);

        var answer = await api.Post($"containments/{act.ToString(CultureInfo.InvariantCulture)}/undo", new { reason = call.Get(Reason) }, cancellationToken);

        Tell(call, answer, done => done.Changed
            ? $"Act [bold]{done.Act}[/] is undone. [dim](version {done.Number})[/]"
            : $"Act [bold]{done.Act}[/] was undone already. [dim](version {done.Number})[/]",
            done => done.Changed ? "[dim]Its tokens stay dead.[/]" : "");
    }

    private static void Tell(Call call, Answer answer, Func<ContainmentView, string> first, Func<ContainmentView, string> last)
    {
        if (call.Screen.IsJson)
        {
            call.Screen.Json(answer.Root);
            return;
        }

        var done = answer.As<ContainmentView>();
        call.Screen.Line(first(done));
        if (done.Changed)
        {
            foreach (var part in done.Parts)
                call.Screen.Line($"  {Say.Data(part)}");
        }

        if (last(done) is { Length: > 0 } line)
            call.Screen.Line(line);
    }

    private static async Task Show(Call call, CancellationToken cancellationToken)
    {
        var limit = call.Get(Limit);
        if (limit is < 1 or > 500)
            throw Failure.Usage($"--limit {limit} is not between 1 and 500.");
        using var api = await call.Admin("evidence.read", cancellationToken);

        var answer = await api.Get($"containments?limit={limit}", cancellationToken);

        if (call.Screen.IsJson)
        {
            call.Screen.Json(answer.Root);
            return;
        }

        var events = answer.As<ContainmentList>().Containments;
        if (events.IsEmpty)
            call.Screen.Note("Nothing was ever contained.");
        call.Screen.Table(
            ["WHEN", "ACT", "WHAT", "NAME", "OF", "BY", "REASON", "STATE"],
            events.Select(one => ImmutableArray.Create(
                Say.When(one.At, call.Now),
                one.Act.ToString(CultureInfo.InvariantCulture),
                $"{Say.Data(one.Event)} {Say.Data(one.Kind)}",
                Say.Data(one.Name),
                Say.Data(one.Kind == "credential" ? one.Identity ?? "-" : "-"),
                Say.Data(one.Actor),
                Say.Data(one.Reason),
                one.Stands ? "[red]stands[/]" : "-")));
    }
}
