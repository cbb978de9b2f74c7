using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;

namespace Assay.Client.Tests;

/// <summary>The meter is one for the process: nobody else may ask for tokens meanwhile.</summary>
[CollectionDefinition(nameof(TelemetryTests), DisableParallelization = true)]
public sealed class NobodyElse;

[Collection(nameof(TelemetryTests))]
public sealed class TelemetryTests : IDisposable
{
    private const string Payments = "https://payments.example";
    private const string At = "server.address=id.example server.port=443";

    private readonly Clock clock = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly IssuerInMemory issuer = new();
    private readonly MeterListener listener = new();
    private readonly SortedDictionary<string, double> sums = [];

    public TelemetryTests()
    {
        listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "Assay.Client")
                listener.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Add(instrument, 1, tags)); // how many, not how long
        listener.Start();
    }

    public void Dispose() => listener.Dispose();

    [Fact]
    public async Task An_outage_can_be_seen_from_its_beginning_to_its_end()
    {
        using var client = issuer.Client(clock);
        await client.GetTokenAsync(Payments, "a"); // a miss, and a request
        clock.Advance(TimeSpan.FromSeconds(100));
        await client.GetTokenAsync(Payments, "a"); // a hit
        issuer.Away.Add("id.example");
        await Refused(client, "b"); // a miss, a request that fails: away
        await client.GetTokenAsync(Payments, "a"); // a hit, served while away
        await Refused(client, "b"); // a miss, spared

        Assert.Equal(
            new()
            {
                ["assay.client.token.lookups assay.client.lookup.result=hit"] = 2,
                ["assay.client.token.lookups assay.client.lookup.result=miss"] = 3,
                [$"assay.client.token.request.duration {At}"] = 1,
                [$"assay.client.token.request.duration {At} error.type=unreachable"] = 1,
                ["assay.client.token.served_while_away"] = 1,
                ["assay.client.token.requests_spared"] = 1,
                [$"assay.client.addresses.away {At}"] = 1,
            },
            sums);

        issuer.Away.Clear();
        clock.Advance(TimeSpan.FromSeconds(1.5));
        await client.GetTokenAsync(Payments, "b");
        Assert.Equal(0, sums[$"assay.client.addresses.away {At}"]);
    }

    [Fact]
    public async Task A_client_that_is_disposed_takes_its_addresses_out_of_the_count()
    {
        issuer.Away.Add("id.example");
        var client = issuer.Client(clock);
        await Refused(client, "a");
        Assert.Equal(1, sums[$"assay.client.addresses.away {At}"]);

        client.Dispose();
        client.Dispose();

        Assert.Equal(0, sums[$"assay.client.addresses.away {At}"]);
    }

    [Theory]
    [InlineData(400, "invalid_scope", "scopes")]
    [InlineData(400, "invalid_target", "resource")]
    [InlineData(401, "invalid_client", "client")]
    [InlineData(400, "made_up_by_somebody", "refused")]
    [InlineData(503, "temporarily_unavailable", "unavailable")]
    [InlineData(404, "", "not_an_issuer")]
    public async Task A_request_that_fails_is_told_by_a_word_of_ours(int status, string error, string type)
    {
        using var client = issuer.Client(clock);
        issuer.Token = (_, _) => IssuerInMemory.Answer((HttpStatusCode)status, error == "" ? "<html/>" : $$"""{"error":"{{error}}"}""");

        await Refused(client, "a");

        Assert.Equal(1, sums[$"assay.client.token.request.duration {At} http.response.status_code={status} error.type={type}"]);
    }

    [Fact]
    public async Task Renewals_tell_why_and_how_they_failed()
    {
        using var client = issuer.Client(clock);
        await client.GetTokenAsync(Payments, "a");
        clock.Advance(TimeSpan.FromSeconds(226));
        var (arrived, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        issuer.Token = async (_, _) =>
        {
            arrived.TrySetResult();
            await gate.Task;
            return await IssuerInMemory.Unavailable();
        };

        await client.GetTokenAsync(Payments, "a"); // renewed in the background
        await arrived.Task;
        clock.Advance(TimeSpan.FromSeconds(70)); // over: who asks now waits for the renewal
        var waiting = client.GetTokenAsync(Payments, "a").AsTask();
        gate.SetResult();
        await Assert.ThrowsAsync<AssayTokenException>(() => waiting);

        Assert.Equal(1, sums["assay.client.token.renewals assay.client.renewal.reason=age error.type=unavailable"]);
    }

    [Fact]
    public async Task A_clock_that_is_put_right_is_counted()
    {
        using var client = issuer.Client(clock);
        issuer.Token = (_, _) => issuer.TokenHosts.Count > 1
            ? Task.FromResult<HttpResponseMessage?>(null)
            : IssuerInMemory.Answer(
                HttpStatusCode.Unauthorized, """{"error":"invalid_client"}""", response => response.Headers.Date = clock.GetUtcNow() - TimeSpan.FromSeconds(30));

        await client.GetTokenAsync(Payments);

        Assert.Equal(1, sums["assay.client.clock.corrections"]);
    }

    [Fact]
    public async Task Being_watched_a_hit_still_allocates_nothing()
    {
        using var client = issuer.Client(clock);
        await client.GetTokenAsync(Payments, "a");
        var hits = 0L;
        listener.Dispose();
        using var counting = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "assay.client.token.lookups")
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        counting.SetMeasurementEventCallback<long>((_, value, _, _) => hits += value);
        counting.Start();
        var missed = Calls(1_000);

        var before = GC.GetAllocatedBytesForCurrentThread();
        missed += Calls(100_000);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal((0L, 0, 101_000L), (allocated / 100_000, missed, hits)); // the runtime, too, allocates now and then

        int Calls(int times)
        {
            var missed = 0;
            for (var i = 0; i < times; i++)
            {
                if (!client.GetTokenAsync(Payments, "a").IsCompletedSuccessfully)
                    missed++;
            }

            return missed;
        }
    }

    [Fact]
    public async Task Several_tokens_at_once_are_told_apart_from_one()
    {
        var ended = new List<Activity>();
        using var traces = Traces(ended);
        using var client = issuer.Client(clock);
        issuer.Token = (_, _) => IssuerInMemory.Answers(
            """{"status":200,"access_token":"t","token_type":"Bearer","expires_in":300}""", """{"status":400,"error":"invalid_scope","decision_id":"d-1"}""");

        await client.RequestTokensAsync([new(Payments, "a"), new(Payments, "b")]);
        issuer.Token = (_, _) => IssuerInMemory.Unavailable();
        await Assert.ThrowsAsync<AssayTokenException>(() => client.RequestTokensAsync([new(Payments, "a")]));

        Assert.Equal(1, sums[$"assay.client.token.request.duration {At} assay.client.request.kind=batch"]);
        Assert.Equal(1, sums[$"assay.client.token.request.duration {At} assay.client.request.kind=batch http.response.status_code=503 error.type=unavailable"]);
        Assert.Equal(
            ["assay.tokens Unset assay.requests=2 assay.requests_refused=1", "assay.tokens Error assay.requests=1 error.type=unavailable"],
            ended.Select(activity => $"{activity.OperationName} {activity.Status} {string.Join(' ', activity.TagObjects.Select(tag => $"{tag.Key}={tag.Value}"))}"));
    }

    [Fact]
    public async Task An_issuer_without_the_endpoint_is_told_by_a_word_of_ours()
    {
        issuer.BatchEndpoint = "null";
        using var client = issuer.Client(clock);

        await Assert.ThrowsAsync<AssayTokenException>(() => client.RequestTokensAsync([new(Payments, "a")]));

        Assert.Equal(1, sums[$"assay.client.token.request.duration {At} assay.client.request.kind=batch error.type=unsupported"]);
    }

    [Fact]
    public async Task A_trace_shows_what_was_asked_for_where_and_what_came_of_it()
    {
        var ended = new List<Activity>();
        using var traces = Traces(ended);
        using var client = issuer.Client(clock, configure: options => options.Endpoints = [new Uri("https://a.example"), new Uri("https://b.example")]);
        issuer.Away.Add("a.example");
        issuer.Token = (_, _) => IssuerInMemory.Answer(HttpStatusCode.BadRequest, """{"error":"invalid_scope","decision_id":"d-1"}""");

        await Refused(client, "payments:read");

        var activity = Assert.Single(ended);
        Assert.Equal(("assay.token", ActivityStatusCode.Error), (activity.OperationName, activity.Status));
        Assert.Equal(
            ["assay.resource=https://payments.example", "assay.scopes=payments:read", "error.type=scopes", "assay.decision_id=d-1"],
            activity.TagObjects.Select(tag => $"{tag.Key}={tag.Value}"));
        Assert.Equal(
            ["server.address=a.example server.port=443 error.type=unreachable", "server.address=b.example server.port=443 error.type=scopes"],
            activity.Events.Select(attempt => string.Join(' ', attempt.Tags.Select(tag => $"{tag.Key}={tag.Value}"))));
    }

    private static ActivityListener Traces(List<Activity> ended)
    {
        var traces = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Assay.Client",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = ended.Add,
        };
        ActivitySource.AddActivityListener(traces);
        return traces;
    }

    private static Task<AssayTokenException> Refused(AssayClient client, string scope) =>
        Assert.ThrowsAsync<AssayTokenException>(() => client.GetTokenAsync(Payments, scope).AsTask());

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var series = instrument.Name;
        foreach (var tag in tags)
            series += $" {tag.Key}={tag.Value}";
        lock (sums)
            sums[series] = sums.GetValueOrDefault(series) + value;
    }
}
