using System.CommandLine;

namespace Assay.Cedar.Oracle;

internal static class Program
{
    public static Task<int> Main(string[] args)
    {
        var seed = new Option<int?>("--seed") { Description = "seed of the cases; another one each time when left out" };
        var cases = new Option<int>("--cases") { Description = "how many cases to compare", DefaultValueFactory = _ => 10_000 };
        var first = new Option<int>("--first") { Description = "number of the first case" };
        var minutes = new Option<double?>("--minutes") { Description = "stop after so long" };
        var kind = new Option<CaseKind?>("--kind") { Description = $"only cases of one kind: {string.Join(", ", Enum.GetNames<CaseKind>())}" };
        var engines = new Option<int>("--engines") { Description = "processes of the official engine", DefaultValueFactory = _ => 2 };
        var shown = new Option<int>("--differences") { Description = "stop after so many", DefaultValueFactory = _ => 10 };
        var fuzz = new Option<bool>("--fuzz") { Description = "no comparison: throws hostile input at every reader, for --minutes (1 when left out)" };
        var command = new RootCommand("Compares the Cedar policy language with the official engine on generated cases.") { seed, cases, first, minutes, kind, engines, shown, fuzz };
        command.SetAction(async parse =>
        {
            var options = new OracleOptions(
                parse.GetValue(seed) ?? Random.Shared.Next(),
                parse.GetValue(cases),
                parse.GetValue(first),
                parse.GetValue(minutes),
                parse.GetValue(kind),
                parse.GetValue(engines),
                parse.GetValue(shown));
            if (parse.GetValue(fuzz))
                return new HostileRun(options.Seed, int.MaxValue, Console.Out, TimeSpan.FromMinutes(options.Minutes ?? 1)).Run() == 0 ? 0 : 1;

            if (OfficialEngine.Missing() is { } missing)
            {
                Console.Error.WriteLine(missing);
                return 1;
            }

            return await new OracleRun(options, Console.Out).Run() == 0 ? 0 : 1;
        });
        return command.Parse(args).InvokeAsync();
    }
}
