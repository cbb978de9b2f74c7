using System.Collections.Immutable;
using Assay.Grains.Authority;
using Npgsql;

namespace Assay.Silo.Storage.Postgres;

/// <summary>
/// One connection that listens, and comes back when it is lost; whoever listens is then told of everything, because anything may have been missed.
/// Nothing depends on it: without it the others' changes are found by polling.
/// </summary>
internal sealed class PostgresNews(string connectionString, TimeProvider clock, ILogger<PostgresNews> log) : BackgroundService
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(2);

    private readonly Lock guard = new();
    private ImmutableArray<Action<AuthorityNews>> listeners = [];

    public IDisposable Listen(Action<AuthorityNews> news)
    {
        lock (guard)
            listeners = listeners.Add(news);
        return new Listening(this, news);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var delay = FirstDelay;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = new NpgsqlConnection(connectionString);
                await connection.OpenAsync(stoppingToken);
                connection.Notification += (_, notification) => Hear(notification.Payload);
                await connection.Execute(stoppingToken, $"LISTEN {PostgresFeed.Channel}");
                delay = FirstDelay;
                Tell(AuthorityNews.Feed);
                Tell(AuthorityNews.Leases);
                while (true)
                    await connection.WaitAsync(stoppingToken);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                if (delay == FirstDelay)
                    Log.NotListening(log, fault);
            }

            try
            {
                await Task.Delay(delay, clock, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
        }
    }

    private void Hear(string payload)
    {
        if (payload == PostgresFeed.FeedMoved)
            Tell(AuthorityNews.Feed);
        else if (payload == PostgresFeed.LeasesMoved)
            Tell(AuthorityNews.Leases);
    }

    private void Tell(AuthorityNews about)
    {
        foreach (var listener in listeners)
            listener(about);
    }

    private sealed class Listening(PostgresNews news, Action<AuthorityNews> told) : IDisposable
    {
        public void Dispose()
        {
            lock (news.guard)
                news.listeners = news.listeners.Remove(told);
        }
    }
}
