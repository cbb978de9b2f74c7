using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Claims;
using Assay.Client;
using Assay.Client.AspNetCore;
using Assay.Cluster.Tests.Running;
using Assay.Silo.Tests.Admin;
using Assay.Silo.Tests.Conformance;
using Assay.Silo.Tests.Running;
using Assay.Silo.Tests.SharedSignals;
using Assay.Silo.Tests.StatusLists;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using static Assay.Silo.Tests.Running.TokenRequests;
using static Assay.Silo.Tests.StatusLists.StatusQuestions;

namespace Assay.Silo.Tests.Tokens;

/// <summary>An API with the one line of <c>Assay.Client.AspNetCore</c>, and a real silo.</summary>
public sealed class ApiValidationTests(SiloFixture fixture) : IClassFixture<SiloFixture>
{
    [Fact]
    public async Task An_API_takes_a_token_and_refuses_it_when_the_list_says_that_it_was_revoked()
    {
        var silo = fixture.Silo;
        var clock = new AdvancedClock();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddAssayValidation(silo.Url, Payments);
        builder.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(clock));
        await using var api = builder.Build();
        api.UseAuthentication();
        api.UseAuthorization();
        api.MapGet("/who", (ClaimsPrincipal user) => user.Identity!.Name).RequireAuthorization();
        await api.StartAsync(TestContext.Current.CancellationToken);
        var (token, other) = (await silo.TokenOf("ledgerly-sync"), await silo.TokenOf("payments-exporter"));

        Assert.Equal((HttpStatusCode.OK, "ledgerly-sync"), await Ask(token));
        Assert.Equal(200, (await silo.Revoke("ledgerly-sync", token)).Status);
        await silo.Http.Until(Place.Of(token), 1);
        clock.Advance(TimeSpan.FromSeconds(16)); // the ttl of the list the API holds is over

        Assert.Equal(HttpStatusCode.Unauthorized, (await Ask(token)).Status);
        Assert.Equal((HttpStatusCode.OK, "payments-exporter"), await Ask(other));

