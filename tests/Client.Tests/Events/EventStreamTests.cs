using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Assay.Client.Tests.Events;

/// <summary>A client that hears what becomes of it, and one that cannot.</summary>
public sealed class EventStreamTests
{
    [Fact]
    public async Task A_token_is_let_go_of_as_soon_as_the_issuer_tells_that_it_ended()
    {
        await using var issuer = await Transmitter.Start();
        await using var client = issuer.Client();
        var before = await client.GetTokenAsync("a");
        await issuer.Until("polled");

        await issuer.Taken(issuer.Tell(Transmitter.SessionRevoked, "exporter"));
        var after = await client.GetTokenAsync("a");

        Assert.NotEqual(before.AccessToken, after.AccessToken);
        Assert.Equal(["exporter"], issuer.Subjects);
    }

    [Fact]
    public async Task A_client_that_was_not_told_to_listen_asks_for_no_stream()
    {
        await using var issuer = await Transmitter.Start();
        await using var client = issuer.Client(listens: false);

        await client.GetTokenAsync("a");

        Assert.Equal(0, issuer.Creations);
        Assert.Null(client.Events.Silence);
    }

    [Fact]
    public async Task An_event_that_comes_twice_is_told_once_and_one_that_is_wrong_is_refused_and_keeps_none_back()
    {
        await using var issuer = await Transmitter.Start();
        await using var client = issuer.Client(listens: false);
        var told = new ConcurrentQueue<string>();
        using var subscription = client.Events.Subscribe(happened => told.Enqueue(happened.Id));
        await issuer.Until("polled");

        var (name, token) = issuer.Event(Transmitter.SessionRevoked, "exporter");
        issuer.Send(name, token);
        await issuer.Taken(name);
        var wrong = issuer.Tell(Transmitter.SessionRevoked, "exporter", change: static claims => claims["aud"] = "somebody");
        var refusal = await issuer.Refusal();
        issuer.Send(name, token);
        await issuer.Taken(name);
        var last = issuer.Tell(Transmitter.SessionRevoked, "exporter");
        await issuer.Taken(last);

        Assert.Equal("invalid_audience", refusal.GetProperty(wrong).GetProperty("err").GetString());
        Assert.Equal([name, last], told);
    }

    [Fact]
    public async Task A_handler_that_fails_does_not_keep_the_others_from_hearing()
    {
        await using var issuer = await Transmitter.Start();
        await using var client = issuer.Client(listens: false);
        var told = new ConcurrentQueue<string>();
        using var bad = client.Events.Subscribe(static _ => throw new InvalidOperationException("bad"));
        using var good = client.Events.Subscribe(happened => told.Enqueue(happened.Id));
        var gone = client.Events.Subscribe(happened => told.Enqueue("gone"));
        gone.Dispose();

        var name = issuer.Tell(Transmitter.SessionRevoked, "exporter");
        await issuer.Taken(name);

        Assert.Equal([name], told);
    }

    [Fact]
    public async Task An_event_signed_with_an_unknown_key_is_neither_believed_nor_refused_and_keys_are_not_read_again_and_again_for_it()
    {
        var log = new Said();
        await using var issuer = await Transmitter.Start();
        await using var client = issuer.Client(log: log, clock: new Clock(TimeProvider.System.GetUtcNow()));
        await client.GetTokenAsync("a");
        await issuer.Taken(issuer.Tell(Transmitter.SessionRevoked, "exporter"));
        Assert.Equal(1, issuer.KeyReads);

        issuer.KeyId = "key-2";
        await client.GetTokenAsync("b");
        var held = await client.GetTokenAsync("b");
        issuer.Tell(Transmitter.SessionRevoked, "exporter");
        await log.Something;

        Assert.Equal(1, issuer.KeyReads); // a moment ago
        Assert.Contains("a key that the issuer does not publish", Assert.Single(log.Lines));
        Assert.Same(held, await client.GetTokenAsync("b"));
    }

    [Theory]
    [InlineData(403), InlineData(409)]
    public async Task Without_the_right_to_a_stream_tokens_are_got_as_ever_and_it_is_said_once(int status)
    {
        var log = new Said();
        await using var issuer = await Transmitter.Start();
        issuer.OnCreate = status;
        await using var client = issuer.Client(log: log);

        var first = await client.GetTokenAsync("a");
        await issuer.Until("created");
        await log.Something;
        for (var i = 0; i < 100; i++)
            Assert.Same(first, await client.GetTokenAsync("a"));

        Assert.Equal(1, issuer.Creations);
        Assert.Contains(status == 409 ? "as many event streams as it may" : "answered 403", Assert.Single(log.Lines));
        Assert.Null(client.Events.Silence);
    }

