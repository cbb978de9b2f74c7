using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Assay.Silo.Hosting;

/// <summary>Where HTTP is spoken, which HTTP, and within which bounds: of a connection, whatever is asked over it. Endpoints have their own, smaller ones.</summary>
internal static class HttpListening
{
    private const int MaxConnections = 20_000;
    private const int MaxBodyBytes = 16 * 1024 * 1024; // bundles; the token endpoint has its own, smaller bound

    public static void ListenAt(this IWebHostBuilder host, ServerOptions options)
    {
        // What is on its way goes on where it was received, without a queue on each side. Unsafe, as its name says, for code that blocks: a thread of the pool that works takes
        // no further events, and others do; what waits for a disk or a database gives its thread back.
        host.UseSockets(static sockets => sockets.UnsafePreferInlineScheduling = true);
        host.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
            Bound(kestrel.Limits.Http2);

            // Without TLS nothing says which HTTP a connection speaks, so each port has its own; the other is left as it is: HTTP/1.1, and with TLS what is agreed on.
            if (options.Http2Port is { } port)
            {
                kestrel.ConfigureEndpointDefaults(endpoint =>
                {
                    if (endpoint.IPEndPoint?.Port == port)
                        endpoint.Protocols = HttpProtocols.Http2;
                });
            }
        });
        host.UseUrls(options.Http2Port is null ? [options.Url] : [options.Url, options.Http2Url!]);
    }

    /// <summary>
    /// A connection carries many requests, and what one of them may take is bounded as over HTTP/1.1: headers and body by the limits above them, what is
    /// buffered of bodies that nobody has read by the windows, all requests under way by <c>Assay:MaxConcurrentRequests</c>.
    /// </summary>
    private static void Bound(Http2Limits http2)
    {
        http2.MaxStreamsPerConnection = 100; // the least that RFC 9113 §6.5.2 recommends; whoever wants more opens a further connection
        http2.InitialStreamWindowSize = 128 * 1024; // the largest form, and room
        http2.InitialConnectionWindowSize = 1024 * 1024; // what one HTTP/1.1 connection may buffer
        http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30); // the other end may be gone while an answer is waited for
        http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
    }
}
