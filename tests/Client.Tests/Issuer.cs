using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Assay.Client.Tests;

/// <summary>A server on a loopback port that plays the issuer. What it answers is up to the test.</summary>
internal sealed class Issuer : IAsyncDisposable
{
    public const string Granted = """{"access_token":"token-1","token_type":"Bearer","expires_in":300,"scope":"payments.read"}""";

    private readonly WebApplication server;
    private int metadataReads;
    private int tokenRequests;

    private Issuer(WebApplication server, string path)
    {
        this.server = server;
        Origin = server.Urls.Single();
        Url = Origin + path;
        Metadata = context => Json(context, $$"""{"issuer":"{{Url}}","token_endpoint":"{{Url}}/oauth/token"}""");
        MetadataPath = "/.well-known/oauth-authorization-server" + path;
        TokenPath = path + "/oauth/token";
    }

    /// <summary>The issuer's identifier.</summary>
    public string Url { get; }

    public string Origin { get; }

    public string MetadataPath { get; }

    public string TokenPath { get; }

    public RequestDelegate Metadata { get; set; }

    public RequestDelegate Token { get; set; } = context => Json(context, Granted);

    /// <summary>What else it serves, by path.</summary>
    public ConcurrentDictionary<string, RequestDelegate> Others { get; } = [];

    /// <summary>The last token request.</summary>
    public TokenCall? Last { get; private set; }

    public int MetadataReads => metadataReads;

    public int TokenRequests => tokenRequests;

    public static async Task<Issuer> Start(string path = "")
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1));
        var server = builder.Build();
        Issuer? issuer = null;
        server.Run(context => issuer!.Answer(context));
        await server.StartAsync();
        issuer = new Issuer(server, path);
        return issuer;
    }

    public AssayClient Client(AssayCredential credential, TimeProvider? clock = null, TimeSpan? timeout = null, HttpClient? http = null) => new(new AssayClientOptions
    {
        Issuer = new Uri(Url),
        ClientId = "exporter",
        Credential = credential,
        TimeProvider = clock ?? TimeProvider.System,
        Timeout = timeout ?? TimeSpan.FromMinutes(2),
        AttemptTimeout = timeout ?? TimeSpan.FromMinutes(2), // a machine that stands still for a while is no issuer that does not answer
        HttpClient = http,
    });

    public static Task Json(HttpContext context, string body, int status = 200)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body);
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync(); // do not wait for what a test left hanging
        await server.StopAsync(now.Token);
        await server.DisposeAsync();
    }

    private async Task Answer(HttpContext context)
    {
        var path = context.Request.Path.Value;
        if (path == MetadataPath && HttpMethods.IsGet(context.Request.Method))
        {
            Interlocked.Increment(ref metadataReads);
            await Metadata(context);
        }
        else if (path == TokenPath && HttpMethods.IsPost(context.Request.Method))
        {
            Interlocked.Increment(ref tokenRequests);
            var form = await context.Request.ReadFormAsync();
            Last = new TokenCall(
                context.Request.Headers.Authorization.SingleOrDefault(), form.ToDictionary(field => field.Key, field => field.Value.Single()!));
            await Token(context);
        }
        else if (Others.TryGetValue(path!, out var other))
        {
            await other(context);
        }
        else
        {
            context.Response.StatusCode = 404;
        }
    }
}

/// <summary>What a client sent.</summary>
internal sealed record TokenCall(string? Authorization, IReadOnlyDictionary<string, string> Form);

/// <summary>A clock that stands where it is put. Its timers run in real time.</summary>
internal class Clock(DateTimeOffset now) : TimeProvider
{
    private long ticks = now.UtcTicks; // read by whoever works in the background while it is moved

    public virtual void Advance(TimeSpan time) => Interlocked.Add(ref ticks, time.Ticks);

    public override DateTimeOffset GetUtcNow() => new(GetTimestamp(), TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref ticks);
}

/// <summary>A clock whose timers also go off only when it is moved, on the thread that moves it.</summary>
internal sealed class ClockWithTimers(DateTimeOffset now) : Clock(now)
{
    private readonly Lock guard = new();
    private readonly List<Timer> timers = [];

    public override void Advance(TimeSpan time)
    {
        base.Advance(time);
        List<Timer> due;
        lock (guard)
        {
            due = timers.FindAll(timer => timer.Due <= GetTimestamp());
            due.ForEach(static timer => timer.Due = null);
        }

        due.ForEach(static timer => timer.GoOff());
    }

    /// <summary>Moves it by that much as soon as something waits that is due by then.</summary>
    public async Task PassOnceAwaited(TimeSpan time)
    {
        await Patience.Until(() =>
        {
            lock (guard)
                return timers.Exists(timer => timer.Due <= GetTimestamp() + time.Ticks);
        });
        Advance(time);
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        lock (guard)
            timers.Add(timer);
        return timer;
    }

    private sealed class Timer(ClockWithTimers clock, TimerCallback callback, object? state) : ITimer
    {
        public long? Due { get; set; }

        public void GoOff() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (period != Timeout.InfiniteTimeSpan)
                throw new NotSupportedException("Each goes off once.");
            lock (clock.guard)
                Due = dueTime == Timeout.InfiniteTimeSpan ? null : clock.GetTimestamp() + dueTime.Ticks;
            return true;
        }

        public void Dispose()
        {
            lock (clock.guard)
                clock.timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
