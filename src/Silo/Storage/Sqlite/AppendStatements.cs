using Assay.Core.Transparency;
using Assay.Grains.Authority;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Storage.Sqlite;

/// <summary>What appends a batch of evidence. For the connection that writes, on its thread.</summary>
internal sealed class AppendStatements(SqliteConnection writer) : IDisposable
{
    private readonly Statement next = new(writer, "SELECT first + count FROM batch WHERE shard = ?1 ORDER BY first DESC LIMIT 1");

    private readonly Statement batch = new(
        writer, "INSERT INTO batch (shard, first, count, at, payload, checksum, salts, leaves, root, signature) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");

    private readonly Statement unsorted = new(writer, "INSERT INTO unsorted (shard, first, rows) VALUES (?1, ?2, ?3)");

    /// <summary>The position at which a shard goes on.</summary>
    public long Next(long shard) => next.Set(1, shard).Run() ?? 0;

    /// <param name="rows">Its index rows, packed.</param>
    public void Add(EvidenceBatch added, ReadOnlySpan<byte> rows)
    {
        batch.Set(1, added.Shard).Set(2, added.FirstPosition).Set(3, added.Count).Set(4, added.CommittedAt.ToUnixTimeMilliseconds())
            .Set(5, added.Payload.Span).Set(6, unchecked((long)added.Checksum));
        if (added.Proof is { } proof)
        {
            Span<byte> root = stackalloc byte[TreeHash.Size];
            proof.Root.CopyTo(root);
            batch.Set(7, proof.Salts.Span).Set(8, proof.Leaves.Span).Set(9, root).Set(10, proof.Signature.Span);
        }
        else
        {
            batch.SetNull(7).SetNull(8).SetNull(9).SetNull(10);
        }

        batch.Run();
        if (!added.Index.IsEmpty)
            unsorted.Set(1, added.Shard).Set(2, added.FirstPosition).Set(3, rows).Run();
    }

    public void Dispose()
    {
        next.Dispose();
        batch.Dispose();
        unsorted.Dispose();
    }
}
