using System.Diagnostics;
using Assay.Silo.Tests.Running;
using Assay.Tests.Shared;

namespace Assay.Silo.Tests.Samples;

/// <summary>The story of samples/incident, walked through on a real silo as its README says.</summary>
public sealed class IncidentSampleTests
{
    [Fact]
    public async Task From_the_alert_to_the_containment_to_the_proof()
    {
        var programs = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        foreach (var needed in (string[])["bash", "curl"])
            Assert.SkipUnless(programs.Any(folder => File.Exists(Path.Combine(folder, needed))), $"the script needs {needed}");
        var sample = Path.Combine(RunningSilo.Checkout(), "samples", "incident");
        await using var silo = await RunningSilo.Start(("Assay:Bundle", Path.Combine(sample, "bundle")), ("Assay:TrustedProxies", "127.0.0.1"));

        var start = new ProcessStartInfo("bash", [Path.Combine(sample, "run.sh")]) { WorkingDirectory = silo.Folder, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["ASSAY"] = $"dotnet {BuiltCli.Path}";
        start.Environment["ASSAY_DATA"] = silo.Data;
        using var walk = Process.Start(start)!;
        var (output, errors) = (walk.StandardOutput.ReadToEndAsync(), walk.StandardError.ReadToEndAsync());
        await walk.WaitForExitAsync();

        Assert.True(walk.ExitCode == 0, $"{await output}\n{await errors}");
        Assert.EndsWith("Done: from the alert to the proof.\n", await output);
    }
}
