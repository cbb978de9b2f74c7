using System.Threading.Channels;

namespace Assay.Client.Tests;

public sealed class TokenCacheTests
{
    private const string Payments = "https://payments.example";

    // In the fake issuer below tokens live five minutes: renewed between 180 and 225 s, given out until 290 s.
    private static readonly TimeSpan BeforeRenewal = TimeSpan.FromSeconds(179);
    private static readonly TimeSpan InRenewal = TimeSpan.FromSeconds(226);
    private static readonly TimeSpan AlmostOver = TimeSpan.FromSeconds(289);
    private static readonly TimeSpan Over = TimeSpan.FromSeconds(290);

    private readonly Clock clock = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly Channel<Flight> flights = Channel.CreateUnbounded<Flight>();

    private sealed record Flight(TokenRequest Request, TaskCompletionSource<TokenResponse> Answer)
    {
        public void Lands(string token) => Answer.SetResult(new TokenResponse(token, "Bearer", TimeSpan.FromMinutes(5), Request.Scopes));

        public void Fails(TimeSpan? retryAfter = null) => Answer.SetException(new AssayTokenException(TokenFailure.Unavailable, "No.") { RetryAfter = retryAfter });
    }

    [Fact]
    public async Task Ten_thousand_callers_of_a_cold_cache_cause_one_request_for_each_thing_they_ask_for()
    {
        await using var issuer = await Issuer.Start();
        var gate = new TaskCompletionSource();
        issuer.Token = async context =>
        {
            await gate.Task;
            await Issuer.Json(context, Issuer.Granted);
        };
        using var client = issuer.Client(AssayCredential.FromSecret("s"));

        var calls = Enumerable.Range(0, 10_000).AsParallel().WithDegreeOfParallelism(8).Select(i => (i % 4) switch
        {
            0 => client.GetTokenAsync(Payments, "payments.read"),
            1 => client.GetTokenAsync(Payments, "payments.read", "payments.write"),
            2 => client.GetTokenAsync(Payments, "payments.write", "payments.read"),
            _ => client.GetTokenAsync("https://ledger.example", "payments.read"),
        }).Select(call => call.AsTask()).ToArray();
        gate.SetResult();
        var tokens = await Task.WhenAll(calls);

        Assert.All(tokens, token => Assert.Equal("token-1", token.AccessToken));
        Assert.Equal((3, 1), (issuer.TokenRequests, issuer.MetadataReads));
    }

    [Fact]
    public async Task A_million_calls_of_a_warm_cache_ask_nobody_and_allocate_nothing()
    {
        await using var issuer = await Issuer.Start();
        using var client = issuer.Client(AssayCredential.FromSecret("s"));
        await client.GetTokenAsync(Payments, "payments.read", "payments.write");
        string[] kept = ["payments.write", "payments.read"];
        var missed = Calls(1_000, client, kept); // compiled now, if not before

        var before = GC.GetAllocatedBytesForCurrentThread();
        missed += Calls(500_000, client, kept);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal((0L, 0, 1), (allocated / 1_000_000, missed, issuer.TokenRequests)); // the runtime, too, allocates now and then

        static int Calls(int pairs, AssayClient client, string[] kept)
        {
            var missed = 0;
            for (var i = 0; i < pairs; i++)
            {
                if (!client.GetTokenAsync(Payments, "payments.read", "payments.write").IsCompletedSuccessfully)
                    missed++;
                if (!client.GetTokenAsync(Payments, kept, CancellationToken.None).IsCompletedSuccessfully)
                    missed++;
            }

            return missed;
        }
    }

    [Fact]
    public async Task A_token_is_renewed_before_it_ends_and_nobody_who_has_one_waits()
    {
        using var cache = Cache();
        await Held(cache, "first");
        clock.Advance(BeforeRenewal);
        Assert.Equal("first", await Now(cache));
        Assert.False(flights.Reader.TryPeek(out _));

        clock.Advance(InRenewal - BeforeRenewal);
        Assert.Equal("first", await Now(cache));
        Assert.Equal("first", await Now(cache));
        var renewal = await flights.Reader.ReadAsync();
        clock.Advance(AlmostOver - InRenewal);
        Assert.Equal("first", await Now(cache));
        renewal.Lands("second");

        await Becomes("second", cache);
        Assert.False(flights.Reader.TryPeek(out _)); // one renewal, however many calls
    }

