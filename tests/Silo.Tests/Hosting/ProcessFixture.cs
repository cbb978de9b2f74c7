using System.Net.Sockets;
using Assay.Silo.Tests.Running;
using Assay.Tests.Shared;

namespace Assay.Silo.Tests.Hosting;

/// <summary>One silo for all tests of how the process is set up; it has a port for HTTP/2.</summary>
[CollectionDefinition(Collection)]
public sealed class ProcessFixture : IAsyncLifetime, ICollectionFixture<ProcessFixture>
{
    public const string Collection = "process";

    public string Http2Url { get; } = $"http://127.0.0.1:{Ports.Free()}";

    internal RunningSilo Silo { get; private set; } = null!;

    /// <summary>What the silo counted until it was ready.</summary>
    public string FirstMetrics { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        Silo = await RunningSilo.Start(("Assay:Http2Url", Http2Url));
        FirstMetrics = await Silo.Http.GetStringAsync(Silo.Url + "/metrics");
    }

    public async ValueTask DisposeAsync() => await Silo.DisposeAsync();

    /// <param name="opened">Says how many connections it has opened.</param>
    internal HttpClient Client(out Func<int> opened)
    {
        var count = 0;
        opened = () => Volatile.Read(ref count);
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellationToken) =>
            {
                Interlocked.Increment(ref count);
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        return new HttpClient(handler);
    }
}
