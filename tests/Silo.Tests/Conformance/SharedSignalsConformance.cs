using System.Text.Json;
using Assay.Silo.Tests.Admin;
using Assay.Silo.Tests.Running;
using Assay.Silo.Tests.SharedSignals;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using static Assay.Silo.Tests.Running.TokenRequests;

namespace Assay.Silo.Tests.Conformance;

/// <summary>Checks 13a, 13b and 13c, as far as they concern a transmitter: SSF 1.0, RFC 8417, RFC 8935, RFC 8936, CAEP 1.0.</summary>
public sealed class SharedSignalsConformance(EventSiloFixture fixture) : IClassFixture<EventSiloFixture>
{
    private const string Caep = "https://schemas.openid.net/secevent/caep/event-type/";
    private const string Push = "urn:ietf:rfc:8935";

    private static int made;

    private RunningSilo Silo => fixture.Silo;

    [Fact]
    public async Task Check_13a_1_The_metadata_names_the_issuer_and_every_endpoint_and_has_no_empty_list()
    {
        using var json = JsonDocument.Parse(await Silo.Http.GetStringAsync(Silo.Url + "/.well-known/ssf-configuration"));

        Assert.Equal(
            $$"""
            {"spec_version":"1_0","issuer":"{{Silo.Url}}","jwks_uri":"{{Silo.Url}}/oauth/jwks","delivery_methods_supported":["urn:ietf:rfc:8935","urn:ietf:rfc:8936"],"configuration_endpoint":"{{Silo.Url}}/ssf/streams","status_endpoint":"{{Silo.Url}}/ssf/status","add_subject_endpoint":"{{Silo.Url}}/ssf/subjects/add","remove_subject_endpoint":"{{Silo.Url}}/ssf/subjects/remove","verification_endpoint":"{{Silo.Url}}/ssf/verification","authorization_schemes":[{"spec_urn":"urn:ietf:rfc:6749"}],"default_subjects":"NONE"}
            """,
            json.RootElement.GetRawText());
    }

    [Fact]
    public async Task Check_13a_2_A_push_stream_is_created_with_what_is_supported_of_what_was_requested_and_a_second_one_is_not()
    {
        var receiver = await Client();
        await using var endpoint = await PushReceiver.Start();
        var wish = new { events_requested = new[] { Caep + "session-revoked", "urn:unknown" }, description = "mine", delivery = new { method = Push, endpoint_url = endpoint.Url, authorization_header = "Bearer s3cret" } };

        var created = await receiver.Call("POST", "streams", wish);
        var second = await receiver.Call("POST", "streams", wish);

        var stream = created.Body.GetProperty("stream_id").GetString();
        Assert.Equal(201, created.Status);
        Assert.Equal(
            $$"""
            {"stream_id":"{{stream}}","iss":"{{Silo.Url}}","aud":"{{receiver.Id}}","events_supported":["{{Caep}}session-revoked","{{Caep}}token-claims-change","{{Caep}}credential-change","{{Caep}}risk-level-change"],"events_requested":["{{Caep}}session-revoked","urn:unknown"],"events_delivered":["{{Caep}}session-revoked"],"delivery":{"method":"urn:ietf:rfc:8935","endpoint_url":"{{endpoint.Url}}"},"min_verification_interval":600,"description":"mine"}
            """,
            created.Body.GetRawText());
        Assert.Equal((409, "A client has 1 streams at most: delete one, or change it."), second.Said());
    }

    [Fact]
    public async Task Check_13a_2_Without_a_token_and_with_the_wrong_one_nothing_is_created()
    {
        var receiver = await Client();

        var nobody = await Silo.EventCall(null, "POST", "streams", new { });
        var reader = await Silo.EventCall(await receiver.Token("ssf.read"), "POST", "streams", new { });
        var administrator = await Silo.EventCall(await Silo.AdminToken(), "POST", "streams", new { });
        var list = await Silo.EventCall(await receiver.Token("ssf.read"), "GET", "streams");

        Assert.Equal((401, "Bearer realm=\"assay-events\""), (nobody.Status, nobody.Challenge));
        Assert.Equal(403, reader.Status);
        Assert.Contains("error=\"insufficient_scope\"", reader.Challenge, StringComparison.Ordinal);
        Assert.Equal(401, administrator.Status);
        Assert.Equal((200, "[]"), (list.Status, list.Body.GetRawText()));
    }