    [Fact]
    public async Task An_issuer_that_tells_no_events_keeps_nobody_from_tokens()
    {
        var log = new Said();
        await using var issuer = await Transmitter.Start();
        issuer.Issuer.Others.TryRemove("/.well-known/ssf-configuration", out _);
        await using var client = issuer.Client(log: log);

        var token = await client.GetTokenAsync("a");
        await log.Something;

        Assert.Same(token, await client.GetTokenAsync("a"));
        Assert.Single(log.Lines);
    }

    [Fact]
    public async Task A_stream_that_is_gone_is_made_anew_and_what_is_held_renewed_for_what_was_not_told_meanwhile()
    {
        await using var issuer = await Transmitter.Start();
        await using var client = issuer.Client();
        var before = await client.GetTokenAsync("a");
        await issuer.Taken(issuer.Tell("urn:nothing", "exporter"));

        issuer.Lose();
        await issuer.Until("created");
        await issuer.Until("created");
        await issuer.Taken(issuer.Tell("urn:nothing", "exporter"));
        Assert.Same(before, await client.GetTokenAsync("a")); // and renewed in the background
        await Patience.Until(async () => !ReferenceEquals(before, await client.GetTokenAsync("a")));

        Assert.Equal(2, issuer.Creations);
    }

    [Fact]
    public async Task The_stream_is_deleted_with_its_client()
    {
        await using var issuer = await Transmitter.Start();
        var (client, other) = (issuer.Client(), issuer.Client());
        await client.GetTokenAsync("a");
        await issuer.Until("polled");
        await client.DisposeAsync();
        Assert.Equal(["1"], issuer.Deleted);
        await other.GetTokenAsync("a");
        await issuer.Until("polled");

        other.Dispose();
        await issuer.Until("deleted");

        Assert.Equal(["1", "2"], issuer.Deleted);
        Assert.Null(client.Events.Silence);
        Assert.Throws<ObjectDisposedException>(() => client.Events.Subscribe(static _ => { }));
    }

    [Fact]
    public async Task Who_may_not_hear_of_everybody_hears_of_those_it_names()
    {
        await using var issuer = await Transmitter.Start();
        issuer.OnAdd["*"] = 403;
        await using var client = issuer.Client(listens: false);
        using var subscription = client.Events.Subscribe(static _ => { });
        client.Events.Follow("early");
        client.Events.FollowEverybody();
        await issuer.Until("added early");

        client.Events.Follow("late");
        client.Events.Follow("late");
        client.Events.Follow("exporter"); // it hears of itself anyway
        await issuer.Until("added late");

        Assert.Equal(["exporter", "*", "early", "late"], issuer.Subjects);
    }

    [Fact]
    public async Task Who_may_hear_of_everybody_names_nobody()
    {
        await using var issuer = await Transmitter.Start();
        await using var client = issuer.Client(listens: false);
        client.Events.FollowEverybody();
        client.Events.Follow("somebody");
        using var subscription = client.Events.Subscribe(static _ => { });
        await issuer.Until("added *");

        client.Events.Follow("another");
        await issuer.Taken(issuer.Tell("urn:nothing", null));

        Assert.Equal(["exporter", "*"], issuer.Subjects);
    }

    [Fact]
    public async Task While_the_issuer_holds_a_stream_back_it_counts_as_silent()
    {
        await using var issuer = await Transmitter.Start();
        await using var client = issuer.Client();
        await client.GetTokenAsync("a");
        await issuer.Taken(issuer.Tell("urn:nothing", "exporter"));
        var heard = client.Events.Silence;

        await issuer.Taken(issuer.Tell("https://schemas.openid.net/secevent/ssf/event-type/stream-updated", "exporter", """{"status":"paused","reason":"tried"}"""));
        var paused = client.Events.Silence;
        await issuer.Taken(issuer.Tell("https://schemas.openid.net/secevent/ssf/event-type/stream-updated", "exporter", """{"status":"enabled"}"""));

        Assert.Null(paused);
        Assert.NotNull(heard);
        Assert.NotNull(client.Events.Silence);
    }

    /// <summary>What a logger was told.</summary>
    private sealed class Said : ILogger
    {
        private readonly TaskCompletionSource something = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ConcurrentQueue<string> Lines { get; } = new();

        public Task Something => something.Task;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Lines.Enqueue(formatter(state, exception));
            something.TrySetResult();
        }
    }
}
