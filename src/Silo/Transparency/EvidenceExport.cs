using System.Collections.Immutable;
using System.IO.Pipelines;
using Assay.Core.Transparency;
using Assay.Silo.Evidence;

namespace Assay.Silo.Transparency;

/// <summary>Writes the whole log as it lies in the store, for whoever checks or keeps it.</summary>
internal static class EvidenceExport
{
    private const int PageBytes = 4 * 1024 * 1024;

    /// <summary>A checkpoint, and everything up to it.</summary>
    /// <param name="heads">What the checkpoint was made of.</param>
    public static async Task Write(ILogStore store, ImmutableArray<StoredHead> heads, SignedNote checkpoint, PipeWriter output, CancellationToken cancellationToken)
    {
        LogExport.WriteLog(output, checkpoint);
        var batches = 0L;
        foreach (var head in heads)
        {
            for (var next = 0L; next < head.Size;)
            {
                var before = next;
                foreach (var batch in await store.Batches(head.Shard, next, PageBytes, cancellationToken))
                {
                    if (batch.FirstPosition >= head.Size)
                        break;
                    LogExport.Write(output, Logged(batch));
                    batches++;
                    next = batch.FirstPosition + batch.Count;
                    await output.FlushAsync(cancellationToken);
                }

                if (next <= before)
                    break; // what is missing is for whoever reads it to say
            }
        }

        LogExport.WriteEnd(output, batches);
        await output.FlushAsync(cancellationToken);
    }

    private static LoggedBatch Logged(StoredBatch batch)
    {
        var records = batch.Payload.IsEmpty ? null : LoggedBatch.Split(batch.Payload);
        return new LoggedBatch
        {
            Shard = batch.Shard,
            First = batch.FirstPosition,
            Count = batch.Count,
            CommittedAt = batch.CommittedAt,
            Checksum = batch.Checksum,
            Root = batch.Root,
            Signature = batch.Signature,
            Leaves = batch.Leaves,
            Salts = batch.Salts,
            IsDropped = batch.Payload.IsEmpty,
            Records = records,
            Unreadable = records is null ? batch.Payload : default,
        };
    }
}
