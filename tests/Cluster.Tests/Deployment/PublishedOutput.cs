using System.Runtime.InteropServices;

namespace Assay.Cluster.Tests.Deployment;

/// <summary>What <c>dotnet publish src/Silo</c> makes: what an image contains and an operator installs. Readable by everybody, writable by root alone.</summary>
public sealed class PublishedOutput : IAsyncLifetime
{
    private readonly WorkFolder work = new();

    /// <summary>The user a silo runs as in these tests when they themselves run as root.</summary>
    internal const string User = "65534:65534";

    internal string Silo => work["silo/Assay.Silo"];

    public async ValueTask InitializeAsync()
    {
        // What the tests were built from, in the same configuration: not built again.
        var configuration = AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";
        var published = await Tools.Run(
            "dotnet", ["publish", Path.Combine(Tools.Checkout, "src/Silo/Silo.csproj"), "-c", configuration, "--no-build", "--nologo", "-o", work["silo"]]);
        Assert.True(published.ExitCode == 0, published.Output);
        var readable = await Tools.Run("chmod", ["-R", "a+rX,a-w", work["silo"]]);
        Assert.True(readable.ExitCode == 0, readable.Output);
        File.SetUnixFileMode(work.Path, (UnixFileMode)0b111_101_101);
    }

    public async ValueTask DisposeAsync()
    {
        await Tools.Run("chmod", ["-R", "u+w", work.Path]);
        work.Dispose();
    }

    /// <summary>
    /// Runs a silo as it runs in a container: not root, without capabilities, and, as far as this machine lets us, in a mount namespace of its own where
    /// everything but <paramref name="data"/> is read-only.
    /// </summary>
    /// <param name="data">The only folder it may write to. Given to its user.</param>
    /// <param name="arguments">Of the silo.</param>
    /// <param name="environment">All it gets besides PATH, and how the runtime of these tests compiles.</param>
    internal async Task<Running> Confined(string data, IEnumerable<string> arguments, Dictionary<string, string> environment)
    {
        string[] variables =
        [
            $"DOTNET_ROOT={Path.GetFullPath("../../..", RuntimeEnvironment.GetRuntimeDirectory())}", // where an image has it, nobody need say so
            .. environment.Append(new("DOTNET_EnableDiagnostics", "0")).Append(new("PATH", Environment.GetEnvironmentVariable("PATH")!)).Select(pair => $"{pair.Key}={pair.Value}"),
            .. Environment.GetEnvironmentVariable("DOTNET_TieredPGO") is { } profile ? [$"DOTNET_TieredPGO={profile}"] : Array.Empty<string>(),
        ];
        string[] silo = ["env", "-i", .. variables, Silo, .. arguments];
        if (!Tools.IsRoot)
            return Tools.Start(silo[0], silo[1..]);

        var owned = await Tools.Run("chown", ["-R", User, data]);
        Assert.True(owned.ExitCode == 0, owned.Output);
        var ids = User.Split(':');
        string[] asUser = ["setpriv", $"--reuid={ids[0]}", $"--regid={ids[1]}", "--clear-groups", "--no-new-privs", "--bounding-set=-all", .. silo];
        if (!await CanUnshare())
            return Tools.Start(asUser[0], asUser[1..]);

        const string readOnlyRoot = """
            set -eu
            mount --rbind / "$1"
            mount -o remount,bind,ro "$1"
            mount --bind "$2" "$1$2"
            root=$1; data=$2; shift 2
            exec chroot "$root" sh -ec 'cd "$1"; shift; ! touch /tmp/written-by-a-silo 2> /dev/null; exec "$@"' sh "$data" "$@"
            """;
        var root = Directory.CreateDirectory(work["root"]).FullName;
        return Tools.Start("unshare", ["--mount", "--propagation", "private", "sh", "-c", readOnlyRoot, "sh", root, data, .. asUser]);
    }

    /// <summary>Whether this machine lets root make a mount namespace (an ordinary container does not).</summary>
    internal static async Task<bool> CanUnshare() =>
        Tools.IsRoot && Tools.Find("unshare") is not null
        && (await Tools.Run("unshare", ["--mount", "--propagation", "private", "mount", "--bind", "/tmp", "/tmp"])).ExitCode == 0;
}