    [Fact]
    public async Task Check_13a_3_A_verification_comes_back_with_its_state_and_not_again_too_soon()
    {
        var receiver = await Client();
        var stream = await receiver.Open();

        var asked = await receiver.Call("POST", "verification", new { stream_id = stream, state = "VGhpcw" });
        var set = Assert.Single(await receiver.Take(stream, 1));

        Assert.Equal(204, asked.Status);
        Assert.Equal(("verification", """{"state":"VGhpcw"}""", $$"""{"format":"opaque","id":"{{stream}}"}"""), (set.Type, set.Event.GetRawText(), set.Subject.GetRawText()));
        Assert.Equal(429, (await receiver.Call("POST", "verification", new { stream_id = stream })).Status);
        Assert.Empty(await receiver.Poll(stream, waits: false));
    }

    [Fact]
    public async Task Check_13a_4_What_happens_while_a_stream_is_paused_comes_in_order_afterwards()
    {
        var receiver = await Client();
        var stream = await receiver.Open();
        await receiver.SetStatus(stream, "paused");
        foreach (var weight in new[] { 30, 60, 5 })
            await Silo.Raise(receiver.Id, weight);
        Assert.Empty(await receiver.Poll(stream, waits: false));

        await receiver.SetStatus(stream, "enabled");

        Assert.Equal(["LOW MEDIUM", "MEDIUM HIGH", "HIGH LOW"], (await receiver.Take(stream, 3)).Select(Levels));
    }

    [Fact]
    public async Task Check_13a_4_What_happens_while_a_stream_is_disabled_never_comes()
    {
        var receiver = await Client();
        var stream = await receiver.Open();
        await receiver.SetStatus(stream, "disabled");
        await Silo.Raise(receiver.Id, 30);

        await receiver.SetStatus(stream, "enabled");
        await Silo.Raise(receiver.Id, 60);

        Assert.Equal(["MEDIUM HIGH"], (await receiver.Take(stream, 1)).Select(Levels));
        Assert.Empty(await receiver.Poll(stream, waits: false));
    }

    [Fact]
    public async Task Check_13a_4_A_stream_that_we_stop_says_so_first_and_its_receiver_does_not_start_it()
    {
        var receiver = await Client();
        await using var endpoint = await PushReceiver.Start();
        var stream = await receiver.Open(new { delivery = new { method = Push, endpoint_url = endpoint.Url } });

        await Silo.Must("POST", $"event-streams/{stream}/status", """{"status":"disabled","reason":"too many complaints"}""");
        await Silo.Raise(receiver.Id, 30);
        var refused = await receiver.Call("POST", "status", new { stream_id = stream, status = "enabled" });
        await Silo.Must("POST", $"event-streams/{stream}/status", """{"status":"enabled","reason":"made up"}""");
        await Silo.Raise(receiver.Id, 60);

        Assert.Equal(403, refused.Status);
        var sets = new[] { Set.Of((await endpoint.Next()).Set), Set.Of((await endpoint.Next()).Set), Set.Of((await endpoint.Next()).Set) };
        Assert.Equal(["stream-updated", "stream-updated", "risk-level-change"], sets.Select(set => set.Type));
        Assert.Equal("""{"status":"disabled","reason":"too many complaints"}""", sets[0].Event.GetRawText());
        Assert.Equal("""{"status":"enabled","reason":"made up"}""", sets[1].Event.GetRawText());
        Assert.Equal("MEDIUM HIGH", Levels(sets[2])); // what happened while it was disabled was dropped
    }

