using System.Text;

namespace Assay.Baseline;

/// <summary>One way to ask one server for a token.</summary>
/// <param name="Limit">The name of the bare limit it is compared with; its own name for a limit itself.</param>
/// <param name="Forms">The bodies for about so many requests, made right before they are sent. Fewer are sent over again, unless <paramref name="Once"/>.</param>
/// <param name="Once">Each body holds an assertion that counts once.</param>
internal sealed record Target(string Name, string Limit, ServerProcess Server, string Path, Func<int, string[]> Forms, bool Once)
{
    /// <summary>Whole HTTP/1.1 requests, ready to be written to a socket.</summary>
    public byte[][] Requests(int about)
    {
        var forms = Forms(about);
        var requests = new byte[forms.Length][];
        for (var i = 0; i < forms.Length; i++)
        {
            requests[i] = Encoding.ASCII.GetBytes(
                $"POST {Path} HTTP/1.1\r\nHost: 127.0.0.1:{Server.Port}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {forms[i].Length}\r\n\r\n{forms[i]}");
        }

        return requests;
    }
}
