using System.Runtime.InteropServices;
using Assay.Grains.Authority;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Storage.Sqlite;

/// <summary>What appends a batch of evidence, compiled once for the connection that writes: compiling costs several times what running does.</summary>
internal sealed class AppendStatements(SqliteConnection writer)
{
    private readonly Statement next = new(writer, "SELECT first + count FROM batch WHERE shard = $shard ORDER BY first DESC LIMIT 1", ("$shard", SqliteType.Integer));

    private readonly Statement batch = new(
        writer,
        """
        INSERT INTO batch (shard, first, count, at, payload, checksum, salts, leaves, root, signature)
        VALUES ($shard, $first, $count, $at, $payload, $checksum, $salts, $leaves, $root, $signature)
        """,
        ("$shard", SqliteType.Integer), ("$first", SqliteType.Integer), ("$count", SqliteType.Integer), ("$at", SqliteType.Integer), ("$payload", SqliteType.Blob),
        ("$checksum", SqliteType.Integer), ("$salts", SqliteType.Blob), ("$leaves", SqliteType.Blob), ("$root", SqliteType.Blob), ("$signature", SqliteType.Blob));

    private readonly Statement unsorted = new(
        writer, "INSERT INTO unsorted (shard, first, rows) VALUES ($shard, $first, $rows)", ("$shard", SqliteType.Integer), ("$first", SqliteType.Integer), ("$rows", SqliteType.Blob));

    /// <summary>The position at which a shard goes on.</summary>
    public long Next(SqliteTransaction transaction, long shard) => next.With(transaction, shard).ExecuteScalar() is long end ? end : 0;

    public void Add(SqliteTransaction transaction, EvidenceBatch added)
    {
        batch.With(
            transaction, added.Shard, added.FirstPosition, added.Records.Length, added.CommittedAt.ToUnixTimeMilliseconds(), Blob(added.Payload), unchecked((long)added.Checksum),
            Blob(added.Proof?.Salts), Blob(added.Proof?.Leaves), added.Proof is { } tree ? tree.Root.ToArray() : DBNull.Value, Blob(added.Proof?.Signature)).ExecuteNonQuery();
        if (!added.Index.IsEmpty)
            unsorted.With(transaction, added.Shard, added.FirstPosition, EvidencePacking.WriteRows(added.Index)).ExecuteNonQuery();
    }

    private static object Blob(ReadOnlyMemory<byte>? column) =>
        column is not { } bytes ? DBNull.Value
        : MemoryMarshal.TryGetArray(bytes, out var whole) && whole.Offset == 0 && whole.Count == whole.Array!.Length ? whole.Array
        : bytes.ToArray();
}

/// <summary>A statement that is run many times. For the thread of its connection.</summary>
internal sealed class Statement : IDisposable
{
    private readonly SqliteCommand command;

    public Statement(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, SqliteType Type)> parameters)
    {
        command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, type) in parameters)
            command.Parameters.Add(name, type);
    }

    /// <param name="values">In the order of the parameters.</param>
    public SqliteCommand With(SqliteTransaction transaction, params ReadOnlySpan<object> values)
    {
        command.Transaction = transaction;
        for (var i = 0; i < values.Length; i++)
            command.Parameters[i].Value = values[i];
        return command;
    }

    public void Dispose() => command.Dispose();
}
