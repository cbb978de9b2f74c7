using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Assay.Baseline;

/// <summary>Asks over a fixed number of connections, each with one request under way at a time: the load follows the server.</summary>
internal static class ClosedLoop
{
    /// <summary>Runs for <paramref name="time"/>, or until requests that count once are used up.</summary>
    public static async Task<Phase> Run(Target target, int connections, TimeSpan time, int expected)
    {
        var requests = target.Requests(expected);
        var clients = new Connection[connections];
        for (var i = 0; i < connections; i++)
            clients[i] = await Connection.Open(target.Servers[i % target.Servers.Length].Port);

        var next = -1;
        var (serverBefore, databaseBefore, allocatedBefore) = (target.Cpu, target.Database.Used, await target.Allocated());
        var driverBefore = ServerProcess.CpuOf(Environment.ProcessId);
        var started = Stopwatch.GetTimestamp();
        var end = started + (long)(time.TotalSeconds * Stopwatch.Frequency);
        await Task.WhenAll(clients.Select(Ask));
        var took = Stopwatch.GetElapsedTime(started);
        var driver = ServerProcess.CpuOf(Environment.ProcessId) - driverBefore;
        var (server, database) = (target.Cpu - serverBefore, target.Database.Used - databaseBefore);
        var allocated = await target.Allocated() - allocatedBefore;

        foreach (var client in clients)
            client.Dispose();
        return Phase.Of(took, server, database, allocated, driver, clients.SelectMany(client => client.Latencies).ToArray(), clients.Sum(client => client.Errors),
            clients.Select(client => client.FirstError).FirstOrDefault(error => error is not null));

        async Task Ask(Connection client)
        {
            while (Stopwatch.GetTimestamp() < end && !client.IsBroken)
            {
                var number = Interlocked.Increment(ref next);
                if (target.Once && number >= requests.Length)
                    return;
                await client.Send(requests[number % requests.Length]);
            }
        }
    }

    /// <summary>One keep-alive connection. Raw, so that the driver costs little beside what it measures.</summary>
    private sealed class Connection : IDisposable
    {
        private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        private readonly byte[] buffer = new byte[16 * 1024];

        public List<long> Latencies { get; } = new(16 * 1024);

        public int Errors { get; private set; }

        public string? FirstError { get; private set; }

        public bool IsBroken { get; private set; }

        public static async Task<Connection> Open(int port)
        {
            var connection = new Connection();
            await connection.socket.ConnectAsync(IPAddress.Loopback, port);
            return connection;
        }

        public async ValueTask Send(byte[] request)
        {
            var started = Stopwatch.GetTimestamp();
            try
            {
                for (var sent = 0; sent < request.Length;)
                    sent += await socket.SendAsync(request.AsMemory(sent), SocketFlags.None);

                var (got, whole) = (0, 0);
                do
                {
                    if (got == buffer.Length)
                        throw new InvalidDataException($"an answer of more than {buffer.Length} bytes");
                    var read = await socket.ReceiveAsync(buffer.AsMemory(got), SocketFlags.None);
                    if (read == 0)
                        throw new EndOfStreamException("the server closed the connection");
                    got += read;
                    whole = whole > 0 ? whole : LengthOfAnswer(buffer.AsSpan(0, got));
                }
                while (whole == 0 || got < whole);

                if (IsToken(buffer.AsSpan(0, got)))
                    Latencies.Add(Stopwatch.GetTimestamp() - started);
                else
                    Fail(Encoding.UTF8.GetString(buffer, 0, Math.Min(got, 600)));
            }
            catch (Exception fault) when (fault is SocketException or IOException or InvalidDataException)
            {
                IsBroken = true;
                Fail(fault.Message);
            }
        }

        public void Dispose() => socket.Dispose();

        private void Fail(string error)
        {
            Errors++;
            FirstError ??= error;
        }

        /// <summary>Headers and body; 0 while the headers are not all there.</summary>
        private static int LengthOfAnswer(ReadOnlySpan<byte> got)
        {
            var headers = got.IndexOf("\r\n\r\n"u8);
            if (headers < 0)
                return 0;
            var name = got[..headers].IndexOf("\r\nContent-Length: "u8);
            if (name < 0 || !System.Buffers.Text.Utf8Parser.TryParse(got[(name + 18)..], out int length, out _))
                throw new InvalidDataException("an answer without Content-Length");
            return headers + 4 + length;
        }

        private static bool IsToken(ReadOnlySpan<byte> answer) => answer.StartsWith("HTTP/1.1 200 "u8) && answer.IndexOf("\"access_token\":\"ey"u8) > 0;
    }
}

/// <summary>What one phase showed.</summary>
/// <param name="Rate">Tokens a second.</param>
/// <param name="P50">Milliseconds, as the caller saw it.</param>
/// <param name="Cpu">Microseconds of processor time of the server for each token.</param>
/// <param name="Database">The same of the database's processes; 0 when the database is inside the server.</param>
/// <param name="Allocated">Bytes that the server allocated for each token; null when it does not say.</param>
/// <param name="Driver">How busy the driver's own core was, 0 to 1: near 1 it was the driver that set the rate.</param>
internal sealed record Phase(double Rate, double P50, double P99, double Cpu, double Database, long? Allocated, double Driver, int Tokens, int Errors, string? FirstError)
{
    public static Phase Of(TimeSpan took, TimeSpan server, TimeSpan database, long? allocated, TimeSpan driver, long[] latencies, int errors, string? firstError)
    {
        Array.Sort(latencies);
        var count = Math.Max(1, latencies.Length);
        return new Phase(
            latencies.Length / took.TotalSeconds, At(0.50), At(0.99), server.TotalMicroseconds / count, database.TotalMicroseconds / count, allocated / count, driver / took, latencies.Length, errors, firstError);

        double At(double quantile) =>
            latencies.Length == 0 ? 0 : latencies[(int)Math.Min(latencies.Length - 1, quantile * latencies.Length)] * 1000.0 / Stopwatch.Frequency;
    }
}
