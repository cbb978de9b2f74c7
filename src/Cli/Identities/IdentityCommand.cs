using System.CommandLine;

namespace Assay.Cli.Identities;

/// <summary><c>identity disable|enable</c></summary>
internal static class IdentityCommand
{
    private static readonly Argument<string> Identity = new("identity") { Description = "The identity's id." };
    private static readonly Option<string?> Reason = new("--reason") { Description = "Why, for whoever finds it disabled.", HelpName = "text" };

    public static Command Create() => Commands.Of(
        "identity",
        "Cuts an identity off, or lets it back.",
        Commands
            .Of("disable", "No more tokens for it. No bundle lifts this.", Identity, Reason)
            .Runs((call, cancellationToken) => Set(call, "disable", cancellationToken))
            .WithExamples("assay identity disable crm-connector --reason \"key seen in a public repository\""),
        Commands
            .Of("enable", "Lifts disable.", Identity)
            .Runs((call, cancellationToken) => Set(call, "enable", cancellationToken))
            .WithExamples("assay identity enable crm-connector"));

    private static async Task Set(Call call, string verb, CancellationToken cancellationToken)
    {
        var id = call.Get(Identity);
        object body = verb == "disable" ? new { reason = call.Get(Reason) ?? "disabled with the CLI" } : new { };
        using var api = await call.Admin("identity.write", cancellationToken);

        var answer = await api.Post($"identities/{Uri.EscapeDataString(id)}/{verb}", body, cancellationToken);

        call.Done(answer, change => (verb, change.Changed) switch
        {
            ("disable", true) => $"{id} is disabled: it gets no token from here on.",
            ("disable", false) => $"{id} was disabled already.",
            (_, true) => $"{id} is enabled.",
            _ => $"{id} was enabled already.",
        });
    }
}
