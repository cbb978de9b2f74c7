using System.Net;
using Assay.Grains.SharedSignals;
using Microsoft.Extensions.Options;

namespace Assay.Silo.SharedSignals;

/// <summary>
/// Where events may be pushed to. A silo stands where its clients do not: whoever could name any address could make it knock there. So it is hosts that an
/// operator named, over TLS; on a machine that serves itself alone, loopback too.
/// </summary>
internal sealed class PushTargets
{
    private readonly string[] hosts;
    private readonly bool isLoopback;

    public PushTargets(IOptions<EventOptions> options, SiloIdentity self)
    {
        hosts = (options.Value.PushHosts ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        isLoopback = IsLoopback(new Uri(self.Issuer));
    }

    /// <summary>Why nothing is pushed there; null when it may be.</summary>
    public string? Objection(string? endpoint)
    {
        if (endpoint is not { Length: <= 2_048 } || !Uri.TryCreate(endpoint, UriKind.Absolute, out var url) || url.Scheme is not ("https" or "http") || url.UserInfo != "" || url.Fragment != "")
            return "endpoint_url must be an absolute https URL without user and fragment, of 2,048 characters at most";
        if (IsLoopback(url))
            return isLoopback ? null : "endpoint_url is an address of this machine";
        if (url.Scheme == "http")
            return "endpoint_url must be https";
        return hosts.Any(host => Matches(host, url.IdnHost)) ? null : $"events are not pushed to {url.IdnHost}: an operator names such hosts in Assay:Events:PushHosts; polling needs no leave";
    }

    private static bool Matches(string named, string host) => named.StartsWith("*.", StringComparison.Ordinal)
        ? host.EndsWith(named[1..], StringComparison.OrdinalIgnoreCase) && host.Length > named.Length - 1
        : host.Equals(named, StringComparison.OrdinalIgnoreCase);

    private static bool IsLoopback(Uri url) => url.IsLoopback || (IPAddress.TryParse(url.Host, out var address) && IPAddress.IsLoopback(address));
}