    [Fact]
    public async Task Check_13a_5_A_stream_of_anothers_and_one_that_is_not_there_are_the_same_to_every_call()
    {
        var (owner, stranger) = (await Client(), await Client());
        var stream = await owner.Open();
        var mine = await stranger.Open();

        foreach (var id in new[] { stream, mine[..^3] + "AAA", "nothing" })
        {
            var subject = stranger.Named(stranger.Id);
            EventAnswer[] answers =
            [
                await stranger.Call("GET", $"streams?stream_id={id}"), await stranger.Call("PATCH", "streams", new { stream_id = id }), await stranger.Call("PUT", "streams", new { stream_id = id }),
                await stranger.Call("DELETE", $"streams?stream_id={id}"), await stranger.Call("GET", $"status?stream_id={id}"),
                await stranger.Call("POST", "status", new { stream_id = id, status = "paused" }), await stranger.Call("POST", "subjects/add", new { stream_id = id, subject }),
                await stranger.Call("POST", "subjects/remove", new { stream_id = id, subject }), await stranger.Call("POST", "verification", new { stream_id = id }),
                await stranger.Call("POST", $"poll/{id}", new { returnImmediately = true }),
            ];
            Assert.All(answers, answer => Assert.Equal((404, "There is no such stream."), answer.Said()));
        }

        Assert.Equal([mine], (await stranger.Call("GET", "streams")).Body.EnumerateArray().Select(one => one.GetProperty("stream_id").GetString()));
    }

    [Fact]
    public async Task Check_13a_5_What_is_ours_to_say_is_not_changed_and_a_deleted_stream_is_gone()
    {
        var receiver = await Client();
        var stream = await receiver.Open(new { description = "first", events_requested = new[] { Caep + "session-revoked" } });

        var wrong = await receiver.Call("PATCH", "streams", new { stream_id = stream, aud = "https://elsewhere.example" });
        var same = await receiver.Call("PATCH", "streams", new { stream_id = stream, aud = receiver.Id, description = "second" });
        var replaced = await receiver.Call("PUT", "streams", new { stream_id = stream });

        Assert.Equal((400, "aud is the transmitter's to say; leave it out, or as it is"), wrong.Said());
        Assert.Equal((200, "second", 1), (same.Status, same.Body.GetProperty("description").GetString(), same.Body.GetProperty("events_delivered").GetArrayLength()));
        Assert.Equal((200, false, 4), (replaced.Status, replaced.Body.TryGetProperty("description", out _), replaced.Body.GetProperty("events_delivered").GetArrayLength()));
        Assert.Equal(204, (await receiver.Call("DELETE", $"streams?stream_id={stream}")).Status);
        Assert.Equal(404, (await receiver.Call("GET", $"streams?stream_id={stream}")).Status);
        Assert.Equal(404, (await receiver.Call("DELETE", $"streams?stream_id={stream}")).Status);
    }

    [Fact]
    public async Task Check_13b_1_Every_token_is_a_signed_SET_with_one_event()
    {
        var receiver = await Client("assay-event-receiver");
        var subject = await Client("payments-reader");
        var stream = await receiver.Open(null, subject.Id);
        var token = await Silo.TokenFor(subject.Id, subject.KeyFile, Payments, "payments:read");
        await Silo.Raise(subject.Id, 30);
        await Silo.Must("DELETE", $"identities/{subject.Id}/memberships?group={Uri.EscapeDataString("Assay::Role::\"payments-reader\"")}");
        await Silo.Must("POST", "revocations", JsonSerializer.Serialize(new { kind = "jti", name = Set.Of(token).JwtId, reason = "seen in a log" }));
        await Silo.Must("POST", $"identities/{subject.Id}/disable", """{"reason":"gone"}""");

        var sets = await receiver.Take(stream, 4);

