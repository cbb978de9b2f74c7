using System.Text.Json;
using Assay.Silo.Tests.Admin;
using Assay.Silo.Tests.Running;

namespace Assay.Silo.Tests.SharedSignals;

/// <summary>Event streams over the life of a silo: who may hear what, what a crash leaves, and the command line.</summary>
[Collection(Undisturbed.Collection)]
public sealed class EventStreamTests(EventSiloFixture fixture) : IClassFixture<EventSiloFixture>
{
    private RunningSilo Silo => fixture.Silo;

    [Fact]
    public async Task A_client_hears_of_itself_a_resource_server_of_whom_it_names_and_an_event_receiver_of_everybody()
    {
        var anybody = await Receiver.Create(Silo, "anybody");
        var server = new Receiver(Silo, "payments-api", Silo.KeyFile("payments-api"));
        var listener = await Receiver.Create(Silo, "listener", "assay-event-receiver");

        var allowed = new List<(string, string, int)>();
        foreach (var client in new[] { anybody, server, listener })
        {
            var stream = await client.Open();
            foreach (var subject in new[] { "acme-crm", "*" })
                allowed.Add((client.Id, subject, (await client.Call("POST", "subjects/add", new { stream_id = stream, subject = client.Named(subject) })).Status));
        }

        Assert.Equal([("anybody", "acme-crm", 403), ("anybody", "*", 403), ("payments-api", "acme-crm", 200), ("payments-api", "*", 403), ("listener", "acme-crm", 200), ("listener", "*", 200)], allowed);
    }

    [Fact]
    public async Task A_right_that_was_withdrawn_stops_the_stream_and_one_that_is_there_again_lets_it_go_on()
    {
        var subject = await Receiver.Create(Silo, "watched");
        var receiver = await Receiver.Create(Silo, "watcher", "assay-event-receiver");
        var stream = await receiver.Open(null, "*");
        await Silo.Must("DELETE", $"identities/watcher/memberships?group={Uri.EscapeDataString("Assay::Role::\"assay-event-receiver\"")}");
        await Silo.Raise(subject.Id, 30);

        var stopped = await receiver.Poll(stream);
        var refused = await receiver.Call("POST", "status", new { stream_id = stream, status = "enabled" });
        var status = await receiver.Status(stream);
        await Silo.Must("PUT", "identities/watcher/memberships", """{"group":"Assay::Role::\"assay-event-receiver\""}""");
        var all = await receiver.Take(stream, 4);

