using System.Collections.Immutable;
using System.Text;
using Assay.Grains.Authority;
using Assay.Silo.Storage.Postgres;

namespace Assay.Cluster.Tests.Postgres;

/// <summary>A database that is away or silent: every operation ends with an exception, and everything works again by itself.</summary>
public sealed class PostgresOutageTests : IAsyncLifetime
{
    private static readonly TimeSpan Brief = TimeSpan.FromSeconds(8);
    private static readonly ObjectKey Exporter = new("default", ObjectKinds.Identity, "exporter");

    private readonly PostgresServer server = new();

    public async ValueTask InitializeAsync()
    {
        PostgresServer.SkipIfMissing();
        await server.InitializeAsync();
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Theory]
    [InlineData("fast")]
    [InlineData("immediate")]
    public async Task While_the_database_is_stopped_everything_fails_and_afterwards_everything_is_as_it_was(string mode)
    {
        using var storage = await TestStorage.Open(await server.CreateDatabase(), Brief);
        var epoch = await Use(storage);

        await server.Stop(mode);
        await EverythingFails(storage, epoch);
        await server.Start();

        await TestStorage.Until(async () => await Record.ExceptionAsync(() => storage.Authority.Read(Exporter, default)) is null);
        Assert.Equal(1, (await storage.Authority.Read(Exporter, default))!.Number);
        Assert.NotNull(await storage.Log.Find(epoch, 0, default));
        Assert.IsType<LeaseRenewal.Renewed>(await storage.Authority.Renew(epoch, 0, null, Brief, default));
        Assert.Equal(BatchResult.Committed, await storage.Log.Append(Batch(epoch, 1), default));
        Assert.Equal(2, await storage.Authority.Mark("", default));
    }

    [Fact]
    public async Task A_database_that_does_not_answer_is_given_up_and_used_again_when_it_does()
    {
        await using var proxy = new CuttableProxy(server.Port);
        var database = (await server.CreateDatabase()).Replace($"Port={server.Port}", $"Port={proxy.Port}", StringComparison.Ordinal);
        using var storage = await TestStorage.Open(database, Brief);
        var epoch = await Use(storage);

        proxy.Cut();
        await EverythingFails(storage, epoch);
        proxy.Heal();

        await TestStorage.Until(async () => await Record.ExceptionAsync(() => storage.Authority.Read(Exporter, default)) is null);
        Assert.Equal(1, (await storage.Authority.Read(Exporter, default))!.Number);
    }

    [Fact]
    public async Task After_a_restart_of_the_database_no_read_fails()
    {
        using var storage = await TestStorage.Open(await server.CreateDatabase());
        await Use(storage);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => storage.Authority.Read(Exporter, default))); // several connections in the pool

        await server.Restart();

        var read = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => storage.Authority.Read(Exporter, default)));
        Assert.All(read, stored => Assert.Equal(1, stored!.Number));
    }

    [Fact]
    public async Task Who_gives_up_waiting_is_told_so_at_once()
    {
        using var storage = await TestStorage.Open(await server.CreateDatabase());
        using var leaving = new CancellationTokenSource();
        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => storage.Authority.Read(Exporter, leaving.Token));
    }

    private static async Task<long> Use(PostgresStorage storage)
    {
        var epoch = (await storage.Authority.Join(new SiloPlace("one", "one"), Brief, default)).Epoch;
        await storage.Authority.Commit(new Change([new ObjectWrite(Exporter, 0, Encoding.UTF8.GetBytes("one"), [])], "test", ""), default);
        Assert.Equal(BatchResult.Committed, await storage.Log.Append(Batch(epoch, 0), default));
        return epoch;
    }

    private static async Task EverythingFails(PostgresStorage storage, long epoch)
    {
        var change = new Change([new ObjectWrite(Exporter, 1, Encoding.UTF8.GetBytes("two"), [])], "test", "");
        ImmutableArray<Func<Task>> everything =
        [
            () => storage.Authority.Read(Exporter, default),
            () => storage.Authority.List("default", ObjectKinds.Identity, default),
            () => storage.Authority.Commit(change, default),
            () => storage.Authority.Join(new SiloPlace("two", "two"), Brief, default),
            () => storage.Authority.Renew(epoch, 0, null, Brief, default),
            () => storage.Authority.Acknowledge(epoch, 1, default),
            () => storage.Authority.Leases(default),
            () => storage.Authority.SealIfLapsed(epoch, default),
            () => storage.Authority.Condemn("two", default),
            () => storage.Authority.Mark("", default),
            () => storage.Authority.Silos(default),
            () => storage.Authority.Leave(epoch, default),
            () => storage.Log.Append(Batch(epoch, 1), default),
            () => storage.Log.Find(epoch, 0, default),
            () => storage.Log.Index("default", "identity:a", default, 1, default),
            () => storage.Log.Spent([new SubjectKey("default", "identity:a")], default, default),
            () => storage.Authority.ReadAll([new ObjectKey("default", "identity", "a")], default),
            () => storage.Log.Newest(1, default),
        ];
        var faults = await Task.WhenAll(everything.Select(one => Record.ExceptionAsync(one).AsTask())).WaitAsync(TimeSpan.FromMinutes(1));
        Assert.All(faults, fault => Assert.True(fault is Npgsql.NpgsqlException or TimeoutException, $"{fault}"));
    }

    private static EvidenceBatch Batch(long shard, long first) =>
        EvidenceBatch.Create(shard, first, DateTimeOffset.UnixEpoch, [Encoding.UTF8.GetBytes($"record {first}")], []);
}
