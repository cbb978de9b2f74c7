using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Assay.Silo.Tests.Admin;
using Assay.Silo.Tests.Running;

namespace Assay.Silo.Tests.SharedSignals;

/// <summary>What the stream API answered.</summary>
internal sealed record EventAnswer(int Status, JsonElement Body, string Challenge)
{
    public string? Detail => Body.ValueKind == JsonValueKind.Object && Body.TryGetProperty("detail", out var detail) ? detail.GetString() : null;
}

/// <summary>A client of the transmitter with a key of its own.</summary>
internal sealed class Receiver(RunningSilo silo, string id, string keyFile)
{
    public const string Resource = "urn:assay:events";

    private string? token;

    public string Id { get; } = id;

    public string KeyFile { get; } = keyFile;

    public static async Task<Receiver> Create(RunningSilo silo, string id, params string[] groups) => new(silo, id, await silo.Create(id, groups));

    public Task<string> Token(string scopes) => silo.TokenFor(Id, KeyFile, Resource, scopes);

    public async Task<EventAnswer> Call(string method, string path, object? body = null) =>
        await silo.EventCall(token ??= await Token("ssf.read ssf.manage"), method, path, body);

    /// <summary>A stream about these; the client itself when none are named.</summary>
    public async Task<string> Open(object? configuration = null, params string[] subjects)
    {
        var made = await Call("POST", "streams", configuration ?? new { });
        Assert.Equal(201, made.Status);
        var stream = made.Body.GetProperty("stream_id").GetString()!;
        foreach (var subject in subjects.Length == 0 ? [Id] : subjects)
            Assert.Equal((200, ""), (await Call("POST", "subjects/add", new { stream_id = stream, subject = Named(subject) })).Said());
        return stream;
    }

    public object Named(string subject) => subject == "*"
        ? new { format = "complex", tenant = new { format = "opaque", id = "default" } }
        : new { format = "iss_sub", iss = silo.Url, sub = subject };

    /// <summary>What one poll brings.</summary>
    public async Task<List<Set>> Poll(string stream, bool waits = true, int most = 100, params string[] taken)
    {
        var answer = await Call("POST", $"poll/{stream}", new { maxEvents = most, returnImmediately = !waits, ack = taken });
        Assert.True(answer.Status == 200, $"{answer.Status} {answer.Detail}");
        return [.. answer.Body.GetProperty("sets").EnumerateObject().Select(member => Set.Of(member.Value.GetString()!))];
    }

    /// <summary>Polls and acknowledges until so many have come; none twice.</summary>
    public async Task<List<Set>> Take(string stream, int count)
    {
        var all = new List<Set>();
        var taken = Array.Empty<string>();
        for (var polls = 0; all.Count < count; polls++)
        {
            Assert.True(polls < 20, $"{all.Count} of {count} events came: {string.Join(", ", all.Select(set => set.Type))}");
            var next = await Poll(stream, taken: taken);
            all.AddRange(next);
            taken = [.. next.Select(set => set.JwtId)];
        }

        Assert.Equal(count, all.Select(set => set.JwtId).Distinct().Count());
        if (taken.Length > 0)
            await Call("POST", $"poll/{stream}", new { maxEvents = 0, ack = taken });
        return all;
    }

    public async Task<string> Status(string stream) => (await Call("GET", $"status?stream_id={stream}")).Body.GetProperty("status").GetString()!;

    public async Task SetStatus(string stream, string status) =>
        Assert.Equal(200, (await Call("POST", "status", new { stream_id = stream, status, reason = "tried" })).Status);
}

internal static class EventCalls
{
    public static (int Status, string Said) Said(this EventAnswer answer) => (answer.Status, answer.Detail ?? "");

    public static async Task<EventAnswer> EventCall(this RunningSilo silo, string? token, string method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"{silo.Url}/ssf/{path}")
        {
            Content = body is null ? null : new StringContent(body as string ?? JsonSerializer.Serialize(body), Encoding.UTF8, "application/json"),
        };
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await silo.Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        using var json = JsonDocument.Parse(text.Length == 0 ? "{}" : text);
        return new EventAnswer((int)response.StatusCode, json.RootElement.Clone(), response.Headers.WwwAuthenticate.ToString());
    }

    public static async Task Must(this RunningSilo silo, string method, string path, string? json = null)
    {
        var answer = await silo.Admin(method, path, json);
        Assert.True(answer.Status == 200, $"{method} {path}: {answer.Status} {answer.Detail}");
    }

    /// <summary>Something that makes an event about an identity: a signal at another level each time.</summary>
    public static Task Raise(this RunningSilo silo, string identity, int weight) =>
        silo.Must("PUT", $"identities/{identity}/signals/seen", $$"""{"weight":{{weight}}}""");
}

/// <summary>A silo whose clients have one stream each, with pushes that are tried again soon.</summary>
public sealed class EventSiloFixture : IAsyncLifetime
{
    internal RunningSilo Silo { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Silo = await RunningSilo.Start(
        ("Assay:Events:StreamsPerClient", "1"), ("Assay:Events:VerificationInterval", "00:10:00"), ("Assay:Events:FirstRetry", "00:00:00.05"), ("Assay:Events:LongestRetry", "00:00:00.2"),
        ("Assay:Events:LongPoll", "00:00:10"), ("Assay:Events:SweepEvery", "00:00:01"));

    public async ValueTask DisposeAsync() => await Silo.DisposeAsync();
}
