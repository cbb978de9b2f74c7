using System.Text.Json;
using Assay.Client.Events;

namespace Assay.Client.Tests.Events;

/// <summary>What events do to the tokens a client holds.</summary>
public sealed class OwnTokensTests
{
    private const string Caep = "https://schemas.openid.net/secevent/caep/event-type/";

    private readonly Clock clock = new(DateTimeOffset.UnixEpoch.AddYears(50));
    private int asked;

    [Theory]
    [InlineData("session-revoked", "exporter", "{}", "let go")]
    [InlineData("session-revoked", null, """{"urn:assay:key":"key-1"}""", "let go")]
    [InlineData("token-claims-change", "exporter", """{"claims":{"roles":[]}}""", "let go")]
    [InlineData("credential-change", "exporter", """{"change_type":"revoke"}""", "let go")]
    [InlineData("credential-change", "exporter", """{"change_type":"delete"}""", "let go")]
    [InlineData("credential-change", "exporter", """{"change_type":"create"}""", "renewed")]
    [InlineData("credential-change", "exporter", """{"change_type":"update"}""", "renewed")]
    [InlineData("risk-level-change", "exporter", """{"current_level":"HIGH","previous_level":"LOW"}""", "let go")]
    [InlineData("risk-level-change", "exporter", """{"current_level":"LOW","previous_level":"HIGH"}""", "renewed")]
    [InlineData("risk-level-change", "exporter", """{"current_level":"?","previous_level":"?"}""", "let go")]
    [InlineData("session-revoked", "another", "{}", "kept")]
    [InlineData("token-claims-change", "another", "{}", "kept")]
    [InlineData("credential-change", "another", """{"change_type":"revoke"}""", "kept")]
    [InlineData("something-else", "exporter", "{}", "kept")]
    public async Task What_may_allow_less_is_let_go_of_and_what_may_allow_more_is_renewed(string type, string? about, string details, string then)
    {
        using var cache = Cache();
        await Get(cache);

        OwnTokens.Heed(Happened(Caep + type, about, null, details), "exporter", cache);
        var next = await Get(cache);
        await Patience.Until(() => then != "renewed" || Volatile.Read(ref asked) == 2);

        Assert.Equal(then == "let go" ? "token-2" : "token-1", next);
        Assert.Equal(then == "kept" ? 1 : 2, asked);
    }

    [Fact]
    public async Task A_token_that_was_revoked_by_name_is_let_go_of_and_the_others_stay()
    {
        using var cache = Cache(number => Named($"t-{number}"));
        var (first, other) = (await Get(cache, "a"), await Get(cache, "b"));

        OwnTokens.Heed(Happened(Caep + "session-revoked", null, "t-1", "{}"), "exporter", cache);
        OwnTokens.Heed(Happened(Caep + "session-revoked", null, "somebody's", "{}"), "exporter", cache);
        OwnTokens.Heed(Happened(Caep + "risk-level-change", null, "t-2", "{}"), "exporter", cache);

        Assert.Equal((Named("t-1"), Named("t-2")), (first, other));
        Assert.Equal((Named("t-3"), Named("t-2")), (await Get(cache, "a"), await Get(cache, "b")));
    }

    [Fact]
    public async Task What_was_asked_for_before_and_comes_only_now_is_asked_for_once_more()
    {
        var answers = new Queue<TaskCompletionSource<TokenResponse>>(Enumerable.Range(0, 3).Select(static _ => new TaskCompletionSource<TokenResponse>()));
        var asking = new SemaphoreSlim(0);
        var all = answers.ToArray();
        using var cache = new TokenCache(
            (_, _) =>
            {
                asking.Release();
                return answers.Dequeue().Task;
            },
            10,
            clock);

        var waits = Get(cache);
        await asking.WaitAsync(TestContext.Current.CancellationToken);
        cache.LetGo(null);
        all[0].SetResult(Token("of before"));
        await asking.WaitAsync(TestContext.Current.CancellationToken);
        all[1].SetResult(Token("of after"));

        Assert.Equal("of after", await waits);
        Assert.Equal("of after", await Get(cache));
    }

    [Fact]
    public async Task What_comes_while_they_are_let_go_of_time_and_again_is_given_to_who_waits_and_not_held()
    {
        TokenCache? cache = null;
        using var made = cache = new TokenCache(
            (_, _) =>
            {
                cache!.LetGo(null);
                return Task.FromResult(Token($"token-{Interlocked.Increment(ref asked)}"));
            },
            10,
            clock);

        Assert.Equal("token-2", await Get(cache)); // asked for twice, not without end
        Assert.Equal("token-4", await Get(cache));
    }

    [Fact]
    public async Task A_renewal_that_waits_after_a_failure_goes_on_waiting()
    {
        using var cache = Cache(number => number == 1 ? "token-1" : throw new AssayTokenException(TokenFailure.Unavailable, "away"));
        await Get(cache);
        cache.RenewSoon();
        await Get(cache);
        await Patience.Until(() => Volatile.Read(ref asked) == 2);
        await Assert.ThrowsAsync<AssayTokenException>(() => cache.RequestAsync(TokenRequest.Create("a", []), CancellationToken.None)); // behind the renewal

        for (var i = 0; i < 100; i++)
        {
            cache.RenewSoon();
            Assert.Equal("token-1", await Get(cache));
        }

        Assert.InRange(asked, 3, 4);
    }

    [Theory]
    [InlineData("opaque", null)]
    [InlineData("a.b.c", null)]
    [InlineData("a.!!.c", null)]
    [InlineData("a.W10.c", null)] // []
    [InlineData("a.eyJqdGkiOjd9.c", null)] // 7
    [InlineData("a.eyJqdGkiOiJ0LTEifQ.c", "t-1")]
    public void The_name_of_a_token_is_read_if_it_has_one(string token, string? name) => Assert.Equal(name, JwtId.Of(token));

    private TokenCache Cache(Func<int, string>? make = null) => new(
        (_, _) =>
        {
            var number = Interlocked.Increment(ref asked);
            return Task.FromResult(Token(make is null ? $"token-{number}" : make(number)));
        },
        10,
        clock);

    private static async Task<string> Get(TokenCache cache, string resource = "a") => (await cache.GetAsync(resource, [], CancellationToken.None)).AccessToken;

    private static TokenResponse Token(string token) => new(token, "Bearer", TimeSpan.FromSeconds(300), []);

    private static string Named(string id) => Signed.Compact("{}", $$"""{"jti":"{{id}}"}""", static _ => [1]);

    private static SecurityEvent Happened(string type, string? about, string? token, string details)
    {
        using var json = JsonDocument.Parse(details);
        return new SecurityEvent("set", type, DateTimeOffset.UnixEpoch, about, token, about is null && token is null, json.RootElement.Clone());
    }
}
