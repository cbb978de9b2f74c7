using System.CommandLine;
using System.CommandLine.Invocation;
using Assay.Cli;
using Assay.Cli.Applying;
using Assay.Cli.Events;
using Assay.Cli.Evidence;
using Assay.Cli.Explaining;
using Assay.Cli.Identities;
using Assay.Cli.Incidents;
using Assay.Cli.Keys;
using Assay.Cli.Policies;
using Assay.Cli.Revoking;
using Assay.Cli.Tokens;

var root = new RootCommand(
    "Assay mints access tokens for workloads; every token is a policy decision taken at that moment.\n" +
    "This tool applies bundles, looks at what is there, explains why a token exists, and cuts off what should not.\n\n" +
    "Exit codes: 0 done, 1 refused or failed, 2 wrong usage or wrong bundle, 3 no server reached, 4 a replay does not pass.");
root.Options.Add(GlobalOptions.Data);
root.Options.Add(GlobalOptions.Server);
root.Options.Add(GlobalOptions.Output);
root.Subcommands.Add(ApplyCommand.Create());
root.Subcommands.Add(Commands.Of(
    "get",
    "Shows what the server holds.",
    IdentityViews.Create(),
    PolicyViews.Create(),
    KeyViews.Create(),
    EvidenceViews.Create(),
    IntrospectCommand.Revocations(),
    ContainCommand.Events(),
    DirectoryViews.Apis(),
    DirectoryViews.Groups(),
    DirectoryViews.Silos()));
root.Subcommands.Add(TokenCommand.Create());
root.Subcommands.Add(ExplainCommand.Create());
root.Subcommands.Add(IntrospectCommand.Create());
root.Subcommands.Add(RevokeCommand.Create());
root.Subcommands.Add(BlastRadiusCommand.Create());
root.Subcommands.Add(ContainCommand.Create());
root.Subcommands.Add(SignalCommand.Create());
root.Subcommands.Add(MemberCommand.Create());
root.Subcommands.Add(IdentityCommand.Create());
root.Subcommands.Add(CredentialCommand.Create());
root.Subcommands.Add(PolicyCommand.Create());
root.Subcommands.Add(KeysCommand.Create());
root.Subcommands.Add(EvidenceCommand.Create());
root.Subcommands.Add(EventsCommand.Create());

// No options run together: ids begin with any character, and -owg… would be read as --output wg….
var arguments = root.Parse(args, new ParserConfiguration { EnablePosixBundling = false });
if (arguments.Errors.Count == 0)
    return await arguments.InvokeAsync();

// A wrong command line: the sentence, not the whole help; and an exit code of its own.
if (arguments.Action is ParseErrorAction wrong)
    wrong.ShowHelp = false;
await arguments.InvokeAsync(new InvocationConfiguration { Output = Console.Error });
Console.Error.WriteLine($"Help: {Commands.PathOf(arguments.CommandResult)} --help");
return ExitCode.Usage;
