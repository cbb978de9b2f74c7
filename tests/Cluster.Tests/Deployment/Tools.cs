using System.Diagnostics;
using System.Text;
using Assay.Tests.Shared;

// Signals, users, PostgreSQL as a user of its own: these tests are for Unix.
[assembly: System.Runtime.Versioning.UnsupportedOSPlatform("windows")]

namespace Assay.Cluster.Tests.Deployment;

/// <summary>Programs of this machine, and the checkout the tests run from.</summary>
internal static class Tools
{
    public static bool IsRoot => Environment.UserName == "root";

    /// <summary>The folder with Cluster.sln in it.</summary>
    public static string Checkout { get; } = FindCheckout();

    /// <summary>Where a program is; null when it is not installed.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Append("/sbin")
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>Skips the test, and says why, where a program is missing.</summary>
    /// <returns>Where it is.</returns>
    public static string Need(string program, string package)
    {
        var found = Find(program);
        Assert.SkipWhen(found is null, $"there is no {program} here (on Debian: apt-get install {package})");
        return found!;
    }

    /// <summary>Runs a program to its end.</summary>
    public static async Task<Finished> Run(string program, IEnumerable<string> arguments, Dictionary<string, string>? environment = null)
    {
        using var running = Start(program, arguments, environment);
        await running.Process.WaitForExitAsync();
        return new Finished(running.Process.ExitCode, running.Output);
    }

    /// <summary>Starts a program whose output is kept.</summary>
    public static Running Start(string program, IEnumerable<string> arguments, Dictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        foreach (var (name, value) in environment ?? [])
            start.Environment[name] = value;
        return new Running(start);
    }

    private static string FindCheckout()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(at.FullName, "Cluster.sln")))
            at = at.Parent ?? throw new InvalidOperationException("the tests do not run from a checkout");
        return at.FullName;
    }
}

internal sealed record Finished(int ExitCode, string Output);

/// <summary>A process of the test's own, ended with it.</summary>
internal sealed class Running : IDisposable
{
    private readonly StringBuilder output = new();

    public Running(ProcessStartInfo start)
    {
        Process = Process.Start(start)!;
        Process.OutputDataReceived += Keep;
        Process.ErrorDataReceived += Keep;
        Process.BeginOutputReadLine();
        Process.BeginErrorReadLine();
    }

    public Process Process { get; }

    public string Output
    {
        get
        {
            lock (output)
                return output.ToString();
        }
    }

    /// <summary>Asks it to end, and waits until it has.</summary>
    public async Task<int> Terminate()
    {
        await Tools.Run("kill", ["-TERM", Process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await Process.WaitForExitAsync();
        return Process.ExitCode;
    }

    public void Dispose()
    {
        if (!Process.HasExited)
        {
            Process.Kill();
            Process.WaitForExit();
        }

        Process.Dispose();
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (output)
            output.AppendLine(line.Data);
    }
}

/// <summary>A folder that goes with the test.</summary>
internal sealed class WorkFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("assay-deploy-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
