using System.CommandLine;

namespace Assay.Cli.Policies;

/// <summary><c>policy …</c>: the life of a policy set, from an author's desk into force.</summary>
internal static class PolicyCommand
{
    public static Command Create()
    {
        var list = PolicyViews.Create();
        var lists = Commands.Of("list", list.Description!, [.. list.Arguments]).Runs(PolicyViews.Run).WithExamples("assay policy list", "assay policy list 3f9a02");
        return Commands.Of(
            "policy",
            "Policies on their way into force: checked, laid out, tested and compared before; replayed, shadowed, activated and rolled back on the server.",
            ValidateCommand.Create(),
            FormatCommand.Create(),
            TestCommand.Create(),
            DiffCommand.Create(),
            ReplayCommand.Create(),
            ShadowCommand.Create(),
            lists,
            ActivationCommands.Activation(),
            ActivationCommands.Return(),
            HistoryCommand.Create());
    }
}
