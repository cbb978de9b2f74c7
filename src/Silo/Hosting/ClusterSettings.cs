using System.Net;
using Assay.Grains;
using Assay.Silo.Interconnect;

namespace Assay.Silo.Hosting;

/// <summary>How silos find, watch and leave each other. The address and the certificates are in <see cref="InterconnectOptions"/>, of the same section.</summary>
internal sealed class ClusterSettings
{
    public const string Section = InterconnectOptions.Section;

    /// <summary>The port other silos reach this one at; bound at the silo's address. 11111 by default.</summary>
    public int SiloPort { get; set; } = 11111;

    /// <summary>
    /// Time between probes of another silo, and how long one may take. A silo is declared dead after three that failed in a row and as long without
    /// any message from it: in three to five seconds by default. 100 ms to 1 min; 1 s by default.
    /// </summary>
    public TimeSpan ProbeEvery { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How often a silo writes down that it lives. One that did not for three times as long is probed by those who join, so rows of a cluster that was
    /// killed whole hold nobody up for longer. 100 ms to 1 min; 2 s by default.
    /// </summary>
    public TimeSpan AliveEvery { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How often the membership table is read when nobody brings news. 100 ms to 1 min; 5 s by default.</summary>
    public TimeSpan RefreshEvery { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a call to a grain may take before its caller is told to try again (503). 100 ms to 1 min; 5 s by default.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// An identity nobody asks for leaves memory after this time. Longer than an assertion can be presented, so that nothing it spent is still of use
    /// then. 15 min by default.
    /// </summary>
    public TimeSpan IdleAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>
    /// How long a silo that was told to stop goes on serving while it says that it is not ready, so that proxies turn to others first. 0 to 1 min; 2 s
    /// by default.
    /// </summary>
    public TimeSpan DrainDelay { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long an orderly stop may take in all. Longer than <see cref="DrainDelay"/>; 30 s by default.</summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Adds every fault as a sentence.</summary>
    public void Check(TimeSpan clockSkew, List<string> faults)
    {
        if (SiloPort is < 1 or > 65535)
            faults.Add($"{Section}:{nameof(SiloPort)} must be 1 to 65535.");
        Between(nameof(ProbeEvery), ProbeEvery, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        Between(nameof(AliveEvery), AliveEvery, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        Between(nameof(RefreshEvery), RefreshEvery, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        Between(nameof(CallTimeout), CallTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        Between(nameof(DrainDelay), DrainDelay, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Between(nameof(StopTimeout), StopTimeout, DrainDelay + TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));

        // An identity that was dropped while idle hands nothing over: by then all it spent must have expired.
        var assertion = DecisionOptions.MaxAssertionLifetime + DecisionOptions.AssertionLeeway + clockSkew;
        Between(nameof(IdleAge), IdleAge, assertion + TimeSpan.FromMinutes(1), TimeSpan.FromDays(1));

        void Between(string name, TimeSpan value, TimeSpan least, TimeSpan most)
        {
            if (value < least || value > most)
                faults.Add($"{Section}:{name} must be from {least} to {most}; it is {value}.");
        }
    }

    /// <summary>The address as a number; a host name is looked up once, now. Null, with a fault, when it cannot be.</summary>
    public static IPAddress? Resolve(string address, List<string> faults)
    {
        if (IPAddress.TryParse(address, out var numeric))
        {
            if (!numeric.Equals(IPAddress.Any) && !numeric.Equals(IPAddress.IPv6Any))
                return numeric;
            faults.Add($"{Section}:{nameof(InterconnectOptions.Address)} '{address}' is every address of this machine; name the one that the other silos reach.");
            return null;
        }

        try
        {
            return Dns.GetHostAddresses(address).OrderBy(static found => found.AddressFamily).First();
        }
        catch (Exception fault) when (fault is System.Net.Sockets.SocketException or ArgumentException or InvalidOperationException)
        {
            faults.Add($"{Section}:{nameof(InterconnectOptions.Address)} '{address}' is neither an address nor a name that can be looked up: {fault.Message}");
            return null;
        }
    }
}
