using System.Data.Common;
using Assay.Silo.Hosting;
using Assay.Silo.Recovery;
using Microsoft.Extensions.Options;

if (KnownSettings.IsHelp(args))
{
    Console.WriteLine(KnownSettings.Usage);
    return 0;
}

try
{
    return args switch
    {
        ["migrate", .. var rest] => await MigrateCommand.Run(rest),
        ["recover", .. var rest] => await RecoverCommand.Run(rest),
        ["reindex", .. var rest] => await ReindexCommand.Run(rest),
        _ => await SiloProcess.Run(args),
    };
}
catch (Exception fault) when (fault is InvalidOperationException or InvalidDataException or IOException or OptionsValidationException or DbException or TimeoutException)
{
    // What an operator can put right is a sentence, not a stack trace.
    Console.Error.WriteLine("assay: " + fault.Message);
    return 1;
}
catch (AggregateException faults) when (faults.InnerExceptions.All(static fault => fault is OptionsValidationException))
{
    Console.Error.WriteLine("assay: " + string.Join("\n       ", faults.InnerExceptions.Select(static fault => fault.Message)));
    return 1;
}
