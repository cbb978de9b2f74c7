using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Assay.Cedar.Oracle;

/// <summary>The official engine in a Node process of its own, which lives until disposed.</summary>
public sealed class OfficialEngine : IDisposable
{
    private const string Package = "node_modules/@cedar-policy/cedar-wasm/package.json";

    private readonly Process node;

    private OfficialEngine(Process node) => this.node = node;

    /// <summary>Why there is no official engine on this machine; null when there is one.</summary>
    public static string? Missing()
    {
        if (Modules() is null)
            return "@cedar-policy/cedar-wasm is not installed: npm ci in tests/Cedar.Oracle, or name a folder with it in CEDAR_ORACLE_MODULES";

        try
        {
            using var probe = Process.Start(new ProcessStartInfo("node", "--version") { RedirectStandardOutput = true });
            probe?.WaitForExit();
            return probe is { ExitCode: 0 } ? null : "node does not run";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "node is not installed";
        }
    }

    internal static OfficialEngine Start()
    {
        // Without the flags this module fails on Node 20 once its code has been optimized.
        var start = new ProcessStartInfo("node")
        {
            ArgumentList = { "--no-turbo-inline-js-wasm-calls", "--no-turbofan", Path.Combine(AppContext.BaseDirectory, "engine.cjs"), Modules()! },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            StandardOutputEncoding = Encoding.UTF8,
        };
        return new OfficialEngine(Process.Start(start) ?? throw new InvalidOperationException("node does not start"));
    }

    /// <summary>Makes the calls of each line, and gives what each returned, in order.</summary>
    /// <exception cref="IOException">The process has ended.</exception>
    internal async Task<IReadOnlyList<JsonElement>> Ask(IReadOnlyList<JsonArray> lines)
    {
        // Written beside reading: with both pipes full, either would wait for the other.
        var write = Write(lines);
        var answers = new List<JsonElement>(lines.Count);
        while (answers.Count < lines.Count)
        {
            var line = await node.StandardOutput.ReadLineAsync() ?? throw new IOException("the official engine has ended");
            using var json = JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = 1024 });
            answers.Add(json.RootElement.Clone());
        }

        await write;
        return answers;
    }

    public void Dispose()
    {
        if (!node.HasExited)
            node.Kill();

        node.Dispose();
    }

    private async Task Write(IReadOnlyList<JsonArray> lines)
    {
        foreach (var line in lines)
            await node.StandardInput.WriteLineAsync(line.ToJsonString());

        await node.StandardInput.FlushAsync();
    }

    /// <summary>The folder with node_modules: named by the environment, or the project's own above the program.</summary>
    private static string? Modules()
    {
        if (Environment.GetEnvironmentVariable("CEDAR_ORACLE_MODULES") is { Length: > 0 } named)
            return File.Exists(Path.Combine(named, Package)) ? named : null;

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            foreach (var candidate in (string[])[folder.FullName, Path.Combine(folder.FullName, "Cedar.Oracle")])
            {
                if (File.Exists(Path.Combine(candidate, Package)))
                    return candidate;
            }
        }

        return null;
    }
}
