using System.Diagnostics;
using System.Text;
using Assay.Silo.Recovery;
using Assay.Tests.Shared;

namespace Assay.Silo.Tests.Running;

/// <summary>The real program as a process of its own, on loopback, with a data folder and a key-encryption key of the test's.</summary>
internal sealed class RunningSilo : IAsyncDisposable
{
    private readonly Dictionary<string, string> settings;
    private readonly StringBuilder output = new();
    private readonly SemaphoreSlim said = new(0);
    private Process? process;

    private RunningSilo(string folder, Dictionary<string, string> settings)
    {
        Folder = folder;
        this.settings = settings;
        Url = $"http://127.0.0.1:{Ports.Free()}";
        Http = new HttpClient(Presented) { Timeout = TimeSpan.FromMinutes(2) };
    }

    public string Folder { get; }

    public string Data => Path.Combine(Folder, "data");

    public string Url { get; }

    public int ProcessId => process!.Id;

    public string Output
    {
        get
        {
            lock (output)
                return output.ToString();
        }
    }

    public HttpClient Http { get; }

    /// <summary>What went through <see cref="Http"/> and must not be found in anything the silo wrote.</summary>
    public PresentedSecrets Presented { get; } = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(1) });

    public static async Task<RunningSilo> Start(params (string Name, string Value)[] settings)
    {
        var folder = Directory.CreateTempSubdirectory("assay-silo-").FullName;
        var silo = new RunningSilo(folder, settings.ToDictionary(setting => setting.Name, setting => setting.Value));
        await silo.Start();
        return silo;
    }

    public async Task Start()
    {
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList =
            {
                Path.Combine(AppContext.BaseDirectory, "Assay.Silo.dll"), "--data", Data, "--url", Url, "--bundle", settings.GetValueOrDefault("Assay:Bundle") ?? Path.Combine(Checkout(), "samples", "quickstart"),
            },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Folder,
        };
        start.Environment["XDG_CONFIG_HOME"] = Path.Combine(Folder, "config");
        foreach (var (name, value) in settings)
            start.Environment[name.Replace(":", "__", StringComparison.Ordinal)] = value.Replace("{url}", Url, StringComparison.Ordinal);

        process = Process.Start(start)!;
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await UntilReady();
    }

    /// <summary>As the kernel kills: no handler runs, nothing is flushed.</summary>
    public async Task Kill()
    {
        process!.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>Completes when it has written that to its log.</summary>
    public async Task UntilSaid(string text)
    {
        while (!Output.Contains(text, StringComparison.Ordinal))
            Assert.True(await said.WaitAsync(TimeSpan.FromSeconds(90)), $"the silo never said '{text}':\n{Output}");
    }

    /// <summary>Completes when it has written down, for its next start, that the feed came that far.</summary>
    public async Task UntilSeen(long number)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!Directory.GetFiles(Path.Combine(Folder, "config", "assay"), "*.seen").Any(file => SeenHistory.Read(file) is { } seen && seen.Number >= number))
            await Task.Delay(20, patience.Token);
    }

    /// <summary>Another command of the program on the folder of this silo.</summary>
    public Task<(int ExitCode, string Output)> Run(params string[] arguments) =>
        Run(Folder, Path.Combine(Folder, "config"), [.. arguments, "--data", Data, "--url", Url]);

    /// <param name="configuration">The user's configuration folder.</param>
    public static async Task<(int ExitCode, string Output)> Run(string folder, string configuration, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Assay.Silo.dll"), .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder,
        };
        start.Environment["XDG_CONFIG_HOME"] = configuration;
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await errors);
    }

    public string KeyFile(string identity) => Path.Combine(Data, "keys", identity + ".jwk");

    public async ValueTask DisposeAsync()
    {
        if (process is { HasExited: false })
            await Kill();
        process?.Dispose();
        Http.Dispose();
        var leak = Leak();
        Directory.Delete(Folder, recursive: true);
        Assert.True(leak is null, leak);
    }

    /// <summary>Where something stands that was presented or issued: in the log of the process, or in a file that it wrote. Null when nowhere. When the process has ended.</summary>
    public string? Leak()
    {
        if (Presented.FoundIn(Encoding.UTF8.GetBytes(Output)) is { } said)
            return $"'{said}' stands in what the silo said";
        foreach (var file in Directory.Exists(Data) ? Directory.GetFiles(Data, "*", SearchOption.AllDirectories) : [])
        {
            if (!file.EndsWith(".jwk", StringComparison.Ordinal) && Presented.FoundIn(File.ReadAllBytes(file)) is { } stored) // private keys lie in files of their own
                return $"'{stored}' stands in {Path.GetRelativePath(Data, file)}";
        }

        return null;
    }

    public static string Checkout()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(at.FullName, "Cluster.sln")))
            at = at.Parent ?? throw new InvalidOperationException("the tests do not run from a checkout");
        return at.FullName;
    }

    private async Task UntilReady()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        while (true)
        {
            if (process!.HasExited)
                throw new InvalidOperationException("the silo ended:\n" + Output);
            try
            {
                using var ready = await Http.GetAsync(Url + "/health/ready", patience.Token);
                if (ready.IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException)
            {
                // not listening yet
            }
            catch (OperationCanceledException)
            {
                throw new InvalidOperationException("the silo is not ready:\n" + Output);
            }

            await Task.Delay(100, CancellationToken.None);
        }
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (output)
            output.AppendLine(line.Data);
        said.Release();
    }

}

/// <summary>One silo for the tests of a class, with the quickstart bundle.</summary>
public sealed class SiloFixture : IAsyncLifetime
{
    internal RunningSilo Silo { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Silo = await RunningSilo.Start();

    public async ValueTask DisposeAsync() => await Silo.DisposeAsync();
}
