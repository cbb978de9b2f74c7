using System.Buffers;
using Assay.Core.Evidence;
using Assay.Core.Transparency;

namespace Assay.Cli.Evidence;

/// <summary>Turns an export of the log into events, as it streams.</summary>
internal static class OcsfExport
{
    private const int FlushAt = 256 * 1024;

    /// <summary>Answers how many events were written.</summary>
    public static async Task<long> Write(Stream log, Stream output, CancellationToken cancellationToken)
    {
        var reader = LogExport.Read(log);
        var written = new ArrayBufferWriter<byte>(2 * FlushAt);
        var events = 0L;
        try
        {
            var origin = ClusterCheckpoint.Parse((await reader.ReadHead(cancellationToken)).Text).Log;
            while (await reader.Next(cancellationToken) is { } batch)
            {
                foreach (var encoded in batch.Records ?? [])
                {
                    var record = EvidenceRecord.Decode(encoded.Span);
                    if (!OcsfEvent.IsOne(record))
                        continue;
                    OcsfEvent.Write(written, record, origin);
                    events++;
                    if (written.WrittenCount >= FlushAt)
                        await Flush();
                }
            }
        }
        catch (FormatException fault)
        {
            throw new Failure(ExitCode.Failed, $"The log cannot be turned into events: {fault.Message}.", "Run: assay evidence verify");
        }
        catch (Exception fault) when (fault is IOException or HttpRequestException)
        {
            throw new Failure(ExitCode.Failed, $"The log could not be read to its end: {fault.Message}");
        }

        await Flush();
        return reader.IsWhole ? events : throw new Failure(ExitCode.Failed, "The log was cut off before its end: events are missing.");

        async Task Flush()
        {
            await output.WriteAsync(written.WrittenMemory, cancellationToken);
            written.ResetWrittenCount();
        }
    }
}
