using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using Assay.Cli.Connecting;
using Assay.Cli.Output;

namespace Assay.Cli.Tokens;

/// <summary><c>token</c>: gets one, as the workload itself would, and shows what is in it.</summary>
internal static class TokenCommand
{
    private static readonly string[] Times = ["iat", "exp", "nbf", "auth_time"];

    private static readonly Argument<string> Identity = new("identity") { Description = "Who asks: the client id." };
    private static readonly Option<string?> Resource = new("--resource") { Description = "The API the token is for; the identity's default when not given.", HelpName = "uri" };

    private static readonly Option<string[]> Scope = new("--scope")
    {
        Description = "Scopes to ask for, separated by spaces; all of the API's when not given.",
        HelpName = "scopes",
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<FileInfo?> KeyFile = new("--key-file")
    {
        Description = "Private key (JWK or PEM). Without it: <data>/keys/<identity>.jwk, or the environment's ASSAY_CLIENT_KEY_FILE or ASSAY_CLIENT_SECRET_FILE.",
        HelpName = "file",
    };

    private static readonly Option<FileInfo?> SecretFile = new("--secret-file") { Description = "File with the client secret.", HelpName = "file" };
    private static readonly Option<bool> Raw = new("--raw") { Description = "Print the token and nothing else." };

    public static Command Create() => Commands
        .Of("token", "Gets an access token as a workload would, and shows its header, its claims, and which scopes were withheld.", Identity, Resource, Scope, KeyFile, SecretFile, Raw)
        .Runs(Run)
        .WithExamples(
            "assay token payments-exporter --resource https://payments.example --scope \"payments:read payments:write\"",
            "curl -H \"Authorization: Bearer $(assay token payments-exporter --raw)\" https://payments.example/…");

    private static async Task Run(Call call, CancellationToken cancellationToken)
    {
        var id = call.Get(Identity);
        var requested = (call.Get(Scope) ?? []).SelectMany(scopes => scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Distinct().ToImmutableArray();
        var client = Client(call, id);

        var granted = await TokenSource.Get(
            call.Connection.IssuerForTokens(), client, call.Clock, call.Get(Resource), requested.IsEmpty ? null : string.Join(' ', requested), cancellationToken);

        if (call.Get(Raw))
        {
            call.Screen.Raw(granted.AccessToken);
            return;
        }

        var token = CompactToken.Parse(granted.AccessToken)
            ?? throw new Failure(ExitCode.Failed, "The server's token is not a JWT.", "--raw prints it as it is.");
        var withheld = requested.Except(granted.Granted).ToImmutableArray();
        if (call.Screen.IsJson)
        {
            call.Screen.Json(new
            {
                accessToken = granted.AccessToken,
                expiresIn = (int)granted.ExpiresIn.TotalSeconds,
                granted = granted.Granted,
                withheld,
                header = token.Header,
                claims = token.Claims,
            });
            return;
        }

        Show(call, id, token, granted, withheld);
    }

    private static void Show(Call call, string id, CompactToken token, GrantedToken granted, ImmutableArray<string> withheld)
    {
        var screen = call.Screen;
        screen.Table(
            ["", ""],
            [
                ["granted", granted.Granted.IsEmpty ? "-" : $"[green]{Say.Data(string.Join(' ', granted.Granted))}[/]"],
                .. withheld.IsEmpty ? (ImmutableArray<ImmutableArray<string>>)[] : [["withheld", $"[yellow]{Say.Data(string.Join(' ', withheld))}[/]"]],
                ["expires in", Say.Span(granted.ExpiresIn)],
            ]);
        screen.Heading("HEADER");
        screen.Table(["", ""], Members(token.Header, call.Now), indent: 2);
        screen.Heading("CLAIMS");
        screen.Table(["", ""], Members(token.Claims, call.Now), indent: 2);
        screen.Heading("TOKEN");
        screen.Raw(granted.AccessToken);
        if (token.Jti is { } jti)
            screen.Line($"\n[dim]Why it is as it is:[/] assay explain {Say.Data(jti)}");
        else if (!withheld.IsEmpty)
            screen.Line($"\n[dim]Why not more:[/] assay explain --identity {Say.Data(id)} --scope \"{Say.Data(string.Join(' ', withheld))}\"");
    }

    private static IEnumerable<ImmutableArray<string>> Members(JsonElement json, DateTimeOffset now) => json.EnumerateObject().Select(member => ImmutableArray.Create(
        Say.Data(member.Name),
        member.Value.ValueKind switch
        {
            JsonValueKind.String => Say.Data(member.Value.GetString()),
            JsonValueKind.Number when Times.Contains(member.Name) && member.Value.TryGetInt64(out var seconds) && seconds is > 0 and < 253_402_300_800 =>
                $"{seconds}  [dim]{Say.Time(DateTimeOffset.FromUnixTimeSeconds(seconds))}, {Say.When(DateTimeOffset.FromUnixTimeSeconds(seconds), now)}[/]",
            _ => Say.Data(member.Value.GetRawText()),
        }));

    private static ClientIdentity Client(Call call, string id)
    {
        switch (call.Get(KeyFile), call.Get(SecretFile))
        {
            case ({ }, { }):
                throw Failure.Usage("--key-file and --secret-file are both given.", "Give one of them.");
            case ({ } key, _):
                return new ClientIdentity(id, key.FullName, null);
            case (_, { } secret):
                return new ClientIdentity(id, null, secret.FullName);
        }

        var generated = call.Connection.Folder.KeyFileOf(id);
        if (File.Exists(generated))
            return new ClientIdentity(id, generated, null);
        if (Environment.GetEnvironmentVariable("ASSAY_CLIENT_ID") == id && Connection.FromEnvironment() is { } client)
            return client;
        throw Failure.Usage(
            $"There is nothing that proves '{id}': {generated} is not there.",
            "Give --key-file or --secret-file, or set ASSAY_CLIENT_ID and ASSAY_CLIENT_KEY_FILE or ASSAY_CLIENT_SECRET_FILE.");
    }
}
