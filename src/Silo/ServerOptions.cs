using System.Net;
using Assay.Silo.Hosting;

namespace Assay.Silo;

/// <summary>Where this silo listens and what it is called, from configuration, environment (<c>Assay__…</c>, <c>ASSAY_DATA</c>, <c>ASSAY_POSTGRES</c>) and command line.</summary>
internal sealed class ServerOptions
{
    public const string Section = "Assay";
    public const string DefaultUrl = "http://127.0.0.1:8420";

    /// <summary>The URL the silo listens on. Plain HTTP is for loopback.</summary>
    public string Url { get; set; } = DefaultUrl;

    /// <summary>
    /// A second URL, at which the same is answered over HTTP/2 without TLS, spoken from the first byte on (RFC 9113 §3.3); null for none. Beside it
    /// <see cref="Url"/> stays as it is.
    /// </summary>
    public string? Http2Url { get; set; }

    /// <summary>The port of <see cref="Http2Url"/>; null without one.</summary>
    internal int? Http2Port => Http2Url is null ? null : new Uri(Http2Url).Port;

    /// <summary>The issuer identifier (RFC 8414 §2); the URL when not set.</summary>
    public string? Issuer { get; set; }

    /// <summary>The data folder; <c>.assay</c> in the current folder by default (<c>--data</c>, <c>ASSAY_DATA</c>).</summary>
    public string Data { get; set; } = ".assay";

    /// <summary>
    /// Npgsql connection string (<c>--postgres</c>, <c>ASSAY_POSTGRES</c>). With it the silo is one of a cluster over that database; without it, one
    /// alone with SQLite in its data folder.
    /// </summary>
    public string? Postgres { get; set; }

    /// <summary>
    /// The bundle an empty store starts with; <c>none</c> for none. When nothing is named: none in a cluster, and in a silo alone the quickstart, when
    /// it is found.
    /// </summary>
    public string? Bundle { get; set; }

    /// <summary>A proxy in front ends TLS: the silo may then speak plain HTTP on an address that is not loopback.</summary>
    public bool TlsTerminatingProxy { get; set; }

    /// <summary>Proxies whose <c>X-Forwarded-For</c> is believed: addresses and networks, separated by commas. Nobody by default.</summary>
    public string? TrustedProxies { get; set; }

    /// <summary>Token requests worked on at once. 1 to 100,000; 4,096 by default.</summary>
    public int MaxConcurrentRequests { get; set; } = 4096;

    /// <summary>The settings of this process, the command line first.</summary>
    /// <exception cref="InvalidOperationException">A word or a setting means nothing; the message names each.</exception>
    public static ServerOptions Read(ConfigurationManager configuration, string[] args)
    {
        configuration.AddCommandLine(args, KnownSettings.Short);
        KnownSettings.RefuseOthers(args, configuration);
        var options = configuration.GetSection(Section).Get<ServerOptions>() ?? new ServerOptions();
        if (configuration["Assay:Data"] is null && Environment.GetEnvironmentVariable("ASSAY_DATA") is { Length: > 0 } data)
            options.Data = data;
        if (options.Http2Url is "")
            options.Http2Url = null;
        if (string.IsNullOrEmpty(options.Postgres))
            options.Postgres = Environment.GetEnvironmentVariable("ASSAY_POSTGRES") is { Length: > 0 } postgres ? postgres : null;
        return options;
    }

    /// <summary>Every fault, each as a sentence; empty when the silo may start.</summary>
    public List<string> Faults()
    {
        var faults = new List<string>();
        if (!Uri.TryCreate(Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            faults.Add($"Assay:Url '{Url}' is not an http or https URL.");
        else if (url.PathAndQuery != "/" || url.Fragment.Length > 0)
            faults.Add($"Assay:Url '{Url}' says where to listen: it has no path. One that clients see belongs to Assay:Issuer.");
        else if (url.Scheme == "http" && !IsLoopback(url) && !TlsTerminatingProxy)
            faults.Add($"Assay:Url '{Url}' is plain HTTP on an address that is not loopback. Use https, or set Assay:TlsTerminatingProxy=true when a proxy in front ends TLS.");
        if (Http2Url is not null)
            CheckHttp2(Http2Url, url, faults);

        if (Issuer is not null)
        {
            if (!Uri.TryCreate(Issuer, UriKind.Absolute, out var issuer) || issuer.Query.Length > 0 || issuer.Fragment.Length > 0)
                faults.Add($"Assay:Issuer '{Issuer}' is not an absolute URL without query and fragment (RFC 8414 §2).");
            else if (issuer.Scheme != "https" && !(issuer.Scheme == "http" && IsLoopback(issuer)))
                faults.Add($"Assay:Issuer '{Issuer}' must be https; http is for loopback.");
        }

        Silo.TrustedProxies.Parse(TrustedProxies, faults);
        if (MaxConcurrentRequests is < 1 or > 100_000)
            faults.Add("Assay:MaxConcurrentRequests must be 1 to 100,000.");
        return faults;
    }

    private void CheckHttp2(string text, Uri? url, List<string> faults)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var http2) || http2.Scheme != "http")
            faults.Add($"Assay:Http2Url '{text}' is not an http URL. With TLS there is no need of it: an https URL in Assay:Url speaks HTTP/2 too.");
        else if (!IsLoopback(http2) && !TlsTerminatingProxy)
            faults.Add($"Assay:Http2Url '{text}' is plain HTTP on an address that is not loopback. Set Assay:TlsTerminatingProxy=true when a proxy in front ends TLS.");
        else if (http2.Port == 0 || http2.Port == url?.Port)
            faults.Add($"Assay:Http2Url '{text}' needs a port of its own: without TLS nothing says which HTTP a connection speaks.");
    }

    private static bool IsLoopback(Uri url) =>
        url.IsLoopback || (IPAddress.TryParse(url.Host, out var address) && IPAddress.IsLoopback(address));
}
