using Assay.Grains.Authority;
using Assay.Silo.Evidence;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Tests.Storage.Contract;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Tests.Storage;

public sealed class SqliteEvidenceLogTests : EvidenceLogContract
{
    private readonly TemporaryFolder temporary = new();
    private DataFolder folder = null!;
    private SqliteStorage storage = null!;

    protected override IEvidenceStore Store => storage.Log;

    private protected override ILogStore Trees => storage.Trees;

    protected override IAuthorityStore Authority => storage.Authority;

    public override ValueTask InitializeAsync()
    {
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, TimeProvider.System);
        return ValueTask.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        storage.Dispose();
        folder.Dispose();
        temporary.Dispose();
        await base.DisposeAsync();
    }

    protected override Task Tamper(long shard, long first, params (string Column, object Value)[]? values)
    {
        Execute(
            values is null ? "DELETE FROM batch WHERE shard = $shard AND first = $first"
                : $"UPDATE batch SET {string.Join(", ", values.Select(value => $"{value.Column} = ${value.Column}"))} WHERE shard = $shard AND first = $first",
            [("shard", shard), ("first", first), .. values ?? []]);
        return Task.CompletedTask;
    }

    private protected override Task Forge(StoredBatch batch)
    {
        Execute(
            """
            INSERT INTO batch (shard, first, count, at, payload, checksum, salts, leaves, root, signature)
            VALUES ($shard, $first, $count, $at, $payload, $checksum, $salts, $leaves, $root, $signature)
            """,
            [
                ("shard", batch.Shard), ("first", batch.FirstPosition), ("count", batch.Count), ("at", batch.CommittedAt.ToUnixTimeMilliseconds()), ("payload", batch.Payload.ToArray()),
                ("checksum", unchecked((long)batch.Checksum)), ("salts", batch.Salts.ToArray()), ("leaves", batch.Leaves.ToArray()), ("root", batch.Root.ToArray()),
                ("signature", batch.Signature.ToArray()),
            ]);
        return Task.CompletedTask;
    }

    private void Execute(string sql, IEnumerable<(string Name, object Value)> parameters)
    {
        using var connection = new SqliteConnection($"Data Source={folder.EvidenceFile};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
            command.Parameters.AddWithValue("$" + name, value);
        Assert.Equal(1, command.ExecuteNonQuery());
    }
}