    [Fact]
    public async Task A_token_that_is_as_good_as_over_is_given_to_nobody()
    {
        using var cache = Cache();
        await Held(cache, "first");

        clock.Advance(Over);
        var call = cache.GetAsync(Payments, ["a"], CancellationToken.None);
        Assert.False(call.IsCompleted);
        (await flights.Reader.ReadAsync()).Lands("second");

        Assert.Equal("second", (await call).AccessToken);
    }

    [Fact]
    public void Clients_started_together_renew_at_different_times()
    {
        var due = new HashSet<long>();

        for (var i = 0; i < 100; i++)
            due.Add(CachedToken.From(new TokenResponse("t", "Bearer", TimeSpan.FromMinutes(5), []), askedAt: 0, clock).RenewAt);

        Assert.True(due.Count > 90);
        Assert.All(due, at => Assert.InRange(at, TimeSpan.FromSeconds(180).Ticks, TimeSpan.FromSeconds(225).Ticks));
    }

    [Fact]
    public async Task A_renewal_that_failed_is_tried_again_after_a_while_and_the_token_served_meanwhile()
    {
        using var cache = Cache();
        await Held(cache, "first");
        clock.Advance(InRenewal);
        await Now(cache);

        // Somebody for whom the token is over waits for the renewal, and so hears when its failure has been taken note of.
        clock.Advance(Over - InRenewal);
        var waits = cache.GetAsync(Payments, ["a"], CancellationToken.None).AsTask();
        clock.Advance(InRenewal - Over);
        (await flights.Reader.ReadAsync()).Fails(retryAfter: TimeSpan.FromSeconds(20));
        await Assert.ThrowsAsync<AssayTokenException>(() => waits);

        for (var waited = 0; waited < 19; waited++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal("first", await Now(cache));
            Assert.False(flights.Reader.TryPeek(out _));
        }

        clock.Advance(TimeSpan.FromSeconds(11)); // the pause is spread by half of it
        Assert.Equal("first", await Now(cache));
        (await flights.Reader.ReadAsync()).Lands("second");
        await Becomes("second", cache);
    }

    [Theory]
    [InlineData(1, null, 1, 1.5)]
    [InlineData(2, null, 2, 3)]
    [InlineData(5, null, 16, 24)]
    [InlineData(6, null, 30, 45)]
    [InlineData(1000, null, 30, 45)]
    [InlineData(1, 20, 20, 30)] // as the issuer asks, and not all at the same moment
    [InlineData(6, 20, 30, 45)]
    [InlineData(1, 120, 120, 135)]
    [InlineData(1, 86400, 300, 315)]
    public void The_time_between_attempts_doubles_up_to_a_bound_or_is_as_long_as_the_issuer_asks(int failures, int? retryAfter, double least, double most)
    {
        var asked = retryAfter is { } seconds ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null;

        var drawn = Enumerable.Range(0, 200).Select(_ => Backoff.After(failures, asked, TimeSpan.FromSeconds(30)).TotalSeconds).ToList();

        Assert.All(drawn, pause => Assert.InRange(pause, least, most));
        Assert.True(drawn.Max() - drawn.Min() > 0.5 * (most - least));
    }

    [Fact]
    public async Task A_failure_is_told_to_all_who_wait_and_not_kept()
    {
        using var cache = Cache();
        var one = cache.GetAsync(Payments, ["a"], CancellationToken.None).AsTask();
        var other = cache.GetAsync(Payments, ["a"], CancellationToken.None).AsTask();
        (await flights.Reader.ReadAsync()).Fails();

        await Assert.ThrowsAsync<AssayTokenException>(() => one);
        await Assert.ThrowsAsync<AssayTokenException>(() => other);
        await Held(cache, "first");
        Assert.Equal("first", await Now(cache));
    }

    [Fact]
    public async Task Who_gives_up_waiting_takes_the_token_from_nobody_else()
    {
        using var cache = Cache();
        using var cancel = new CancellationTokenSource();
        var impatient = cache.GetAsync(Payments, ["a"], cancel.Token).AsTask();
        var patient = cache.GetAsync(Payments, ["a"], CancellationToken.None).AsTask();
        var flight = await flights.Reader.ReadAsync();

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        flight.Lands("first");

        Assert.Equal("first", (await patient).AccessToken);
    }

    [Fact]
    public async Task A_request_of_its_own_takes_the_place_of_the_token_held()
    {
        using var cache = Cache();
        await Held(cache, "first");

        var request = cache.RequestAsync(TokenRequest.Create(Payments, ["a"]), CancellationToken.None);
        (await flights.Reader.ReadAsync()).Lands("second");

        Assert.Equal("second", (await request).AccessToken);
        Assert.Equal("second", await Now(cache));
    }

