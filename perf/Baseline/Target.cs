using System.Text;

namespace Assay.Baseline;

/// <summary>One way to ask for a token: one server, or several that are asked in turn.</summary>
/// <param name="Limit">The name of the bare limit it is compared with; its own name for a limit itself.</param>
/// <param name="Forms">The bodies for about so many requests, made right before they are sent. Fewer are sent over again, unless <paramref name="Once"/>.</param>
/// <param name="Once">Each body holds an assertion that counts once.</param>
internal sealed record Target(string Name, string Limit, ServerProcess[] Servers, string Path, Func<int, string[]> Forms, bool Once)
{
    /// <summary>The database behind the servers, when it is a process of its own.</summary>
    public Cpu Database { get; init; } = new(null);

    /// <summary>Processor time of all servers so far.</summary>
    public TimeSpan Cpu => Servers.Aggregate(TimeSpan.Zero, static (sum, server) => sum + server.Cpu);

    /// <summary>Bytes that all servers have allocated so far; null when one does not say.</summary>
    public async Task<long?> Allocated()
    {
        long? sum = 0;
        foreach (var server in Servers)
            sum += await server.Allocated();
        return sum;
    }

    /// <summary>Whole HTTP/1.1 requests, ready to be written to a socket.</summary>
    public byte[][] Requests(int about)
    {
        var forms = Forms(about);
        var requests = new byte[forms.Length][];
        for (var i = 0; i < forms.Length; i++)
        {
            requests[i] = Encoding.ASCII.GetBytes(
                $"POST {Path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {forms[i].Length}\r\n\r\n{forms[i]}");
        }

        return requests;
    }
}
