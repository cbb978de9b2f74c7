using System.Net;
using System.Net.Sockets;

namespace Assay.Tests.Shared;

/// <summary>
/// Ports for servers that are started a moment later. From below the range out of which the system gives ports to whoever asks for any
/// (Linux: 32768 and up), or a port found free here would now and then be somebody else's by then.
/// </summary>
internal static class Ports
{
    private const int First = 20_000;
    private const int Count = 12_000;
    private static int next = Random.Shared.Next(Count);

    /// <summary>A port of 127.0.0.1 that nobody listens on; no other caller in this process gets the same soon.</summary>
    public static int Free()
    {
        while (true)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref next) % Count);
            try
            {
                using var probe = new TcpListener(IPAddress.Loopback, port);
                probe.Start();
                return port;
            }
            catch (SocketException)
            {
                // taken: the next one
            }
        }
    }
}
