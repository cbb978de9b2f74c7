using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Assay.Baseline;

/// <summary>A server under measurement: a process of its own.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private const double TicksPerSecond = 100; // USER_HZ, what /proc counts in, on every Linux
    private readonly Process process;

    private ServerProcess(Process process, int port)
    {
        this.process = process;
        Port = port;
    }

    public int Port { get; }

    public string Url => UrlOf(Port);

    /// <summary>Processor time of the process so far: user and system.</summary>
    public TimeSpan Cpu => CpuOf(process.Id);

    /// <summary>Bytes that it has allocated so far, by its metrics; null when it has none.</summary>
    public async Task<long?> Allocated()
    {
        const string name = "\ndotnet_gc_heap_total_allocated_bytes_total";
        using var http = new HttpClient();
        using var answer = await http.GetAsync(Url + "/metrics");
        if (!answer.IsSuccessStatusCode)
            return null;
        var text = await answer.Content.ReadAsStringAsync();
        if (text.IndexOf(name, StringComparison.Ordinal) is var at && at < 0)
            return null;
        var line = text.AsSpan(at + 1);
        line = line[..line.IndexOf('\n')];
        line = line[(line.LastIndexOf('}') + 1)..].Trim();
        return (long)double.Parse(line[..(line.IndexOf(' ') is var end && end < 0 ? line.Length : end)], CultureInfo.InvariantCulture);
    }

    /// <param name="cores">The cores it may use, as taskset reads them; null for all.</param>
    public static async Task<ServerProcess> Start(string program, Func<string, string[]> arguments, string? cores, params (string Name, string Value)[] environment)
    {
        var port = FreePort();
        var start = cores is null
            ? new ProcessStartInfo(program, arguments(UrlOf(port))) { RedirectStandardOutput = true }
            : new ProcessStartInfo("taskset", ["-c", cores, program, .. arguments(UrlOf(port))]) { RedirectStandardOutput = true };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var server = new ServerProcess(Process.Start(start)!, port);
        server.process.OutputDataReceived += static (_, _) => { }; // read, so that the process never waits for it
        server.process.BeginOutputReadLine();
        await server.UntilReady();
        return server;
    }

    /// <param name="processId">Of this machine.</param>
    /// <param name="withReaped">Also what its children used that have ended.</param>
    public static TimeSpan CpuOf(int processId, bool withReaped = false)
    {
        var line = File.ReadAllText($"/proc/{processId}/stat");
        var fields = line[(line.LastIndexOf(')') + 2)..].Split(' '); // from field 3 on: what comes before may hold anything
        return TimeSpan.FromSeconds((Ticks(fields[11]) + Ticks(fields[12]) + (withReaped ? Ticks(fields[13]) + Ticks(fields[14]) : 0)) / TicksPerSecond);

        static double Ticks(string field) => double.Parse(field, CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static string UrlOf(int port) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");

    private async Task UntilReady()
    {
        using var http = new HttpClient();
        var clock = TimeProvider.System;
        var started = clock.GetTimestamp();
        while (clock.GetElapsedTime(started) < TimeSpan.FromSeconds(90))
        {
            if (process.HasExited)
                throw new InvalidOperationException($"{process.StartInfo.FileName} {process.StartInfo.ArgumentList[2]} ended with exit code {process.ExitCode}");
            try
            {
                using var ready = await http.GetAsync(Url + "/health/ready");
                if (ready.IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException)
            {
                // not listening yet
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), clock);
        }

        throw new InvalidOperationException($"{Url} was not ready within 90 seconds");
    }

    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
