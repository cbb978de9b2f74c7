using System.Collections.Immutable;
using System.CommandLine;
using Assay.Cli.Admin;
using Assay.Cli.Output;

namespace Assay.Cli.Keys;

/// <summary><c>keys rotate|withdraw</c></summary>
internal static class KeysCommand
{
    private static readonly Argument<string> Kid = new("kid") { Description = "The key's id, or enough of its beginning (get keys shows them)." };

    /// <summary>What the keys sign. Every purpose has a ring of its own.</summary>
    public static Option<string?> Purpose { get; } = new Option<string?>("--purpose")
    {
        Description = "What the keys sign: access-token, checkpoint, introspection, status-list or set (security events).", HelpName = "name",
    };

    public static Command Create() => Commands.Of(
        "keys",
        "The keys that sign tokens, checkpoints of the evidence log, and events.",
        Commands
            .Of("rotate", "Moves signing to an announced standby as soon as it and the one that is left have been announced for long enough, and announces a new one. Of access tokens, unless --purpose says otherwise.", Purpose)
            .Runs(Rotate)
            .WithExamples("assay keys rotate", "assay keys rotate --purpose checkpoint"),
        Commands
            .Of("withdraw", "Takes a compromised key out at once: it signs no longer and is published no longer. What it signed stops validating. A standby signs at once, unless others were withdrawn within the announce time (24 h) before; then no token is issued until one has been announced for so long.", Kid, Purpose)
            .Runs(Withdraw)
            .WithExamples("assay keys withdraw 8Jr2"));

    private static async Task Rotate(Call call, CancellationToken cancellationToken)
    {
        using var api = await call.Admin("key.rotate", cancellationToken);

        var answer = await api.Post(Path("keys/rotate", call.Get(Purpose)), null, cancellationToken);

        if (call.Screen.IsJson)
        {
            call.Screen.Json(answer.Root);
            return;
        }

        var next = answer.As<RotationView>();
        call.Screen.Line($"{Say.Data(next.Kid)} {(next.ActivatesAt <= call.Now ? "signs now" : $"signs from {Say.Time(next.ActivatesAt)} ({Say.When(next.ActivatesAt, call.Now)})")}. [dim](version {next.Number})[/]");
    }

    private static async Task Withdraw(Call call, CancellationToken cancellationToken)
    {
        var wanted = call.Get(Kid);
        using var api = await call.Admin("key.read key.rotate", cancellationToken);
        var keys = (await api.Get(Path("keys", call.Get(Purpose)), cancellationToken)).As<KeyList>().Keys;
        var key = Find(keys, wanted);
        var answer = await api.Post(Path($"keys/{Uri.EscapeDataString(key.Kid)}/withdraw", key.Purpose), null, cancellationToken);

        if (call.Screen.IsJson)
        {
            call.Screen.Json(answer.Root);
            return;
        }

        var done = answer.As<WithdrawalView>();
        call.Screen.Line($"{Say.Data(key.Kid)} is withdrawn: no silo signs with it or publishes it. [dim](version {done.Number})[/]");
        if (done is { SignsNext: { } next, SignsFrom: { } from })
        {
            call.Screen.Line(from <= call.Now
                ? $"{Say.Data(next)} signs now."
                : $"[yellow]{Say.Data(next)} signs from {Say.Time(from)} ({Say.When(from, call.Now)}). Until then {(key.Purpose == "access-token" ? "no token is issued" : $"nothing is signed for {Say.Data(key.Purpose)}")}.[/]");
        }
    }

    /// <summary>The key whose id begins so.</summary>
    public static KeyView Find(ImmutableArray<KeyView> keys, string wanted)
    {
        var found = keys.Where(key => key.Kid.StartsWith(wanted, StringComparison.Ordinal)).ToArray();
        return found is [var key]
            ? key
            : throw new Failure(
                ExitCode.Failed,
                found.Length == 0 ? $"There is no key '{wanted}'." : $"{found.Length} keys begin with '{wanted}'.",
                null,
                [.. keys.Select(known => known.Kid)]);
    }

    public static string Path(string path, string? purpose) => purpose is null ? path : $"{path}?purpose={Uri.EscapeDataString(purpose)}";
}
