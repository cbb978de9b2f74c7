using System.Diagnostics;
using Assay.Tests.Shared;

namespace Assay.Silo.Tests.Running;

/// <summary>The built CLI against a running silo, as its first administrator types it.</summary>
internal static class AssayCli
{
    public static async Task<(int ExitCode, string Output, string Errors)> Assay(this RunningSilo silo, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = silo.Folder, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(BuiltCli.Path);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment["ASSAY_DATA"] = silo.Data;
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }
}
