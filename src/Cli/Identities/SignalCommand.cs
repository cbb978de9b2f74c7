using System.CommandLine;
using Assay.Cli.Connecting;

namespace Assay.Cli.Identities;

/// <summary><c>signal set|clear</c></summary>
internal static class SignalCommand
{
    private static readonly Argument<string> Identity = new("identity") { Description = "The identity's id." };
    private static readonly Argument<string> Name = new("name") { Description = "What was seen: credential-leaked, unusual-country, …" };

    private static readonly Option<int> Weight = new("--weight")
    {
        Description = "1 to 100: the risk score this signal gives on its own. Levels: medium from 25, high from 50, critical from 80.",
        DefaultValueFactory = _ => 50,
    };

    private static readonly Option<string?> HalfLife = new("--half-life") { Description = "Its weight halves in this time (1h, 2d). Without it, it does not fade.", HelpName = "span" };
    private static readonly Option<string?> Expires = new("--expires") { Description = "It ends by itself: a span (8h, 2d) or a moment.", HelpName = "when" };

    public static Command Create() => Commands.Of(
        "signal",
        "Raises or clears a risk signal about an identity. Policies see it as context.risk, from the next decision on.",
        Commands
            .Of("set", "Raises the signal, or replaces it.", Identity, Name, Weight, HalfLife, Expires)
            .Runs(Set)
            .WithExamples(
                "assay signal set crm-connector unusual-country --weight 60 --half-life 1h",
                "assay signal set crm-connector credential-leaked --weight 90"),
        Commands
            .Of("clear", "Clears the signal, whoever raised it.", Identity, Name)
            .Runs(Clear)
            .WithExamples("assay signal clear crm-connector unusual-country"));

    private static async Task Set(Call call, CancellationToken cancellationToken)
    {
        var (id, name, weight) = (call.Get(Identity), call.Get(Name), call.Get(Weight));
        if (weight is < 1 or > 100)
            throw Failure.Usage($"--weight {weight} is not between 1 and 100.");
        var halfLife = Moment.HalfLifeFrom(call.Get(HalfLife), "--half-life");
        var expiresAt = Moment.ExpiryFrom(call.Get(Expires), call.Now, "--expires");
        using var api = await call.Admin("signal.write", cancellationToken);

        var answer = await api.Put(Path(id, name), new { weight, halfLife, expiresAt }, cancellationToken);

        call.Done(answer, change => change.Changed ? $"{name} weighs {weight} on {id}: every decision from here on sees it." : $"{name} was raised on {id} like this already.");
    }

    private static async Task Clear(Call call, CancellationToken cancellationToken)
    {
        var (id, name) = (call.Get(Identity), call.Get(Name));
        using var api = await call.Admin("signal.write", cancellationToken);

        var answer = await api.Delete(Path(id, name), cancellationToken);

        call.Done(answer, change => change.Changed ? $"{name} no longer weighs on {id}." : $"{name} was not raised on {id}.");
    }

    private static string Path(string id, string name) => $"identities/{Uri.EscapeDataString(id)}/signals/{Uri.EscapeDataString(name)}";
}