        async Task<(HttpStatusCode Status, string Body)> Ask(string bearer)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, api.Urls.Single() + "/who");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
            using var answer = await silo.Http.SendAsync(request);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task An_API_that_listens_refuses_a_token_that_ended_though_its_list_is_not_due()
    {
        var silo = fixture.Silo;
        await using var api = await Listening(new StandingClock());
        var (revoked, ended, other) = (await silo.TokenOf("ledgerly-sync"), await silo.TokenOf("acme-crm"), await silo.TokenOf("payments-exporter"));
        foreach (var token in new[] { revoked, ended, other })
            Assert.Equal(HttpStatusCode.OK, await Ask(api, token));

        Assert.Equal(200, (await silo.Revoke("ledgerly-sync", revoked)).Status);
        await UntilRefused(api, revoked);
        await UntilNextSecond(ended);
        await silo.Must("POST", "revocations", """{"kind":"identity","name":"acme-crm","reason":"tried"}""");
        await UntilRefused(api, ended);

        Assert.Equal(HttpStatusCode.OK, await Ask(api, other));
    }

    [Fact]
    public async Task A_role_that_is_taken_away_shows_in_what_a_listening_client_holds_and_at_a_listening_API()
    {
        var silo = fixture.Silo;
        await using var api = await Listening(new StandingClock());
        var file = await silo.Create("narrowed", "payments-reader", "payments-writer");
        await using var client = new AssayClient(new AssayClientOptions { Issuer = new Uri(silo.Url), ClientId = "narrowed", Credential = AssayCredential.FromKeyFile(file), ListenForChanges = true });
        string[] scopes = ["payments:read", "payments:write"];
        var before = await client.GetTokenAsync(Payments, scopes, TestContext.Current.CancellationToken);
        Assert.Equal(scopes, before.Scopes);
        Assert.Equal(HttpStatusCode.OK, await Ask(api, before.AccessToken));
        await UntilFollowed("narrowed");
        await Until(() => client.Events.Silence is not null);
        await UntilNextSecond(before.AccessToken);

        await silo.Must("DELETE", $"identities/narrowed/memberships?group={Uri.EscapeDataString("Assay::Role::\"payments-writer\"")}");
        await Until(async () => (await client.GetTokenAsync(Payments, scopes, TestContext.Current.CancellationToken)).Scopes is ["payments:read"]);
        await UntilRefused(api, before.AccessToken);

        var after = await client.GetTokenAsync(Payments, scopes, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, await Ask(api, after.AccessToken));
    }

    /// <summary>How long it takes from the return of a revocation until an API refuses the token: printed, and not judged. Thirty rounds with <c>ASSAY_LONG_TESTS=1</c>.</summary>
    [Fact]
    public async Task A_revocation_reaches_an_API_by_event_and_by_list()
    {
        var silo = fixture.Silo;
        var rounds = LongTests.Size(1, 30);
        await using var listening = await Listening(TimeProvider.System);
        var byEvent = new List<double>();
        for (var round = 0; round < rounds; round++)
        {
            var token = await silo.TokenOf("payments-exporter");
            Assert.Equal(HttpStatusCode.OK, await Ask(listening, token));
            Assert.Equal(200, (await silo.Revoke("payments-exporter", token)).Status);
            byEvent.Add(await UntilRefused(listening, token));
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"by event: {Figures(byEvent)}");
        if (!LongTests.Wanted)
            return;

        await using var waiting = await Api(TimeProvider.System, static _ => { });
        var byList = await Task.WhenAll(Enumerable.Range(0, rounds).Select(async round =>
        {
            var token = await silo.TokenOf("payments-exporter");
            Assert.Equal(HttpStatusCode.OK, await Ask(waiting, token));
            await Task.Delay(TimeSpan.FromSeconds(round)); // at any time of a list's life
            Assert.Equal(200, (await silo.Revoke("payments-exporter", token)).Status);
            return await UntilRefused(waiting, token, TimeSpan.FromMilliseconds(100));
        }));
        TestContext.Current.TestOutputHelper!.WriteLine($"by list: {Figures(byList)}");
    }

    private static string Figures(IReadOnlyCollection<double> milliseconds)
    {
        var sorted = milliseconds.Order().ToArray();
        return string.Create(
            CultureInfo.InvariantCulture, $"{sorted.Length} rounds, p50 {sorted[sorted.Length / 2]:N1} ms, p99 {sorted[(int)Math.Ceiling(sorted.Length * 0.99) - 1]:N1} ms, least {sorted[0]:N1} ms, most {sorted[^1]:N1} ms");
    }

    /// <summary>The payments API, which hears what happens once this returns.</summary>
    private async Task<WebApplication> Listening(TimeProvider clock)
    {
        var silo = fixture.Silo;
        var api = await Api(clock, services =>
        {
            services.AddAssay(options => (options.Issuer, options.ClientId, options.Credential) = (new Uri(silo.Url), "payments-api", AssayCredential.FromKeyFile(silo.KeyFile("payments-api"))));
            services.Configure<AssayValidationOptions>(static options => options.ListenForRevocations = true);
        });
        foreach (var client in new[] { "ledgerly-sync", "acme-crm", "payments-exporter" })
        {
            await Ask(api, await silo.TokenOf(client));
            await UntilFollowed(client);
        }

        return api;
    }

    /// <summary>The API may hear of whom it names alone, and names those whose tokens came.</summary>
    private Task UntilFollowed(string client) => Until(async () =>
    {
        var streams = (await fixture.Silo.Admin("GET", "event-streams")).Body.GetProperty("streams").EnumerateArray();
        return streams.Any(stream =>
            stream.GetProperty("owner").GetString() == "payments-api" && stream.GetProperty("subjects").EnumerateArray().Any(subject => subject.GetString() == $"identity:{client}"));
    });

    private async Task<WebApplication> Api(TimeProvider clock, Action<IServiceCollection> services)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddAssayValidation(fixture.Silo.Url, Payments);
        services(builder.Services);
        builder.Services.Replace(ServiceDescriptor.Singleton(clock));
        var api = builder.Build();
        api.UseAuthentication();
        api.UseAuthorization();
        api.MapGet("/who", static (ClaimsPrincipal user) => user.Identity!.Name).RequireAuthorization();
        await api.StartAsync(TestContext.Current.CancellationToken);
        return api;
    }

    private async Task<HttpStatusCode> Ask(WebApplication api, string bearer)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, api.Urls.Single() + "/who");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        using var answer = await fixture.Silo.Http.SendAsync(request);
        return answer.StatusCode;
    }

    /// <summary>Milliseconds until the API refuses the token.</summary>
    private async Task<double> UntilRefused(WebApplication api, string token, TimeSpan? pause = null)
    {
        var started = TimeProvider.System.GetTimestamp();
        await Until(async () => await Ask(api, token) == HttpStatusCode.Unauthorized, pause);
        return TimeProvider.System.GetElapsedTime(started).TotalMilliseconds;
    }

    /// <summary>Times of issue count in seconds: a token of the second in which something happens may be from before or after it.</summary>
    private static Task UntilNextSecond(string token) => Until(() => TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() > Set.Of(token).Claims.GetProperty("iat").GetInt64());

    private static Task Until(Func<bool> holds) => Until(() => Task.FromResult(holds()));

    private static async Task Until(Func<Task<bool>> holds, TimeSpan? pause = null)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await holds())
            await Task.Delay(pause ?? TimeSpan.FromMilliseconds(1), patience.Token);
    }

    /// <summary>Time does not pass for what the API holds: no list is due again.</summary>
    private sealed class StandingClock : TimeProvider
    {
        public override long GetTimestamp() => 1;
    }

    private sealed class AdvancedClock : TimeProvider
    {
        private long ahead;

        public void Advance(TimeSpan time) => Interlocked.Add(ref ahead, time.Ticks);

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow(); // tokens are as old as they are

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => System.GetElapsedTime(0).Ticks + Interlocked.Read(ref ahead);
    }
}
