using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Assay.Cluster.Tests.Running;

/// <summary>One silo of a cluster: the real program as a process, started again in the same place, with the same name.</summary>
internal sealed class SiloProcess : IAsyncDisposable
{
    private readonly StringBuilder output = new();
    private Process? process;

    public required string Name { get; init; }

    public required string Url { get; init; }

    public required string Folder { get; init; }

    /// <summary>Settings as environment variables; a colon parts sections.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>What the command is run by, for instance in a network namespace; empty for nothing.</summary>
    public IReadOnlyList<string> RunBy { get; init; } = [];

    public bool IsRunning => process is { HasExited: false };

    public int? ExitCode => process is { HasExited: true } ended ? ended.ExitCode : null;

    public string Output
    {
        get
        {
            lock (output)
                return output.ToString();
        }
    }

    public void Launch()
    {
        string[] command = [.. RunBy, "dotnet", Path.Combine(AppContext.BaseDirectory, "Assay.Silo.dll")];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Folder };
        foreach (var (name, value) in Settings)
            start.Environment[name.Replace(":", "__", StringComparison.Ordinal)] = value;
        process?.Dispose();
        process = Process.Start(start)!;
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>As the kernel kills: no handler runs, nothing is flushed.</summary>
    public async Task Kill()
    {
        process!.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>As an operator stops it.</summary>
    public async Task<int> Stop()
    {
        Signal("TERM");
        await UntilEnded();
        return process!.ExitCode;
    }

    public void Pause() => Signal("STOP");

    public void Resume() => Signal("CONT");

    public async Task UntilEnded()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        try
        {
            await process!.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            throw new InvalidOperationException($"{Name} does not end:\n{Output}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (IsRunning)
            await Kill();
        process?.Dispose();
    }

    private void Signal(string name)
    {
        var number = name switch { "TERM" => 15, "STOP" => 19, _ => 18 };
        if (Kill(process!.Id, number) != 0)
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"cannot signal process {process.Id}"));
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (output)
            output.AppendLine(line.Data);
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Kill(int pid, int signal);
}
