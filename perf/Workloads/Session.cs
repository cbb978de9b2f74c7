using System.Diagnostics;
using System.Net;

namespace Assay.Workloads;

/// <summary>One run against one cluster: where it is, who asks, and the connections.</summary>
public sealed class Session : IDisposable
{
    private readonly List<Figure> figures = [];
    private readonly List<Process> started = [];
    private int turn = -1;

    /// <param name="silos">Asked in turn.</param>
    /// <param name="connections">At most so many to each silo.</param>
    /// <param name="http2">HTTP/2 from the first byte on, without TLS where the URL has none.</param>
    public Session(IReadOnlyList<Uri> silos, Population population, int connections = 256, bool http2 = false)
    {
        Silos = silos;
        Population = population;
        Http = new HttpClient(new SocketsHttpHandler
        {
            MaxConnectionsPerServer = http2 ? int.MaxValue : connections, EnableMultipleHttp2Connections = true, AllowAutoRedirect = false, UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
        })
        {
            Timeout = TimeSpan.FromSeconds(30),
            DefaultRequestVersion = http2 ? HttpVersion.Version20 : HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        Tokens = new TokenCalls(this);
        Admin = new AdminCalls(this);
    }

    public IReadOnlyList<Uri> Silos { get; }

    public Population Population { get; }

    public HttpClient Http { get; }

    public TokenCalls Tokens { get; }

    public AdminCalls Admin { get; }

    public TimeProvider Clock { get; } = TimeProvider.System;

    /// <summary>Tokens in one batch request; 256 at most.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>The process of the silo that is killed in <c>silo-loss</c>: of this machine, and started to be killed.</summary>
    public int? Victim { get; init; }

    /// <summary>What <c>cold-start</c> starts: a program and its arguments.</summary>
    public IReadOnlyList<string> StartCommand { get; init; } = [];

    /// <summary>What was found out beside rates and latencies.</summary>
    public IReadOnlyList<Figure> Figures => figures;

    /// <summary>The silo whose turn it is.</summary>
    public Uri Next() => Silos[(int)((uint)Interlocked.Increment(ref turn) % (uint)Silos.Count)];

    public void Note(Figure figure) => figures.Add(figure);

    /// <summary>Starts <see cref="StartCommand"/>; ends with the session. Its output is read and dropped, so that it never waits.</summary>
    public void StartServer()
    {
        if (StartCommand.Count == 0)
            throw new InvalidOperationException("cold-start needs the command that starts a silo: --start '…'");
        var start = new ProcessStartInfo(StartCommand[0], StartCommand.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true };
        var process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        started.Add(process);
    }

    public void Dispose()
    {
        Http.Dispose();
        foreach (var process in started)
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }
    }
}

/// <param name="AtMost">What it must not exceed; null when nothing is asked of it.</param>
public sealed record Figure(string Name, double Value, string Unit, double? AtMost = null);
