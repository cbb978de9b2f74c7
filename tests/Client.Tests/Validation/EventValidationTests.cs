using System.Net;
using System.Text.Json.Nodes;
using Assay.Client.AspNetCore;
using Assay.Client.Tests.Events;
using Microsoft.Extensions.DependencyInjection;

namespace Assay.Client.Tests.Validation;

/// <summary>An API that hears of revocations, and one that hears nothing.</summary>
public sealed class EventValidationTests
{
    [Fact]
    public async Task A_token_is_refused_as_soon_as_an_event_tells_that_it_ended_and_newer_ones_and_those_of_others_pass()
    {
        await using var issuer = await TokenMaker.Start();
        var events = Events(issuer);
        await using var api = await Listening(issuer);
        string before = issuer.Token(Aged(-10)), other = issuer.Token(static claims => (claims["client_id"], claims["sub"]) = ("importer", "importer")), after = issuer.Token();
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await Ask(api, before), await Ask(api, other)));

        await events.Taken(events.Tell(Transmitter.SessionRevoked, "exporter", $$"""{"event_timestamp":{{Second(after) - 1}}}"""));

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK, HttpStatusCode.OK), (await Ask(api, before), await Ask(api, other), await Ask(api, after)));
    }

    [Fact]
    public async Task A_single_token_is_refused_as_soon_as_an_event_names_it()
    {
        await using var issuer = await TokenMaker.Start();
        var events = Events(issuer);
        await using var api = await Listening(issuer);
        string one = issuer.Token(claims => claims["jti"] = "t-1"), other = issuer.Token();
        Assert.Equal(HttpStatusCode.OK, await Ask(api, one));

        await events.Taken(events.Tell(
            Transmitter.SessionRevoked, null, change: claims => claims["sub_id"] = new JsonObject { ["format"] = "jwt_id", ["iss"] = issuer.Url, ["jti"] = "t-1" }));

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (await Ask(api, one), await Ask(api, other)));
    }

    [Theory]
    [InlineData(true, HttpStatusCode.Unauthorized)]
    [InlineData(false, HttpStatusCode.OK)]
    public async Task A_token_of_the_second_of_the_event_is_for_its_list_to_judge_which_is_read_again_for_it(bool isRevoked, HttpStatusCode then)
    {
        var clock = new Clock(TimeProvider.System.GetUtcNow());
        await using var issuer = await TokenMaker.Start();
        var events = Events(issuer);
        await using var api = await Listening(issuer, clock: clock);
        var token = issuer.Token(index: 3);
        await Ask(api, token); // and the list is read
        var second = Second(token);

        await events.Taken(events.Tell(Transmitter.SessionRevoked, "exporter", $$"""{"event_timestamp":{{second}}}"""));
        if (isRevoked)
            issuer.Revoke(3);
        var atOnce = await Ask(api, token);
        var reads = issuer.ListReads;
        clock.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal((HttpStatusCode.OK, then, then), (atOnce, await Ask(api, token), await Ask(api, token)));
        Assert.Equal((1, 2), (reads, issuer.ListReads));
    }

    [Fact]
    public async Task Where_it_may_not_hear_of_everybody_an_API_asks_for_events_about_those_whose_tokens_came()
    {
        await using var issuer = await TokenMaker.Start();
        var events = Events(issuer);
        events.OnAdd["*"] = 403;
        await using var api = await Listening(issuer);
        await events.Until("added *");

        await Ask(api, issuer.Token());
        await Ask(api, issuer.Token(claims => claims["aud"] = "https://other.example"));
        await events.Until("added exporter");

        Assert.Equal(["ledger", "*", "exporter"], events.Subjects);
    }

    [Theory]
    [InlineData(false, HttpStatusCode.OK)]
    [InlineData(true, HttpStatusCode.ServiceUnavailable)]
    public async Task An_API_that_hears_nothing_goes_by_lists_alone_or_refuses_as_it_chose(bool refuses, HttpStatusCode status)
    {
        await using var issuer = await TokenMaker.Start();
        Events(issuer).OnCreate = 403;
        await using var api = await Listening(issuer, options => options.AcceptSilence = refuses ? TimeSpan.FromSeconds(30) : null);

        using var answer = await api.Get("/who", issuer.Token());

        Assert.Equal((status, refuses), (answer.StatusCode, answer.Headers.RetryAfter is not null));
    }

    [Fact]
    public async Task An_API_that_refuses_when_it_hears_nothing_takes_tokens_once_it_hears_also_before_anything_was_told()
    {
        await using var issuer = await TokenMaker.Start();
        Events(issuer);
        await using var api = await Listening(issuer, static options => options.AcceptSilence = TimeSpan.FromSeconds(30));

        await Patience.Until(async () => await Ask(api, issuer.Token()) == HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_API_that_hears_of_itself_alone_hears_nothing()
    {
        await using var issuer = await TokenMaker.Start();
        var events = Events(issuer);
        (events.OnAdd["*"], events.OnAdd["exporter"]) = (403, 403);
        await using var api = await Listening(issuer, static options => options.AcceptSilence = TimeSpan.FromSeconds(30));

        await Ask(api, issuer.Token());
        await events.Until("added exporter"); // the stream is there, and about the API itself alone

        await Patience.Until(async () => await Ask(api, issuer.Token()) == HttpStatusCode.ServiceUnavailable);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await Ask(api, issuer.Token()));
    }

    [Theory]
    [InlineData(null, "call AddAssay as well")]
    [InlineData("https://other.example", "needs a client of")]
    public async Task Without_a_client_that_could_ask_the_issuer_for_events_it_does_not_start(string? clientOf, string sentence)
    {
        await using var issuer = await TokenMaker.Start();

        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => Ledger.Start(
            issuer,
            static options => options.ListenForRevocations = true,
            services: services =>
            {
                if (clientOf is not null)
                    services.AddAssay(options => (options.Issuer, options.ClientId) = (new Uri(clientOf), "ledger"));
            }));

        Assert.Contains(sentence, fault.Message);
    }

    [Theory]
    [InlineData(29, true, "AcceptSilence is not from 30 seconds to 1 hour")]
    [InlineData(30, false, "AcceptSilence means nothing without ListenForRevocations")]
    public void Settings_about_events_that_cannot_be_right_are_faults(int silence, bool listens, string sentence)
    {
        var options = new AssayValidationOptions { Issuer = new Uri("https://id.example"), Resource = TokenMaker.Api, ListenForRevocations = listens, AcceptSilence = TimeSpan.FromSeconds(silence) };

        Assert.Contains(sentence, Assert.Single(options.Faults()));
    }

    private static Transmitter Events(TokenMaker issuer) => new(issuer.Issuer) { Receiver = "ledger" };

    private static Task<Ledger> Listening(TokenMaker issuer, Action<AssayValidationOptions>? configure = null, TimeProvider? clock = null) => Ledger.Start(
        issuer,
        options =>
        {
            options.ListenForRevocations = true;
            configure?.Invoke(options);
        },
        clock,
        services => services.AddAssay(options =>
        {
            (options.Issuer, options.ClientId, options.Credential) = (new Uri(issuer.Url), "ledger", AssayCredential.FromSecret("secret"));
        }));

    private static Action<JsonObject> Aged(int seconds) => claims => claims["iat"] = claims["iat"]!.GetValue<long>() + seconds;

    private static long Second(string token) => JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1]))!["iat"]!.GetValue<long>();

    private static async Task<HttpStatusCode> Ask(Ledger api, string token)
    {
        using var answer = await api.Get("/who", token);
        return answer.StatusCode;
    }
}
