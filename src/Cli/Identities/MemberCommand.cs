using System.CommandLine;
using Assay.Cli.Admin;
using Assay.Cli.Connecting;
using Assay.Cli.Output;

namespace Assay.Cli.Identities;

/// <summary><c>member add|remove</c></summary>
internal static class MemberCommand
{
    private static readonly Argument<string> Identity = new("identity") { Description = "The identity's id." };

    private static readonly Argument<string> Group = new("group")
    {
        Description = "A role (payments-reader), a team (team:billing), or a whole name ('Assay::Role::\"payments-reader\"').",
    };

    private static readonly Option<string?> Expires = new("--expires") { Description = "It ends by itself: a span (8h, 2d) or a moment.", HelpName = "when" };

    public static Command Create() => Commands.Of(
        "member",
        "Adds an identity to a role or team, or removes it. The next token already sees it.",
        Commands
            .Of("add", "Adds it, or changes when the membership ends. Also lifts an earlier removal of what a bundle declares.", Identity, Group, Expires)
            .Runs(Add)
            .WithExamples("assay member add payments-exporter payments-writer --expires 8h", "assay member add invoice-bot team:billing"),
        Commands
            .Of("remove", "Removes it, also where a bundle declares it: it stays removed until it is added again.", Identity, Group)
            .Runs(Remove)
            .WithExamples("assay member remove payments-exporter payments-reader"));

    private static async Task Add(Call call, CancellationToken cancellationToken)
    {
        var (id, group) = (call.Get(Identity), GroupName.ToUid(call.Get(Group)));
        var ends = Moment.ExpiryFrom(call.Get(Expires), call.Now, "--expires");
        using var api = await call.Admin("identity.write", cancellationToken);

        var answer = await api.Put($"identities/{Uri.EscapeDataString(id)}/memberships", new { group, expiresAt = ends }, cancellationToken);

        call.Done(answer, change => change.Changed
            ? $"{id} is in {Say.Group(group)}{(ends is { } end ? $" until {Say.Time(end)}" : "")}."
            : $"{id} was in {Say.Group(group)} already.");
    }

    private static async Task Remove(Call call, CancellationToken cancellationToken)
    {
        var (id, group) = (call.Get(Identity), GroupName.ToUid(call.Get(Group)));
        using var api = await call.Admin("identity.write", cancellationToken);

        var answer = await api.Delete($"identities/{Uri.EscapeDataString(id)}/memberships?group={Uri.EscapeDataString(group)}", cancellationToken);

        call.Done(answer, change => change.Changed
            ? $"{id} is no longer in {Say.Group(group)}: no token is decided with it from here on."
            : $"{id} was not in {Say.Group(group)}.");
    }
}

internal static class ChangeReply
{
    /// <summary>Tells what a change did.</summary>
    public static void Done(this Call call, Answer answer, Func<ChangeView, string> sentence)
    {
        if (call.Screen.IsJson)
        {
            call.Screen.Json(answer.Root);
            return;
        }

        var change = answer.As<ChangeView>();
        call.Screen.Line($"{Say.Data(sentence(change))} [dim](version {change.Number})[/]");
    }
}
