using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Assay.Cli.Output;

namespace Assay.Cli;

/// <summary>How every command is put together and run.</summary>
internal static class Commands
{
    public static Command Of(string name, string description, params Symbol[] parts)
    {
        var command = new Command(name, description);
        foreach (var part in parts)
        {
            switch (part)
            {
                case Option option:
                    command.Options.Add(option);
                    break;
                case Argument argument:
                    command.Arguments.Add(argument);
                    break;
                case Command inner:
                    command.Subcommands.Add(inner);
                    break;
            }
        }

        return command;
    }

    /// <summary>Runs a body that returns when the command has succeeded.</summary>
    public static Command Runs(this Command command, Func<Call, CancellationToken, Task> body)
    {
        command.SetAction(async (arguments, cancellationToken) =>
        {
            using var screen = Screen.OfProcess(arguments.GetValue(GlobalOptions.Output) == "json");
            try
            {
                await body(new Call(arguments, screen, TimeProvider.System), cancellationToken);
                return ExitCode.Ok;
            }
            catch (Failure failure)
            {
                screen.Error(failure);
                return failure.Code;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                screen.Error(new Failure(ExitCode.Failed, "Interrupted.", "What was under way may have been done."));
                return ExitCode.Failed;
            }
        });
        return command;
    }

    /// <summary>Adds examples under the command's help.</summary>
    public static Command WithExamples(this Command command, params string[] examples)
    {
        command.Options.Add(new HelpOption { Action = new HelpWithExamples(examples) });
        return command;
    }

    /// <summary>The command as it is typed: <c>assay member add</c>.</summary>
    public static string PathOf(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{PathOf(parent)} {command.Command.Name}" : "assay";

    private sealed class HelpWithExamples(string[] examples) : SynchronousCommandLineAction
    {
        /// <summary>Whoever asks for help need not have the arguments right.</summary>
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            new HelpAction { MaxWidth = Width() }.Invoke(parseResult);
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (var example in examples)
                output.WriteLine($"  {example}");
            output.WriteLine();
            return ExitCode.Ok;
        }

        private static int Width() => Console.IsOutputRedirected ? 10_000 : Math.Max(Console.WindowWidth, 60);
    }
}
