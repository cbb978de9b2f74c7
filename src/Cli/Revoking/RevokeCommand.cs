using System.CommandLine;
using Assay.Cli.Admin;
using Assay.Cli.Connecting;
using Assay.Cli.Identities;
using Assay.Cli.Keys;
using Assay.Cli.Output;
using Assay.Cli.Policies;
using Assay.Cli.Tokens;

namespace Assay.Cli.Revoking;

/// <summary><c>revoke</c>: ends tokens that are out, by what they hang on.</summary>
internal static class RevokeCommand
{
    private static readonly Option<string?> Jti = new("--jti") { Description = "One token, by its jti.", HelpName = "jti" };
    private static readonly Option<string?> Token = new("--token") { Description = "One token. It stays on this machine: only its jti is sent. '-' reads it from standard input.", HelpName = "token" };
    private static readonly Option<string?> Identity = new("--identity") { Description = "All tokens of an identity.", HelpName = "id" };
    private static readonly Option<string?> Credential = new("--credential") { Description = "All that a credential obtained, by its whole handle.", HelpName = "handle" };
    private static readonly Option<string?> Key = new("--key") { Description = "All that a key signed, by its id or enough of its beginning.", HelpName = "kid" };
    private static readonly Option<string?> PolicyVersion = new("--policy-version") { Description = "All that a policy set decided, by its version or enough of its beginning.", HelpName = "version" };
    private static readonly Option<string?> Since = new("--since") { Description = "Only what was issued since: a span (30m, 2d) or a moment.", HelpName = "when" };
    private static readonly Option<string?> Until = new("--until") { Description = "Only what was issued before that: a span ago or a moment.", HelpName = "when" };
    private static readonly Option<string> Reason = new("--reason") { Description = "Why, for the record.", HelpName = "text", Required = true };

    public static Command Create() => Commands
        .Of(
            "revoke",
            "Ends tokens that are out. Returns when no silo takes one of them for live. Who may get new ones is another matter: identity disable, credential revoke.",
            Jti, Token, Identity, Credential, Key, PolicyVersion, Since, Until, Reason)
        .Runs(Revoke)
        .WithExamples(
            "assay revoke --identity crm-connector --reason \"laptop stolen\"",
            "assay revoke --jti R9xq0Yp3o8kQvT1mZb2c4w --reason \"seen in a log\"",
            "assay revoke --policy-version 3f9a02 --since 2h --reason \"a wrong permit was in force\"");

    private static async Task Revoke(Call call, CancellationToken cancellationToken)
    {
        (string Kind, string Name)[] said =
        [
            .. new (string Kind, string? Name)[]
            {
                ("jti", call.Get(Jti)), ("token", call.Get(Token)), ("identity", call.Get(Identity)), ("credential", call.Get(Credential)),
                ("key", call.Get(Key)), ("policy-version", call.Get(PolicyVersion)),
            }.Where(one => one.Name is not null).Select(one => (one.Kind, one.Name!)),
        ];
        if (said is not [var (kind, name)])
            throw Failure.Usage("Say what to end: one of --jti, --token, --identity, --credential, --key and --policy-version.");
        if (kind == "token")
            (kind, name) = ("jti", JtiOf(name == "-" ? Console.In.ReadToEnd().Trim() : name));
        var (since, until) = (Moment.SinceFrom(call.Get(Since), call.Now, "--since"), Moment.SinceFrom(call.Get(Until), call.Now, "--until"));
        using var api = await call.Admin(kind switch { "key" => "key.read token.revoke", "policy-version" => "policy.read token.revoke", _ => "token.revoke" }, cancellationToken);
        name = kind switch
        {
            "key" => KeysCommand.Find((await api.Get("keys", cancellationToken)).As<KeyList>().Keys, name).Kid,
            "policy-version" => PolicyViews.Find((await api.Get("policies", cancellationToken)).As<PolicyDomainList>(), name, null).Version,
            _ => name,
        };

        var answer = await api.Post("revocations", new { kind, name, reason = call.Get(Reason), since, until }, cancellationToken);

        call.Done(answer, change => change.Changed
            ? $"{(kind == "jti" ? $"{name} is" : $"All tokens of {kind} {name}{Between(since, until)} are")} dead on every silo. Who validates offline learns of it from status lists, within 30 s."
            : $"{name} was revoked already.");
    }

    private static string JtiOf(string token) => CompactToken.Parse(token)?.Jti ?? throw Failure.Usage("This is no token with a jti.", "A token has three parts with dots between them; was it cut?");

    private static string Between(DateTimeOffset? since, DateTimeOffset? until) => (since, until) switch
    {
        (null, null) => "",
        ({ } from, null) => $" issued since {Say.Time(from)}",
        (null, { } to) => $" issued before {Say.Time(to)}",
        ({ } from, { } to) => $" issued from {Say.Time(from)} to {Say.Time(to)}",
    };
}
