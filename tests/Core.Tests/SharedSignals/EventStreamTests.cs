using System.Buffers;
using System.Text;
using System.Text.Json;
using Assay.Core.SharedSignals;

namespace Assay.Core.Tests.SharedSignals;

public sealed class EventStreamTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    private static readonly EventStream Stream = new()
    {
        Id = "s-1", Owner = "gateway", CreatedAt = Noon, Description = "of the gateway", Requested = [EventTypes.SessionRevoked, "urn:unknown"], Endpoint = "https://gateway.example/events",
        WrappedAuthorization = "d3JhcHBlZA", Status = StreamStatus.Paused, StatusReason = "maintenance", Held = StreamHold.Administrator, Position = new FeedPlace(42, "identity", "exporter"),
        Settled = [new SettledEvent(44, "jti-1")], Notices = [new StreamNotice("jti-2", EventTypes.StreamUpdated, Noon, null, StreamStatus.Paused, "maintenance")],
        VerifiedAt = Noon, Delivered = 7, Refused = 1, Refusals = [new RefusedSet("jti-0", "invalid_key", null, Noon)],
    };

    private const string Json = """
        {"v":1,"id":"s-1","owner":"gateway","createdAt":"2026-01-31T12:00:00Z","description":"of the gateway","requested":["https://schemas.openid.net/secevent/caep/event-type/session-revoked","urn:unknown"],"endpoint":"https://gateway.example/events","wrappedAuthorization":"d3JhcHBlZA","status":"paused","statusReason":"maintenance","held":"administrator","number":42,"kind":"identity","object":"exporter","settled":[{"number":44,"jti":"jti-1"}],"notices":[{"jti":"jti-2","type":"https://schemas.openid.net/secevent/ssf/event-type/stream-updated","at":"2026-01-31T12:00:00Z","status":"paused","reason":"maintenance"}],"verifiedAt":"2026-01-31T12:00:00Z","delivered":7,"refused":1,"refusals":[{"jti":"jti-0","error":"invalid_key","at":"2026-01-31T12:00:00Z"}]}
        """;

    [Fact]
    public void A_stream_is_written_as_these_bytes() => Assert.Equal(Json, Encoding.UTF8.GetString(EventStreamJson.Write(Stream).Span));

    [Fact]
    public void These_bytes_are_read_as_the_stream() => Content.Same(Stream, EventStreamJson.Read(Encoding.UTF8.GetBytes(Json)));

    [Theory]
    [InlineData("\"paused\",\"statusReason\"", "\"asleep\",\"statusReason\""), InlineData("\"owner\"", "\"own\""), InlineData("\"v\":1", "\"v\":2")]
    public void What_is_no_stream_is_refused(string right, string wrong) =>
        Assert.Throws<FormatException>(() => EventStreamJson.Read(Encoding.UTF8.GetBytes(Json.Replace(right, wrong, StringComparison.Ordinal))));

    [Fact]
    public void What_is_delivered_is_what_was_asked_for_as_far_as_there_is_any()
    {
        Assert.Equal([EventTypes.SessionRevoked], EventTypes.Delivered(Stream.Requested));
        Assert.Equal(EventTypes.Supported, EventTypes.Delivered([]));
        Assert.Empty(EventTypes.Delivered(["urn:unknown"]));
    }

    [Fact]
    public void Places_are_in_the_order_of_the_feed()
    {
        FeedPlace[] places = [new(1, "identity", "a"), new(1, "identity", "b"), new(1, "revocation", "a"), FeedPlace.EndOf(1), new(2, "identity", "a")];

        Assert.Equal(places, places.Reverse().Order());
        Assert.True(places[0] < places[1] && places[4] > places[3] && places[3] >= places[3] && places[3] <= places[3]);
    }

    [Fact]
    public void An_event_has_the_same_name_each_time_and_another_in_another_stream_place_or_about_another()
    {
        var names = new EventNames(new byte[32]);
        var place = new FeedPlace(7, "identity", "exporter");
        string[] all =
        [
            names.JwtId("s", place, 0, "exporter"), names.JwtId("t", place, 0, "exporter"), names.JwtId("s", place with { Number = 8 }, 0, "exporter"), names.JwtId("s", place, 1, "exporter"),
            names.JwtId("s", place, 0, "importer"), names.JwtId("s", place, 0, null), names.Transaction(7), names.Transaction(8), new EventNames([1, .. new byte[31]]).JwtId("s", place, 0, "exporter"),
        ];

        Assert.Equal(all[0], names.JwtId("s", place, 0, "exporter"));
        Assert.Equal(all.Length, all.Distinct().Count());
        Assert.All(all, name => Assert.Equal(22, name.Length));
    }

    [Fact]
    public void A_stream_can_be_its_owners_alone()
    {
        var id = StreamIds.New("gateway");

        Assert.True(StreamIds.CanBe(id, "gateway"));
        Assert.NotEqual(id, StreamIds.New("gateway"));
        Assert.All([null, "", id[..^1], id + "a", id[..^1] + "/"], wrong => Assert.False(StreamIds.CanBe(wrong, "gateway")));
        Assert.False(StreamIds.CanBe(id, "another"));
    }

    [Theory]
    [InlineData("""{"format":"iss_sub","iss":"https://issuer.example","sub":"exporter"}""", "identity:exporter")]
    [InlineData("""{"format":"complex","tenant":{"format":"opaque","id":"default"}}""", "everybody")]
    public void Subjects_are_read_as_receivers_name_them(string json, string subject)
    {
        using var document = JsonDocument.Parse(json);

        Assert.True(EventSubject.TryRead(document.RootElement, "https://issuer.example", "default", out var read, out _));

        Assert.Equal(subject, read.ToString());
        Assert.Equal(read, EventSubject.Parse(subject));
    }

    [Theory]
    [InlineData("""{"format":"iss_sub","iss":"https://other.example","sub":"exporter"}"""), InlineData("""{"format":"iss_sub","iss":"https://issuer.example"}""")]
    [InlineData("""{"format":"iss_sub","iss":"https://issuer.example","sub":"a b"}"""), InlineData("""{"format":"email","email":"a@b.example"}"""), InlineData("\"exporter\"")]
    [InlineData("""{"format":"complex","tenant":{"format":"opaque","id":"other"}}"""), InlineData("""{"format":"complex","user":{"format":"opaque","id":"x"},"tenant":{"format":"opaque","id":"default"}}""")]
    public void Other_subjects_are_refused_with_a_reason(string json)
    {
        using var document = JsonDocument.Parse(json);

        Assert.False(EventSubject.TryRead(document.RootElement, "https://issuer.example", "default", out _, out var fault));

        Assert.NotEmpty(fault);
    }

    [Fact]
    public void A_security_event_token_has_one_event_and_neither_sub_nor_exp()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            new SecurityEventClaims("https://issuer.example", "gateway", "jti-1", "txn-1", 1769860800, "urn:type", """{"a":1}""").WriteTo(
                json, subject => SubjectIdentifier.WriteIdentity(subject, "https://issuer.example", "exporter"));
        }

        Assert.Equal(
            """{"iss":"https://issuer.example","jti":"jti-1","iat":1769860800,"aud":"gateway","txn":"txn-1","sub_id":{"format":"iss_sub","iss":"https://issuer.example","sub":"exporter"},"events":{"urn:type":{"a":1}}}""",
            Encoding.UTF8.GetString(buffer.WrittenSpan));
    }
}
