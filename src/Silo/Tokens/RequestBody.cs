using System.Buffers;

namespace Assay.Silo.Tokens;

internal static class RequestBody
{
    /// <summary>The whole body, in the connection's buffers: advance the reader to its end when done with it. Null when it is longer than that.</summary>
    public static async ValueTask<ReadOnlySequence<byte>?> ReadWhole(HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        if (request.ContentLength > maxBytes)
            return null;

        var reader = request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            if (read.Buffer.Length > maxBytes)
            {
                reader.AdvanceTo(read.Buffer.End);
                return null;
            }

            if (read.IsCompleted)
                return read.Buffer;
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }
}