    [Fact]
    public async Task An_answer_that_was_overtaken_does_not_replace_the_later_one()
    {
        using var cache = Cache();
        var slow = cache.RequestAsync(TokenRequest.Create(Payments, ["a"]), CancellationToken.None);
        var overtaken = await flights.Reader.ReadAsync();
        clock.Advance(TimeSpan.FromSeconds(1));
        await Held(cache, "later");

        overtaken.Lands("earlier");

        Assert.Equal("earlier", (await slow).AccessToken);
        Assert.Equal("later", await Now(cache));
    }

    [Fact]
    public async Task The_longest_unused_tokens_go_first_when_there_are_too_many()
    {
        using var cache = Cache(capacity: 8);
        for (var i = 0; i < 8; i++)
        {
            await Held(cache, $"token-{i}", $"scope-{i}");
            clock.Advance(TimeSpan.FromSeconds(2));
        }

        Assert.Equal("token-0", await Now(cache, "scope-0")); // used again: scope-1 is the oldest now
        await Held(cache, "token-8", "scope-8");

        Assert.True(cache.Count <= 8);
        Assert.Equal("token-0", await Now(cache, "scope-0"));
        Assert.Equal("token-8", await Now(cache, "scope-8"));
        await Held(cache, "again", "scope-1");
    }

    [Fact]
    public async Task A_token_that_was_let_go_is_not_found_by_a_short_cut()
    {
        using var cache = Cache(capacity: 1);
        await Held(cache, "first", "scope-1");
        clock.Advance(TimeSpan.FromSeconds(2));

        await Held(cache, "other", "another-scope");
        clock.Advance(TimeSpan.FromSeconds(2));

        await Held(cache, "again", "scope-1"); // asked for anew
        Assert.Equal("again", await Now(cache, "scope-1"));
    }

    [Fact]
    public async Task Things_of_the_same_length_are_told_apart()
    {
        using var cache = Cache();
        await Held(cache, "of a", "a");
        await Held(cache, "of b", "b");

        Assert.Equal(("of a", "of b", "of a"), (await Now(cache, "a"), await Now(cache, "b"), await Now(cache, "a")));
    }

    [Fact]
    public async Task Scopes_of_any_number_never_hold_more_than_the_bound()
    {
        using var cache = new TokenCache(
            (request, _) => Task.FromResult(new TokenResponse(request.Scopes[0], "Bearer", TimeSpan.FromMinutes(5), [])), 100, clock);

        for (var i = 0; i < 5_000; i++)
        {
            Assert.Equal($"s{i}", (await cache.GetAsync(null, [$"s{i}"], CancellationToken.None)).AccessToken);
            Assert.InRange(cache.Count, 1, 101); // the last flight may not have been taken off yet
        }
    }

    [Fact]
    public async Task A_client_that_is_disposed_ends_the_wait_and_gives_out_nothing_more()
    {
        await using var issuer = await Issuer.Start();
        var arrived = new TaskCompletionSource();
        issuer.Token = context =>
        {
            arrived.SetResult();
            return Task.Delay(Timeout.Infinite, context.RequestAborted);
        };
        var client = issuer.Client(AssayCredential.FromSecret("s"));
        var call = client.GetTokenAsync(Payments).AsTask();
        await arrived.Task;

        client.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => call);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.GetTokenAsync(Payments).AsTask());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.RequestTokenAsync(Payments, []));
        client.Dispose();
    }

    private TokenCache Cache(int capacity = 100) => new(
        async (request, cancellationToken) =>
        {
            var flight = new Flight(request, new TaskCompletionSource<TokenResponse>());
            await flights.Writer.WriteAsync(flight, cancellationToken);
            return await flight.Answer.Task.WaitAsync(cancellationToken);
        },
        capacity,
        clock);

    private async Task Held(TokenCache cache, string token, string scope = "a")
    {
        var call = cache.GetAsync(Payments, [scope], CancellationToken.None);
        (await flights.Reader.ReadAsync()).Lands(token);
        Assert.Equal(token, (await call).AccessToken);
    }

    /// <summary>Nobody waits for a renewal, so its answer is taken note of at a moment of its own.</summary>
    private static async Task Becomes(string token, TokenCache cache)
    {
        await Patience.Until(async () => await Now(cache) == token);
    }

    private static async Task<string> Now(TokenCache cache, string scope = "a")
    {
        var call = cache.GetAsync(Payments, [scope], CancellationToken.None);
        Assert.True(call.IsCompletedSuccessfully);
        return (await call).AccessToken;
    }
}
