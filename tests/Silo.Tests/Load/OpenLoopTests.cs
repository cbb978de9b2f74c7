using Assay.Local;
using Assay.Workloads;

namespace Assay.Silo.Tests.Load;

public sealed class OpenLoopTests
{
    [Fact]
    public async Task A_request_that_could_not_be_made_in_time_is_late_from_when_it_was_due()
    {
        // Each takes 30 ms and only one is made at a time, so of those that are due every 10 ms the last waits for all before it.
        var loop = new OpenLoop(Slow, new(100, TimeSpan.FromSeconds(0.1), TimeSpan.Zero), inFlight: 1, TimeProvider.System);

        var recording = await loop.Run(TestContext.Current.CancellationToken);

        Assert.Equal(recording.Due, recording.Answered);
        Assert.True(recording.Milliseconds(100) > 100, $"{recording.Due} requests, the slowest {recording.Milliseconds(100)} ms");

        static async Task<Outcome> Slow(CancellationToken cancellationToken)
        {
            await Task.Delay(30, cancellationToken);
            return new Outcome(200, 10, 1, null);
        }
    }

    [Fact]
    public async Task What_throws_is_a_fault_of_that_request_and_the_others_go_on()
    {
        var asked = 0;
        var loop = new OpenLoop(
            _ => Interlocked.Increment(ref asked) % 2 == 0 ? throw new InvalidOperationException("no token") : Task.FromResult(new Outcome(200, 10, 1, null)),
            new(200, TimeSpan.FromSeconds(0.1), TimeSpan.Zero), inFlight: 8, TimeProvider.System);

        var recording = await loop.Run(TestContext.Current.CancellationToken);

        Assert.Equal(asked / 2, recording.Faulty);
        Assert.Equal([("no token", (long)(asked / 2))], recording.Faults);
    }

    [Fact]
    public void Each_limit_that_does_not_hold_is_told()
    {
        var limits = new Limits { ErrorShare = 0.01, P99 = 10, Recovery = TimeSpan.FromSeconds(5) };

        var broken = limits.Broken(new Measured(1000, 0.02, 0.5, 11, TimeSpan.FromSeconds(6), "503"));
        var held = limits.Broken(new Measured(1000, 0.01, 1, 10, TimeSpan.FromSeconds(5), "503"));
        var nothing = limits.Broken(new Measured(0, 0, null, 0, null, null));

        Assert.Equal(
            [
                "2.000 % of the requests failed; at most 1.000 % may: 503", "50.0 % of the requests that were due were completed; at least 99.0 % must", "p99 is 11.0 ms; at most 10.0 ms",
                "faults were seen until 6 s after the disturbance; at most 5 s",
            ],
            broken);
        Assert.Empty(held);
        Assert.Equal(["nothing was measured"], nothing);
    }

    [Fact]
    public void Ranks_are_drawn_as_often_as_the_law_of_zipf_says()
    {
        const int Count = 1000, Draws = 200_000;
        var (zipf, random, drawn) = (new Zipf(Count), new Random(7), new int[Count]);

        for (var i = 0; i < Draws; i++)
            drawn[zipf.Next(random)]++;

        var all = Enumerable.Range(1, Count).Sum(rank => 1.0 / rank);
        foreach (var rank in (int[])[1, 2, 3, 10, 100])
            Assert.InRange(drawn[rank - 1] / (Draws / all / rank), 0.85, 1.15);
    }

    [Theory]
    [InlineData(200, """{"access_token":"eyJ","scope":"load:read"}""", true)]
    [InlineData(200, """{"access_token":"eyJ","scope":"load:read load:refund"}""", false)]
    [InlineData(200, """{"token":"eyJ","scope":"load:read"}""", false)]
    [InlineData(503, """{"error":"temporarily_unavailable"}""", false)]
    public void A_grant_has_a_token_and_just_the_scopes_that_are_due(int status, string answer, bool isDue) =>
        Assert.Equal(isDue, TokenCalls.Judge(status, System.Text.Encoding.ASCII.GetBytes(answer), Expected.Granted("load:read")).IsOk);

    [Theory]
    [InlineData(400, """{"error":"invalid_scope"}""", true)]
    [InlineData(400, """{"error":"invalid_target"}""", false)]
    [InlineData(200, """{"access_token":"eyJ","scope":"load:nobody"}""", false)]
    public void A_refusal_names_the_error_that_is_due_and_holds_no_token(int status, string answer, bool isDue) =>
        Assert.Equal(isDue, TokenCalls.Judge(status, System.Text.Encoding.ASCII.GetBytes(answer), Expected.Refused("invalid_scope")).IsOk);
}
