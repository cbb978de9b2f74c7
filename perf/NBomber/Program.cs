using Assay.Bombing;
using NBomber.Contracts.Stats;
using NBomber.CSharp;

try
{
    var end = Array.IndexOf(args, "--");
    var (own, passedOn) = end < 0 ? (args, []) : (args[..end], args[(end + 1)..]);
    var options = Options.Read(own);

    // One after the other: NBomber runs the scenarios of one call at once, and they would share the machine.
    var broken = new List<string>();
    foreach (var workload in options.Workloads)
    {
        using var session = options.NewSession();
        if (workload.Lacks(session) is { } lacking)
            throw new ArgumentException(lacking, nameof(args));
        var bombing = new Bombing(options.Adjusted(workload), session, options.Callers);
        var statistics = NBomberRunner
            .RegisterScenarios(bombing.Scenario())
            .WithTestSuite("assay")
            .WithTestName(workload.Name)
            .WithReportFolder(Path.Combine(options.Reports, workload.Name))
            .WithReportFormats(ReportFormat.Html, ReportFormat.Csv, ReportFormat.Md)
            .Run(passedOn);
        Console.WriteLine(bombing.Summary(statistics));
        broken.AddRange(bombing.Broken(statistics).Select(limit => $"LIMIT {workload.Name}: {limit}"));
    }

    broken.ForEach(Console.Error.WriteLine);
    return broken.Count == 0 ? 0 : 1;
}
catch (Exception fault) when (fault is ArgumentException or IOException or UnauthorizedAccessException or UriFormatException)
{
    Console.Error.WriteLine("nbomber: " + fault.Message);
    Console.Error.WriteLine(Options.Usage);
    return 2;
}
