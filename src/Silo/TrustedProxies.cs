using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace Assay.Silo;

/// <summary>
/// The proxies whose word about a client's address counts (<c>X-Forwarded-For</c>). The address limits failed authentications and is an input of policy,
/// so whoever could choose it could get around both: nobody is believed who is not named.
/// </summary>
internal sealed record TrustedProxies(IReadOnlyList<IPNetwork> Networks)
{
    public const string Setting = "Assay:TrustedProxies";

    /// <param name="text">Addresses and networks (<c>10.0.0.0/24</c>), separated by commas; nobody when there are none.</param>
    /// <param name="faults">Gets a sentence for each that cannot be used.</param>
    public static TrustedProxies Parse(string? text, List<string> faults)
    {
        var networks = new List<IPNetwork>();
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (IPAddress.TryParse(part, out var address))
                networks.Add(new IPNetwork(address, address.GetAddressBytes().Length * 8));
            else if (!IPNetwork.TryParse(part, out var network))
                faults.Add($"{Setting}: '{part}' is neither an address nor a network such as 10.0.0.0/24.");
            else if (network.PrefixLength == 0)
                faults.Add($"{Setting}: '{part}' is everybody. Name the proxies: whoever is believed chooses the address that limits and policies see.");
            else
                networks.Add(network);
        }

        return new TrustedProxies(networks);
    }

    /// <summary>From here on the connection's remote address is the client's, as far as the named proxies vouch for it: the last one that is not one of them.</summary>
    /// <exception cref="InvalidOperationException">The host is told to believe everybody.</exception>
    public void Use(WebApplication app)
    {
        if (app.Configuration.GetValue("ForwardedHeaders_Enabled", false))
        {
            throw new InvalidOperationException(
                $"ASPNETCORE_FORWARDEDHEADERS_ENABLED would believe X-Forwarded-For from everybody. Unset it, and name the proxies in {Setting}.");
        }

        if (Networks.Count == 0)
            return; // with nobody named the middleware would believe everybody
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor, ForwardLimit = null };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var network in Networks)
            options.KnownIPNetworks.Add(network);
        app.UseForwardedHeaders(options);
    }
}
