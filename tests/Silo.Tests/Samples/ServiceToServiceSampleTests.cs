using System.Diagnostics;
using Assay.Silo.Tests.Running;
using Assay.Tests.Shared;

namespace Assay.Silo.Tests.Samples;

/// <summary>The walk of samples/service-to-service: the five lines and the one line that README.md shows, against a silo of their own.</summary>
public sealed class ServiceToServiceSampleTests
{
    [Fact]
    public async Task A_call_an_entitlement_that_is_removed_and_a_token_that_is_revoked()
    {
        var programs = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        foreach (var needed in (string[])["bash", "curl"])
            Assert.SkipUnless(programs.Any(folder => File.Exists(Path.Combine(folder, needed))), $"the script needs {needed}");
        var sample = Path.Combine(RunningSilo.Checkout(), "samples", "service-to-service");
        var start = new ProcessStartInfo("bash", [Path.Combine(sample, "run.sh")]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, program) in new[] { ("SILO", Path.Combine(AppContext.BaseDirectory, "Assay.Silo.dll")), ("ASSAY", BuiltCli.Path) })
            start.Environment[name] = $"dotnet {program}";
        var built = new DirectoryInfo(AppContext.BaseDirectory); // bin/configuration/framework
        foreach (var (name, project) in new[] { ("API", "Api"), ("CALLER", "Caller") })
            start.Environment[name] = $"dotnet {Path.Combine(sample, project, "bin", built.Parent!.Name, built.Name, $"Assay.{project}.dll")}";
        (start.Environment["ISSUER_URL"], start.Environment["API_URL"]) = ($"http://127.0.0.1:{Ports.Free()}", $"http://127.0.0.1:{Ports.Free()}");

        using var walk = Process.Start(start)!;
        var (output, errors) = (walk.StandardOutput.ReadToEndAsync(), walk.StandardError.ReadToEndAsync());
        await walk.WaitForExitAsync();

        Assert.True(walk.ExitCode == 0, $"{await output}\n{await errors}");
        Assert.EndsWith("Done: one service called another.\n", await output);
    }
}
