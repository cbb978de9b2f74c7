using System.CommandLine;
using Assay.Cli.Admin;
using Assay.Cli.Connecting;
using Assay.Cli.Tokens;

namespace Assay.Cli.Explaining;

/// <summary><c>explain</c>: why a token exists, or what an identity would get now.</summary>
internal static class ExplainCommand
{
    private static readonly Argument<string?> Token = new("id|token")
    {
        Description = "A token, the jti of one, or a record's id (get evidence shows them). A token stays on this machine: its jti, its key's id, the hash of its signing input and its signature are sent. '-' reads it from standard input.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<string?> Identity = new("--identity") { Description = "Ask about now instead: who.", HelpName = "id" };
    private static readonly Option<string?> Resource = new("--resource") { Description = "Ask about now: for which API; the identity's default when not given.", HelpName = "uri" };

    private static readonly Option<string[]> Scope = new("--scope")
    {
        Description = "Ask about now: which scopes, separated by spaces; all of the API's when not given.",
        HelpName = "scopes",
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<int?> Risk = new("--risk") { Description = "Ask about now: assume this risk score, 0 to 100.", HelpName = "score" };
    private static readonly Option<string?> Method = new("--method") { Description = "Ask about now: assume that it authenticates so, as client_secret_basic.", HelpName = "method" };
    private static readonly Option<string?> At = new("--at") { Description = "Ask about then: a moment, or a span from now (8h). What it may do is as it is now; memberships and signals count as they would then.", HelpName = "when" };
    private static readonly Option<string?> Ip = new("--ip") { Description = "Ask about now: assume that it asks from this address.", HelpName = "address" };

    public static Command Create() => Commands
        .Of(
            "explain",
            "Why did this token exist? Which policies decided, on which inputs, how fresh they were, whether it would be granted now, and what is missing for what was withheld.",
            Token,
            Identity,
            Resource,
            Scope,
            Risk,
            Method,
            At,
            Ip)
        .Runs(Run)
        .WithExamples(
            "assay explain R9xq0Yp3o8kQvT1mZb2c4w",
            "assay token payments-exporter --raw | assay explain -",
            "assay explain --identity crm-connector --resource https://payments.example --scope payments:write",
            "assay explain --identity crm-connector --risk 80 --ip 192.0.2.7 --at 2026-12-24T03:00:00Z");

    private static Task Run(Call call, CancellationToken cancellationToken)
    {
        var text = call.Get(Token);
        var (identity, resource, scopes) = (call.Get(Identity), call.Get(Resource), call.Get(Scope) ?? []);
        var assumes = call.Get(Risk) is not null || call.Get(Method) is not null || call.Get(At) is not null || call.Get(Ip) is not null;
        return (text, identity) switch
        {
            ({ }, null) when resource is null && scopes.Length == 0 && !assumes => ExplainToken(call, text == "-" ? Console.In.ReadToEnd().Trim() : text.Trim(), cancellationToken),
            (null, { }) => ExplainNow(
                call, identity, resource, [.. scopes.SelectMany(scope => scope.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Distinct()], cancellationToken),
            _ => throw Failure.Usage("Say what to explain: a jti or token, or --identity with --resource and --scope."),
        };
    }

    private static async Task ExplainToken(Call call, string text, CancellationToken cancellationToken)
    {
        var token = text.Contains('.', StringComparison.Ordinal)
            ? CompactToken.Parse(text) ?? throw Failure.Usage("This is neither a jti nor a token.", "A token has three parts with dots between them; was it cut?")
            : null;
        if (token is null && text.Length is 0 or > 200)
            throw Failure.Usage("This is neither a jti nor a token.");
        using var api = await call.Admin("evidence.read", cancellationToken);

        var answer = await api.Post(
            "evidence/examine",
            token is null ? (object)new { jti = text } : new { jti = token.Jti, kid = token.Kid, signingInputSha256 = token.SigningInputSha256, signature = token.Signature },
            cancellationToken);

        var examination = answer.As<Examination>();
        if (call.Screen.IsJson)
        {
            call.Screen.Json(answer.Root);
        }
        else
        {
            if (examination.Finding is { } finding)
                FindingLine.Show(call.Screen, finding);
            if (examination.Explanation is { } explanation)
                new ExplanationScreen(call.Screen, call.Now, explanation, examination.Finding).Show();
        }

        if (examination.Finding is { } found && FindingLine.AdviceOn(found) is { } advice)
            throw new Failure(ExitCode.Failed, $"{FindingLine.Name(found)}: {found.Because}.", advice);
    }

    private static async Task ExplainNow(Call call, string identity, string? resource, string[] scopes, CancellationToken cancellationToken)
    {
        var at = Moment.FutureOrPastFrom(call.Get(At), call.Now, "--at");
        using var api = await call.Admin("identity.read policy.read", cancellationToken);

        var answer = await api.Post(
            "explain", new { identity, resource, scopes, risk = call.Get(Risk), method = call.Get(Method), at, ip = call.Get(Ip) }, cancellationToken);

        if (call.Screen.IsJson)
            call.Screen.Json(answer.Root);
        else
            new ExplanationScreen(call.Screen, call.Now, answer.As<Explanation>(), null).Show();
    }
}
