using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Assay.Local;

/// <summary>Where and of what something was measured. Without it a figure says nothing.</summary>
/// <param name="Load">Of the last minute, before the run: what else was going on.</param>
/// <param name="Commit">Of the checkout the run was started in, with <c>+</c> when files differ from it; null when there is none.</param>
internal sealed record Machine(string Processor, int Cores, long MemoryMiB, string Os, string Runtime, string? Load, string? Commit)
{
    public static Machine Here() => new(
        Line("/proc/cpuinfo", "model name")?.Split(':', 2)[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString(),
        Environment.ProcessorCount,
        GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20,
        RuntimeInformation.OSDescription,
        RuntimeInformation.FrameworkDescription,
        File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : null,
        Git("rev-parse", "--short=12", "HEAD") is { } commit ? commit + (string.IsNullOrEmpty(Git("status", "--porcelain", "--untracked-files=no")) ? "" : "+") : null);

    private static string? Line(string file, string start) =>
        File.Exists(file) ? File.ReadLines(file).FirstOrDefault(line => line.StartsWith(start, StringComparison.Ordinal)) : null;

    private static string? Git(params string[] arguments)
    {
        try
        {
            using var git = Process.Start(new ProcessStartInfo("git", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var said = git.StandardOutput.ReadToEnd().Trim();
            git.WaitForExit();
            return git.ExitCode == 0 ? said : null;
        }
        catch (Exception fault) when (fault is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            return null;
        }
    }
}
