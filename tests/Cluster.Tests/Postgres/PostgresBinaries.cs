using System.Diagnostics;
using System.Globalization;

namespace Assay.Cluster.Tests.Postgres;

/// <summary>The newest PostgreSQL installed here, run as a user that is not root: it refuses to run as root.</summary>
internal static class PostgresBinaries
{
    private const string Installed = "/usr/lib/postgresql";

    private static readonly string? Folder = Find();

    /// <summary>Why nothing that needs PostgreSQL can be tested here; null when it can.</summary>
    public static string? Missing { get; } = Folder is null ? $"there is no PostgreSQL in {Installed}/*/bin (on Debian: apt-get install postgresql)" : null;

    private static bool IsRoot => Environment.UserName == "root";

    /// <summary>A new folder that the server's user owns.</summary>
    public static async Task<string> NewFolder()
    {
        var folder = Directory.CreateTempSubdirectory("assay-postgres-").FullName;
        if (IsRoot)
            await Finish(Process.Start(Command("chown", ["nobody:nogroup", folder]))!);
        return folder;
    }

    /// <summary>Runs one of its programs to the end. Throws, with what it said, when it fails.</summary>
    public static Task Run(string program, params IEnumerable<string> arguments) => RunBy([], program, arguments);

    /// <summary>As <see cref="Run"/>, through another command.</summary>
    public static Task RunBy(IReadOnlyList<string> by, string program, params IEnumerable<string> arguments)
    {
        string[] user = IsRoot ? ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] : [];
        string[] command = [.. by, .. user, Path.Combine(Folder!, program), .. arguments];
        return Finish(Process.Start(Command(command[0], command[1..]))!);
    }

    private static ProcessStartInfo Command(string file, IEnumerable<string> arguments) => new(file, arguments)
    {
        // Its own folder may not be open to that user.
        WorkingDirectory = "/",
        RedirectStandardError = true,
        RedirectStandardOutput = true,
    };

    private static async Task Finish(Process process)
    {
        using (process)
        {
            // Not read to their ends: a server that pg_ctl started keeps them open.
            var said = new List<string>();
            process.OutputDataReceived += (_, line) => Add(said, line.Data);
            process.ErrorDataReceived += (_, line) => Add(said, line.Data);
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            while (!process.HasExited)
                await Task.Delay(10);
            if (process.ExitCode != 0)
            {
                lock (said)
                    throw new InvalidOperationException($"{process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)} failed:\n{string.Join('\n', said)}");
            }
        }
    }

    private static void Add(List<string> said, string? line)
    {
        lock (said)
            said.Add(line ?? "");
    }

    private static string? Find() => !Directory.Exists(Installed)
        ? null
        : Directory.GetDirectories(Installed)
            .Where(version => File.Exists(Path.Combine(version, "bin", "initdb")))
            .OrderByDescending(version => double.Parse(Path.GetFileName(version), CultureInfo.InvariantCulture))
            .Select(version => Path.Combine(version, "bin"))
            .FirstOrDefault();
}
