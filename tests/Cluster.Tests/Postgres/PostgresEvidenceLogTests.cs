using Assay.Grains.Authority;
using Assay.Silo.Evidence;
using Assay.Silo.Storage.Postgres;
using Assay.Silo.Tests.Storage.Contract;
using Npgsql;

namespace Assay.Cluster.Tests.Postgres;

public sealed class PostgresEvidenceLogTests(PostgresServer server) : EvidenceLogContract
{
    private string database = "";
    private PostgresStorage storage = null!;

    protected override IEvidenceStore Store => storage.Log;

    private protected override ILogStore Trees => storage.Trees;

    protected override IAuthorityStore Authority => storage.Authority;

    public override async ValueTask InitializeAsync()
    {
        PostgresServer.SkipIfMissing();
        database = await server.CreateDatabase();
        storage = await TestStorage.Open(database);
    }

    public override async ValueTask DisposeAsync()
    {
        storage?.Dispose();
        await base.DisposeAsync();
    }

    protected override Task Tamper(long shard, long first, params (string Column, object Value)[]? values) => Execute(
        values is null ? "DELETE FROM assay.batch WHERE shard = $1 AND first = $2"
            : $"UPDATE assay.batch SET {string.Join(", ", values.Select((value, i) => $"{value.Column} = ${i + 3}"))} WHERE shard = $1 AND first = $2",
        [shard, first, .. (values ?? []).Select(value => value.Value)]);

    private protected override Task Forge(StoredBatch batch) => Execute(
        "INSERT INTO assay.batch (shard, first, count, at, payload, checksum, salts, leaves, root, signature) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        [
            batch.Shard, batch.FirstPosition, batch.Count, batch.CommittedAt, batch.Payload.ToArray(), unchecked((long)batch.Checksum), batch.Salts.ToArray(), batch.Leaves.ToArray(),
            batch.Root.ToArray(), batch.Signature.ToArray(),
        ]);

    private async Task Execute(string sql, IEnumerable<object> parameters)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        foreach (var value in parameters)
            command.Parameters.Add(value is DBNull ? new NpgsqlParameter { Value = value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bytea } : new NpgsqlParameter { Value = value });
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }
}
