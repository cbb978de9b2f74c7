namespace Assay.Silo.Storage.Sqlite.Rebuilding;

/// <summary>A row of <c>batch</c> as it lies, whatever is in it.</summary>
/// <param name="Id">Grows with the order of the commits.</param>
/// <param name="At">In milliseconds since 1970.</param>
/// <param name="Salts">Null, as the three after it, when the file or the batch is of before there were trees.</param>
internal sealed record BatchRow(
    long Id, long Shard, long First, long Count, long At, byte[] Payload, long Checksum, byte[]? Salts, byte[]? Leaves, byte[]? Root, byte[]? Signature)
{
    private const int VersionOfTrees = 3;

    // Of its arrays and itself, beside what is in them: much of a row whose records were dropped.
    private const int OwnBytes = 512;

    /// <summary>The order in which <see cref="Read"/> reads, and rows come.</summary>
    /// <param name="version">Of the file's schema.</param>
    public static string QueryOf(long version) =>
        $"SELECT rowid, shard, first, count, at, payload, checksum, {(version < VersionOfTrees ? "NULL, NULL, NULL, NULL" : "salts, leaves, root, signature")} FROM batch ORDER BY rowid";

    /// <summary>Bytes of memory, roughly.</summary>
    public long Size => OwnBytes + Payload.Length + (Salts?.Length ?? 0) + (Leaves?.Length ?? 0);

    public const string Insert =
        "INSERT INTO batch (shard, first, count, at, payload, checksum, salts, leaves, root, signature) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

    /// <summary>The row that a query is at.</summary>
    public static BatchRow Read(Statement query)
    {
        byte[]? Bytes(int column) => query.IsNull(column) ? null : query.Bytes(column).ToArray();
        return new BatchRow(
            query.Long(0), query.Long(1), query.Long(2), query.Long(3), query.Long(4), Bytes(5) ?? [], query.Long(6), Bytes(7), Bytes(8), Bytes(9), Bytes(10));
    }

    /// <summary>Runs <see cref="Insert"/>; the id is given anew.</summary>
    public void Write(Statement insert)
    {
        insert.Set(1, Shard).Set(2, First).Set(3, Count).Set(4, At).Set(5, Payload).Set(6, Checksum);
        Set(7, Salts);
        Set(8, Leaves);
        Set(9, Root);
        Set(10, Signature);
        insert.Run();

        void Set(int parameter, byte[]? bytes)
        {
            if (bytes is null)
                insert.SetNull(parameter);
            else
                insert.Set(parameter, bytes);
        }
    }
}
