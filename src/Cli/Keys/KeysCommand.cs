using System.CommandLine;
using Assay.Cli.Admin;
using Assay.Cli.Output;

namespace Assay.Cli.Keys;

/// <summary><c>keys rotate|withdraw</c></summary>
internal static class KeysCommand
{
    private static readonly Argument<string> Kid = new("kid") { Description = "The key's id, or enough of its beginning (get keys shows them)." };

    public static Command Create() => Commands.Of(
        "keys",
        "The keys that sign tokens.",
        Commands
            .Of("rotate", "Moves signing to the announced standby as soon as it has been announced for long enough, and announces a new one.")
            .Runs(Rotate)
            .WithExamples("assay keys rotate"),
        Commands
            .Of("withdraw", "Takes a compromised key out at once: it signs no longer and is published no longer. Tokens it signed stop validating.", Kid)
            .Runs(Withdraw)
            .WithExamples("assay keys withdraw 8Jr2"));

    private static async Task Rotate(Call call, CancellationToken cancellationToken)
    {
        using var api = await call.Admin("key.rotate", cancellationToken);

        var answer = await api.Post("keys/rotate", null, cancellationToken);

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
        var keys = (await api.Get("keys", cancellationToken)).As<KeyList>().Keys;
        var found = keys.Where(key => key.Kid.StartsWith(wanted, StringComparison.Ordinal)).ToArray();
        if (found is not [var key])
        {
            throw new Failure(
                ExitCode.Failed,
                found.Length == 0 ? $"There is no key '{wanted}'." : $"{found.Length} keys begin with '{wanted}'.",
                null,
                [.. keys.Select(known => known.Kid)]);
        }

        var answer = await api.Post($"keys/{Uri.EscapeDataString(key.Kid)}/withdraw", null, cancellationToken);

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
                : $"[yellow]{Say.Data(next)} signs from {Say.Time(from)} ({Say.When(from, call.Now)}). Until then no token is issued.[/]");
        }
    }
}
