using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Assay.Tests.Shared;

namespace Assay.Cli.Tests;

/// <summary>What a run of the built CLI printed, and how it ended.</summary>
public sealed record Ran(int ExitCode, string Output, string Errors);

/// <summary>The built CLI as its users start it, in a folder of its own with a silo's data folder in it.</summary>
public sealed class CliProcess : IDisposable
{
    private readonly Dictionary<string, string> environment = [];

    public CliProcess(FakeServer? server)
    {
        Directory.CreateDirectory(Data);
        if (server is null)
            return;

        File.WriteAllText(Path.Combine(Data, "server.json"), $$"""{"issuer":"{{server.Issuer.OriginalString}}"}""");
        WriteKey(Path.Combine(Data, "bootstrap.jwk"));
    }

    /// <summary>The working folder.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("assay-cli-").FullName;

    public string Data => Path.Combine(Folder, ".assay");

    public void Set(string variable, string value) => environment[variable] = value;

    public Task<Ran> Run(params string[] arguments) => RunWith(null, arguments);

    public Task<Ran> RunWith(string? input, params string[] arguments) => Run(new ProcessStartInfo("dotnet", [BuiltCli.Path, .. arguments]), input);

    /// <summary>With its errors led to where its output goes, as logs of CI have them.</summary>
    public Task<Ran> RunIntoOne(params string[] arguments) =>
        Run(new ProcessStartInfo("sh", ["-c", "exec \"$@\" 2>&1", "sh", "dotnet", BuiltCli.Path, .. arguments]), null);

    private async Task<Ran> Run(ProcessStartInfo start, string? input)
    {
        start.WorkingDirectory = Folder;
        start.RedirectStandardOutput = start.RedirectStandardError = start.RedirectStandardInput = true;
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("ASSAY_", StringComparison.Ordinal)).ToArray())
            start.Environment.Remove(name);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;

        using var process = Process.Start(start)!;
        if (input is not null)
            await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return new Ran(process.ExitCode, (await output).ReplaceLineEndings("\n"), (await errors).ReplaceLineEndings("\n"));
    }

    /// <summary>Writes a private P-256 JWK and returns its private member, so that a test can look for it where it must not be.</summary>
    public static string WriteKey(string file)
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var key = pair.ExportParameters(includePrivateParameters: true);
        string Text(byte[]? bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, JsonSerializer.Serialize(new { kty = "EC", crv = "P-256", x = Text(key.Q.X), y = Text(key.Q.Y), d = Text(key.D) }));
        return Text(key.D);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}

/// <summary>A server and a CLI that knows it.</summary>
public abstract class CliTest : IAsyncLifetime
{
    protected FakeServer Server { get; private set; } = null!;

    protected CliProcess Cli { get; private set; } = null!;

    protected static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public async ValueTask InitializeAsync()
    {
        Server = await FakeServer.Start();
        Cli = new CliProcess(Server);
    }

    public async ValueTask DisposeAsync()
    {
        Cli.Dispose();
        await Server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>The scopes of the one admin token that was asked for.</summary>
    protected string AdminScopes()
    {
        var form = Assert.Single(Server.Requests, asked => asked.Path == "/oauth/token").Body;
        Assert.Contains("resource=urn%3Aassay%3Aadmin", form);
        return Uri.UnescapeDataString(form.Split('&').Single(pair => pair.StartsWith("scope=", StringComparison.Ordinal))["scope=".Length..].Replace('+', ' '));
    }

    protected static string Moment(TimeSpan ago) => (Now - ago).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
