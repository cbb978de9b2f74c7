using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace Assay.Cluster.Tests.Running;

/// <summary>
/// A small network of the test's own: a bridge and one network namespace a machine, so that any two can be cut off from each other for real. The
/// test itself reaches all of them, always. Needs root and iproute2 (Linux).
/// </summary>
internal sealed class SiloNetwork : IAsyncDisposable
{
    private readonly string id = "as" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(2));
    private readonly string subnet = string.Create(CultureInfo.InvariantCulture, $"10.{RandomNumberGenerator.GetInt32(200, 250)}.{RandomNumberGenerator.GetInt32(1, 250)}");
    private readonly Dictionary<string, string> addresses = [];

    private SiloNetwork()
    {
    }

    /// <summary>Why there can be none here; null when there can.</summary>
    public static string? Missing =>
        !OperatingSystem.IsLinux() || Environment.UserName != "root" ? "network namespaces need root on Linux"
        : !File.Exists("/usr/sbin/ip") && !File.Exists("/sbin/ip") ? "network namespaces need iproute2"
        : null;

    public static async Task<SiloNetwork> Create()
    {
        var network = new SiloNetwork();
        await Ip($"link add {network.id} type bridge");
        await Ip($"addr add {network.subnet}.1/24 dev {network.id}");
        await Ip($"link set {network.id} up");
        return network;
    }

    public string AddressOf(string machine) => addresses[machine];

    /// <summary>What runs a command on that machine.</summary>
    public IReadOnlyList<string> RunOn(string machine) => ["ip", "netns", "exec", Namespace(machine)];

    public async Task Add(string machine)
    {
        var number = addresses.Count + 1;
        var address = string.Create(CultureInfo.InvariantCulture, $"{subnet}.{number + 10}");
        var outer = string.Create(CultureInfo.InvariantCulture, $"{id}v{number}");
        await Ip($"netns add {Namespace(machine)}");
        addresses[machine] = address;
        await Ip($"link add {outer} type veth peer name eth0 netns {Namespace(machine)}");
        await Ip($"link set {outer} master {id}");
        await Ip($"link set {outer} up");
        await Ip($"-n {Namespace(machine)} addr add {address}/24 dev eth0");
        await Ip($"-n {Namespace(machine)} link set eth0 up");
        await Ip($"-n {Namespace(machine)} link set lo up");
    }

    /// <summary>
    /// Nothing gets from one to the other any more, in either direction, and neither is told: each sends to an address on the wire that nobody has.
    /// </summary>
    public async Task Cut(string one, string other)
    {
        await Ip($"-n {Namespace(one)} neigh replace {addresses[other]} lladdr 02:00:00:00:00:01 nud permanent dev eth0");
        await Ip($"-n {Namespace(other)} neigh replace {addresses[one]} lladdr 02:00:00:00:00:01 nud permanent dev eth0");
    }

    public async Task Heal(string one, string other)
    {
        await Ip($"-n {Namespace(one)} neigh del {addresses[other]} dev eth0");
        await Ip($"-n {Namespace(other)} neigh del {addresses[one]} dev eth0");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var machine in addresses.Keys)
            await Ip($"netns del {Namespace(machine)}");
        await Ip($"link del {id}");
    }

    private string Namespace(string machine) => $"{id}-{machine}";

    private static async Task Ip(string arguments)
    {
        using var ip = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true })!;
        var fault = await ip.StandardError.ReadToEndAsync();
        await ip.WaitForExitAsync();
        if (ip.ExitCode != 0)
            throw new InvalidOperationException($"ip {arguments}: {fault}");
    }
}
