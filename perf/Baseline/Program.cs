using Assay.Baseline;

try
{
    switch (args)
    {
        case ["limit", var url, var clientKey]:
            await BareLimit.Serve(url, clientKey);
            return 0;
        case ["forgetful", .. var silo]:
            return await ForgetfulEvidence.Serve(silo);
        case ["run", .. var options]:
            return await Measurement.Run(Settings.From(options));
        case ["scaling", .. var options]:
            return await Scaling.Run(Settings.From(options));
        default:
            throw new InvalidOperationException("usage: bash perf/baseline.sh " + Settings.Usage);
    }
}
catch (Exception fault) when (fault is InvalidOperationException or IOException or FormatException)
{
    Console.Error.WriteLine("baseline: " + fault.Message);
    return 1;
}
