using System.Net;
using System.Net.Sockets;

namespace Assay.Cluster.Tests.Postgres;

/// <summary>A TCP proxy on 127.0.0.1 that a test can cut: what is sent then goes nowhere and nobody is told, as on a network that is down.</summary>
public sealed class CuttableProxy : IAsyncDisposable
{
    private readonly TcpListener listener;
    private readonly CancellationTokenSource stopping = new();
    private readonly List<TcpClient> clients = [];
    private readonly List<TcpClient> servers = [];
    private readonly int target;
    private readonly Task accepting;
    private volatile TaskCompletionSource passable = Passable();

    /// <param name="target">The port on 127.0.0.1 that everything goes to.</param>
    /// <param name="port">Where it listens; 0: anywhere.</param>
    public CuttableProxy(int target, int port = 0)
    {
        this.target = target;
        listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        accepting = Task.Run(Accept);
    }

    public int Port { get; }

    /// <summary>From now on nothing passes, in either direction, and no new connection comes about.</summary>
    public void Cut() => passable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What waited passes, and so does everything else.</summary>
    public void Heal() => passable.TrySetResult();

    /// <summary>Ends the clients' half of every connection. The server is not told: it goes on with what it was asked.</summary>
    public void DropClients()
    {
        lock (clients)
        {
            foreach (var client in clients)
                client.Dispose();
            clients.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        Heal();
        listener.Dispose();
        await accepting;
        DropClients();
        lock (clients)
        {
            foreach (var server in servers)
                server.Dispose();
        }

        stopping.Dispose();
    }

    private static TaskCompletionSource Passable()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }

    private async Task Accept()
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(stopping.Token);
                var server = new TcpClient { NoDelay = true };
                client.NoDelay = true;
                await server.ConnectAsync(IPAddress.Loopback, target, stopping.Token);
                lock (clients)
                {
                    clients.Add(client);
                    servers.Add(server);
                }

                _ = Pass(client, server);
                _ = Pass(server, client);
            }
        }
        catch (Exception) when (stopping.IsCancellationRequested)
        {
        }
    }

    private async Task Pass(TcpClient from, TcpClient to)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            var (source, target) = (from.GetStream(), to.GetStream());
            while (await source.ReadAsync(buffer) is > 0 and var read)
            {
                while (!passable.Task.IsCompleted)
                    await passable.Task;
                await target.WriteAsync(buffer.AsMemory(0, read));
            }

            to.Client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception fault) when (fault is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // One half was dropped; the other stays as it is.
        }
    }
}