        Assert.Equal(["risk-level-change", "token-claims-change", "session-revoked", "session-revoked"], sets.Select(set => set.Type));
        Assert.Equal("""{"roles":[]}""", sets[1].Event.GetProperty("claims").GetRawText());
        Assert.Equal($$"""{"format":"jwt_id","iss":"{{Silo.Url}}","jti":"{{Set.Of(token).JwtId}}"}""", sets[2].Subject.GetRawText());
        Assert.Equal($$"""{"format":"iss_sub","iss":"{{Silo.Url}}","sub":"{{subject.Id}}"}""", sets[3].Subject.GetRawText());
        var keys = new JsonWebKeySet(await Silo.Http.GetStringAsync(Silo.Url + "/oauth/jwks")).GetSigningKeys();
        foreach (var set in sets)
        {
            Assert.Equal(["aud", "events", "iat", "iss", "jti", "sub_id", "txn"], set.Claims.EnumerateObject().Select(claim => claim.Name).Order(StringComparer.Ordinal));
            var validated = await new JsonWebTokenHandler().ValidateTokenAsync(set.Text, new TokenValidationParameters
            {
                ValidIssuer = Silo.Url, ValidAudience = receiver.Id, ValidTypes = ["secevent+jwt"], ValidAlgorithms = ["ES256"], IssuerSigningKeys = keys, RequireExpirationTime = false,
            });
            Assert.True(validated.IsValid, validated.Exception?.ToString());
            Assert.DoesNotContain("seen in a log", set.Claims.GetRawText(), StringComparison.Ordinal); // what administrators write down is not for listeners
        }
    }

    [Fact]
    public async Task Check_13b_2_A_receiver_that_fails_three_times_has_each_event_once_and_in_order()
    {
        var receiver = await Client();
        await using var endpoint = await PushReceiver.Start();
        endpoint.Order((500, null), (500, null), (400, "no JSON at all"));
        await receiver.Open(new { delivery = new { method = Push, endpoint_url = endpoint.Url, authorization_header = "Bearer s3cret" } });

        await Silo.Raise(receiver.Id, 30);
        await Silo.Raise(receiver.Id, 60);

        var pushes = new List<Push>();
        for (var i = 0; i < 5; i++)
            pushes.Add(await endpoint.Next());
        Assert.Equal([500, 500, 400, 202, 202], pushes.Select(push => push.Answered));
        Assert.Equal(["LOW MEDIUM", "MEDIUM HIGH"], pushes.Where(push => push.Answered == 202).Select(push => Levels(Set.Of(push.Set))));
        Assert.Single(pushes.Take(4).Select(push => Set.Of(push.Set).JwtId).Distinct());
        Assert.All(pushes, push => Assert.Equal(("application/secevent+jwt", "application/json", "Bearer s3cret"), (push.ContentType, push.Accept, push.Authorization)));
    }

    [Fact]
    public async Task Check_13b_2_An_event_that_a_receiver_refuses_is_not_pushed_again_and_somebody_is_told()
    {
        var receiver = await Client();
        await using var endpoint = await PushReceiver.Start();
        endpoint.Order((400, """{"err":"invalid_key","description":"no such kid"}"""));
        var stream = await receiver.Open(new { delivery = new { method = Push, endpoint_url = endpoint.Url } });

        await Silo.Raise(receiver.Id, 30);
        await Silo.Raise(receiver.Id, 60);

        var (first, second) = (await endpoint.Next(), await endpoint.Next());
        Assert.Equal((400, "LOW MEDIUM", 202, "MEDIUM HIGH"), (first.Answered, Levels(Set.Of(first.Set)), second.Answered, Levels(Set.Of(second.Set))));
        await Silo.UntilSaid($"The receiver of event stream {stream} refuses event {Set.Of(first.Set).JwtId} for good: invalid_key");
        var shown = await Shown(stream);
        Assert.Equal((1, "invalid_key", "no such kid"), (shown.GetProperty("refused").GetInt32(), shown.GetProperty("refusals")[0].GetProperty("error").GetString(), shown.GetProperty("refusals")[0].GetProperty("description").GetString()));
    }

    [Fact]
    public async Task Check_13b_3_A_poll_brings_the_same_until_it_is_acknowledged_or_refused()
    {
        var receiver = await Client();
        var stream = await receiver.Open();
        var empty = await receiver.Call("POST", $"poll/{stream}", new { returnImmediately = true });
        await Silo.Raise(receiver.Id, 30);
        await Silo.Raise(receiver.Id, 60);

        var one = await receiver.Call("POST", $"poll/{stream}", new { maxEvents = 1 });
        var twice = await receiver.Poll(stream);
        var again = await receiver.Poll(stream, most: 100, taken: [twice[1].JwtId, "unknown"]); // out of order
        var refused = await receiver.Call("POST", $"poll/{stream}", new { returnImmediately = true, setErrs = new Dictionary<string, object> { [again[0].JwtId] = new { err = "invalid_audience" } } });

        Assert.Equal((200, """{"sets":{}}"""), (empty.Status, empty.Body.GetRawText()));
        Assert.Equal((twice[0].JwtId, true), (one.Body.GetProperty("sets").EnumerateObject().Single().Name, one.Body.GetProperty("moreAvailable").GetBoolean()));
        Assert.Equal(["LOW MEDIUM", "MEDIUM HIGH"], twice.Select(Levels));
        Assert.Equal([twice[0].JwtId], again.Select(set => set.JwtId));
        Assert.Equal("""{"sets":{}}""", refused.Body.GetRawText());
        var shown = await Shown(stream);
        Assert.Equal((1, 1, "invalid_audience"), (shown.GetProperty("delivered").GetInt32(), shown.GetProperty("refused").GetInt32(), shown.GetProperty("refusals")[0].GetProperty("error").GetString()));
    }

    [Fact]
    public async Task Check_13c_1_A_revoked_token_is_told_to_push_and_poll_with_one_transaction()
    {
        var (pushed, polled) = (await Client("assay-event-receiver"), await Client("assay-event-receiver"));
        await using var endpoint = await PushReceiver.Start();
        await pushed.Open(new { events_requested = new[] { Caep + "session-revoked" }, delivery = new { method = Push, endpoint_url = endpoint.Url } }, "payments-exporter");
        var stream = await polled.Open(new { events_requested = new[] { Caep + "session-revoked" } }, "*");
        var token = await Silo.TokenOf("payments-exporter");
        var waiting = polled.Poll(stream); // before it happens

        Assert.Equal(200, (await Silo.Revoke("payments-exporter", token)).Status);

        var (push, poll) = (Set.Of((await endpoint.Next()).Set), Assert.Single(await waiting));
        Assert.Equal(("session-revoked", Set.Of(token).JwtId, push.Transaction), (poll.Type, poll.Subject.GetProperty("jti").GetString(), poll.Transaction));
        Assert.Equal(push.Event.GetRawText(), poll.Event.GetRawText());
        Assert.NotEqual(push.JwtId, poll.JwtId);
        Assert.Equal(("the token was revoked", "user"), (poll.Event.GetProperty("reason_admin").GetProperty("en").GetString(), poll.Event.GetProperty("initiating_entity").GetString()));
    }

    [Fact]
    public async Task Check_13c_4_A_rotated_client_key_is_told_as_created_and_revoked()
    {
        var receiver = await Client("assay-event-receiver");
        var subject = await Client();
        var stream = await receiver.Open(new { events_requested = new[] { Caep + "credential-change" } }, subject.Id);
        var old = (await Silo.Admin("GET", $"identities/{subject.Id}")).Body.GetProperty("credentials")[0].GetProperty("handle").GetString();
        var added = await Silo.Admin("POST", $"identities/{subject.Id}/credentials", $$"""{"publicJwk":{{AdminCalls.NewKey(Silo).PublicJwk}}}""");
        await Silo.Must("DELETE", $"identities/{subject.Id}/credentials/{old}");

        var sets = await receiver.Take(stream, 2);

        Assert.Equal(
            [("create", "public-key", added.Body.GetProperty("handle").GetString()), ("revoke", "public-key", old)],
            sets.Select(set => (Text(set, "change_type"), Text(set, "credential_type"), Text(set, "friendly_name"))));
        Assert.All(sets, set => Assert.NotEmpty(set.Event.GetProperty("reason_admin").GetProperty("en").GetString()!));
    }

    private async Task<Receiver> Client(params string[] groups) => await Receiver.Create(Silo, $"receiver-{Interlocked.Increment(ref made)}", groups);

    private async Task<JsonElement> Shown(string stream)
    {
        // A settlement is written down a moment after the receiver has answered.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            var shown = (await Silo.Admin("GET", "event-streams?limit=200")).Body.GetProperty("streams").EnumerateArray().Single(one => one.GetProperty("id").GetString() == stream);
            if (shown.GetProperty("refused").GetInt32() > 0)
                return shown;
            await Task.Delay(50, patience.Token);
        }
    }

    private static string Levels(Set set) => $"{Text(set, "previous_level")} {Text(set, "current_level")}";

    private static string? Text(Set set, string name) => set.Event.GetProperty(name).GetString();
}
