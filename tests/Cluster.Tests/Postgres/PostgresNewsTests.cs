using System.Text;
using System.Threading.Channels;
using Assay.Core.Revocation;
using Assay.Grains.Authority;
using Assay.Silo.Storage.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Assay.Cluster.Tests.Postgres;

/// <summary>Notifications make things fast. Everything is right without them.</summary>
public sealed class PostgresNewsTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly ObjectKey Api = new("default", ObjectKinds.Identity, "exporter");
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(90);

    private string database = "";
    private PostgresStorage storage = null!;

    public async ValueTask InitializeAsync()
    {
        PostgresServer.SkipIfMissing();
        database = await server.CreateDatabase();
        storage = await TestStorage.Open(database);
    }

    public ValueTask DisposeAsync()
    {
        storage?.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_silo_hears_of_the_changes_acknowledgements_and_seals_of_another()
    {
        using var other = await TestStorage.Open(database);
        var lease = await other.Authority.Join(new SiloPlace("two", "two"), Soon, default);
        var heard = await Listen();

        await Write(other, 0);
        Assert.Equal(AuthorityNews.Feed, await Next(heard));
        await other.Authority.Acknowledge(lease.Epoch, 1, default);
        Assert.Equal(AuthorityNews.Leases, await Next(heard));
        await other.Authority.Leave(lease.Epoch, default);
        Assert.Equal([AuthorityNews.Feed, AuthorityNews.Leases], new[] { await Next(heard), await Next(heard) }.Order());
        await other.Authority.Mark("", default);
        Assert.Equal(AuthorityNews.Feed, await Next(heard));
    }

    [Fact]
    public async Task A_listener_whose_connection_was_killed_is_told_of_everything_when_it_is_back_and_hears_again()
    {
        var heard = await Listen();

        Assert.Equal(1, await server.KillConnections(database, "application_name = 'assay news'"));

        Assert.Equal([AuthorityNews.Feed, AuthorityNews.Leases], new[] { await Next(heard), await Next(heard) }.Order());
        await Write(storage, 0);
        Assert.Equal(AuthorityNews.Feed, await Next(heard));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)] // every notification is lost
    public async Task A_change_holds_on_every_silo_when_its_narrowing_has_returned(bool notifications)
    {
        await using var one = await Silo.Start("one", database, notifications);
        await using var two = await Silo.Start("two", database, notifications);

        for (var number = 1; number <= 3; number++)
        {
            Assert.Equal(number, await Write(storage, number - 1));
            await one.Get<Narrowing>().Everywhere(number, default).WaitAsync(Soon);

            Assert.Equal((number, number), (one.Get<SiloView>().Current?.Number, two.Get<SiloView>().Current?.Number));
        }
    }

    private async Task<ChannelReader<AuthorityNews>> Listen()
    {
        var heard = Channel.CreateUnbounded<AuthorityNews>();
        storage.Authority.Listen(news => heard.Writer.TryWrite(news));
        await storage.News.StartAsync(default);
        Assert.Equal([AuthorityNews.Feed, AuthorityNews.Leases], new[] { await Next(heard.Reader), await Next(heard.Reader) }.Order()); // it listens from here on
        return heard.Reader;
    }

    private static Task<AuthorityNews> Next(ChannelReader<AuthorityNews> heard) => heard.ReadAsync().AsTask().WaitAsync(Soon);

    private static async Task<long> Write(PostgresStorage by, long expected)
    {
        var result = await by.Authority.Commit(new Change([new ObjectWrite(Api, expected, Encoding.UTF8.GetBytes("x"), [])], "test", ""), default);
        return Assert.IsType<CommitResult.Committed>(result).Number;
    }

    /// <summary>One silo's protocol, without what it serves.</summary>
    private sealed class Silo(IHost host) : IAsyncDisposable
    {
        public T Get<T>()
            where T : notnull => host.Services.GetRequiredService<T>();

        public static async Task<Silo> Start(string slot, string database, bool notifications)
        {
            var builder = Host.CreateEmptyApplicationBuilder(null);
            builder.Logging.ClearProviders();
            builder.Services.AddSingleton(TimeProvider.System);
            builder.Services.AddSingleton<ISiloAddress>(new FixedAddress(slot));
            builder.Services.AddSingleton<ISiloEnd, NoEnd>();
            builder.Services.AddPostgresStorage(database);
            if (!notifications)
                builder.Services.RemoveAll<IHostedService>(); // nobody listens
            builder.Services.AddSingleton(new TokenHandles(new byte[32]));
            builder.Services.AddAuthority();
            builder.Services.Configure<AuthorityOptions>(options =>
            {
                options.Slot = slot;
                options.LeaseLife = TimeSpan.FromMinutes(1);
                options.LeaseMargin = TimeSpan.FromSeconds(1);
                options.RenewEvery = TimeSpan.FromMilliseconds(200);
                options.PollEvery = TimeSpan.FromMilliseconds(50);
            });
            var host = builder.Build();
            await host.Services.GetRequiredService<PostgresStorage>().Open(default);
            await host.StartAsync();
            return new Silo(host);
        }

        public async ValueTask DisposeAsync()
        {
            await host.StopAsync();
            host.Dispose();
        }
    }

    private sealed record FixedAddress(string Address) : ISiloAddress;

    private sealed class NoEnd : ISiloEnd
    {
        public void AtOnce(string why) => throw new InvalidOperationException(why);
    }
}