        Assert.Equal(["""{"status":"paused","reason":"the right to hear of these subjects was withdrawn"}"""], stopped.Select(set => set.Event.GetRawText()));
        Assert.Equal((403, "paused"), (refused.Status, status));
        Assert.Equal(["stream-updated", "stream-updated", "token-claims-change", "risk-level-change"], all.Select(set => set.Type));
        Assert.Equal((stopped[0].JwtId, "enabled", "watcher", "watched"), (all[0].JwtId, all[1].Event.GetProperty("status").GetString(), all[2].About, all[3].About));
    }

    [Fact]
    public async Task A_subject_is_heard_of_from_when_it_was_added_on()
    {
        var receiver = await Receiver.Create(Silo, "late");
        var made = await receiver.Call("POST", "streams", new { });
        var stream = made.Body.GetProperty("stream_id").GetString()!;
        await Silo.Raise(receiver.Id, 30);

        await receiver.Call("POST", "subjects/add", new { stream_id = stream, subject = receiver.Named(receiver.Id) });
        await Silo.Raise(receiver.Id, 60);

        Assert.Equal("HIGH", Assert.Single(await receiver.Take(stream, 1)).Event.GetProperty("current_level").GetString());
        Assert.Empty(await receiver.Poll(stream, waits: false));
    }

    [Fact]
    public async Task A_subject_that_was_taken_away_is_heard_of_no_more()
    {
        var receiver = await Receiver.Create(Silo, "turncoat");
        var stream = await receiver.Open();
        await Silo.Raise(receiver.Id, 30);

        var removed = await receiver.Call("POST", "subjects/remove", new { stream_id = stream, subject = receiver.Named(receiver.Id) });

        Assert.Equal(204, removed.Status);
        Assert.Empty(await receiver.Poll(stream, waits: false));
    }

    [Fact]
    public async Task What_was_committed_and_not_delivered_when_the_silo_was_killed_comes_afterwards_and_what_was_taken_does_not()
    {
        var (pushed, polled) = (await Receiver.Create(Silo, "pushed"), await Receiver.Create(Silo, "polled"));
        await using var endpoint = await PushReceiver.Start();
        endpoint.Usual = 500;
        var stream = await pushed.Open(new { delivery = new { method = "urn:ietf:rfc:8935", endpoint_url = endpoint.Url } });
        var other = await polled.Open();
        await Silo.Raise("polled", 30);
        var taken = await polled.Take(other, 1);
        await Silo.Raise("polled", 60);
        await Silo.Raise("pushed", 30);
        var failed = await endpoint.Next();

        await Silo.Kill();
        endpoint.Usual = 202;
        await Silo.Start();
        await Silo.Raise("pushed", 60);

        var came = new List<Set>();
        while (came.Count < 2)
        {
            if (await endpoint.Next() is { Answered: 202 } push)
                came.Add(Set.Of(push.Set));
        }

        Assert.Equal([Set.Of(failed.Set).JwtId, "MEDIUM HIGH"], [came[0].JwtId, $"{came[1].Event.GetProperty("previous_level").GetString()} {came[1].Event.GetProperty("current_level").GetString()}"]);
        Assert.NotEqual(came[0].JwtId, came[1].JwtId);
        var rest = Assert.Single(await polled.Take(other, 1));
        Assert.NotEqual(taken[0].JwtId, rest.JwtId);
        Assert.Equal("HIGH", rest.Event.GetProperty("current_level").GetString());
    }

    [Theory]
    [InlineData("""{"delivery":{"method":"urn:ietf:rfc:8935","endpoint_url":"https://elsewhere.example/events"}}""", "events are not pushed to elsewhere.example: an operator names such hosts in Assay:Events:PushHosts; polling needs no leave")]
    [InlineData("""{"delivery":{"method":"urn:ietf:rfc:8935"}}""", "endpoint_url must be an absolute https URL without user and fragment, of 2,048 characters at most")]
    [InlineData("""{"delivery":{"method":"carrier pigeon"}}""", "delivery.method must be urn:ietf:rfc:8935 or urn:ietf:rfc:8936")]
    [InlineData("""{"delivery":{"method":"urn:ietf:rfc:8936","endpoint_url":"https://elsewhere.example/poll"}}""", "delivery.endpoint_url is the transmitter's to say when events are polled for")]
    [InlineData("""{"events_requested":[]}""", "events_requested must not be empty; leave it out to ask for all")]
    [InlineData("""{"events_requested":"all"}""", "events_requested must be a list of 64 strings at most, of 256 characters each")]
    [InlineData("[]", "the body must be an object")]
    [InlineData("""{"description":"\ud800"}""", "a string in it is not valid Unicode")]
    [InlineData("""{"\ud800":1}""", "a string in it is not valid Unicode")]
    public async Task A_stream_that_cannot_be_as_it_is_wished_is_not_made(string wish, string detail)
    {
        var token = await Silo.TokenFor("acme-crm", Silo.KeyFile("acme-crm"), Receiver.Resource, "ssf.manage");

        Assert.Equal((400, detail), (await Silo.EventCall(token, "POST", "streams", wish)).Said());
    }

    [Fact]
    public async Task The_command_line_shows_what_happens_and_who_listens()
    {
        var receiver = await Receiver.Create(Silo, "seen");
        await receiver.Open(); // one that is there afterwards
        var tail = Silo.Assay("events", "tail", "--subject", "seen", "--count", "1", "--output", "json");
        for (var weight = 30; !tail.IsCompleted; weight = 90 - weight)
        {
            await Silo.Raise("seen", weight); // from 30 to 60 and back: until it listens, and once more
            await Task.WhenAny(tail, Task.Delay(200));
        }

        var (code, output, errors) = await tail;

        Assert.True(code == 0, errors);
        using var claims = JsonDocument.Parse(output);
        Assert.Equal("seen", claims.RootElement.GetProperty("sub_id").GetProperty("sub").GetString());
        (code, var streams, errors) = await Silo.Assay("events", "streams");
        Assert.True(code == 0, errors);
        Assert.StartsWith("STREAM", streams, StringComparison.Ordinal);
        Assert.DoesNotContain("assay-bootstrap", streams, StringComparison.Ordinal); // its own went with it
    }
}
