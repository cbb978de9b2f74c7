using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using Assay.Cli.Admin;
using Assay.Cli.Output;

namespace Assay.Cli.Events;

/// <summary><c>events streams|tail</c></summary>
internal static class EventsCommand
{
    private static readonly Option<string[]> Subject = new("--subject") { Description = "Only what happens to this identity; several times for several. Everybody when not given.", HelpName = "id" };
    private static readonly Option<int?> Count = new("--count") { Description = "Ends after so many events.", HelpName = "n" };

    public static Command Create() => Commands.Of(
        "events",
        "Security events: who hears what, and what happens now.",
        Commands
            .Of("streams", "Event streams: whose they are, what they are about, and how far they have come.")
            .Runs(Streams)
            .WithExamples("assay events streams"),
        Commands
            .Of("tail", "Shows what happens from now on, in a stream of its own that ends with the command.", Subject, Count)
            .Runs(Tail)
            .WithExamples("assay events tail", "assay events tail --subject crm-connector --output json"));

    private static async Task Streams(Call call, CancellationToken cancellationToken)
    {
        using var api = await call.Admin("identity.read", cancellationToken);
        var streams = new List<EventStreamView>();
        var pages = new List<JsonElement>();
        string? next = null;
        do
        {
            var answer = await api.Get($"event-streams?limit=200{(next is null ? "" : $"&after={Uri.EscapeDataString(next)}")}", cancellationToken);
            var page = answer.As<EventStreamList>();
            pages.AddRange(answer.Root.GetProperty("streams").EnumerateArray());
            streams.AddRange(page.Streams);
            next = page.Next;
        }
        while (next is not null);

        if (call.Screen.IsJson)
        {
            call.Screen.Json(new { streams = pages });
            return;
        }

        call.Screen.Table(
            ["STREAM", "OWNER", "STATUS", "DELIVERY", "SUBJECTS", "EVENTS", "DELIVERED", "REFUSED"],
            streams.Select(stream => ImmutableArray.Create(
                Say.Data(stream.Id),
                Say.Data(stream.Owner),
                stream.Status == "enabled" ? "[green]enabled[/]" : $"[yellow]{Say.Data(stream.Status)}[/]{(stream.Held is { } by ? Say.Dim($" by {by}") : "")}",
                Say.Data(stream.Endpoint is { } endpoint ? $"push to {new Uri(endpoint).Host}" : "poll"),
                Say.Data(Subjects(stream.Subjects)),
                Say.Data(Say.List(stream.Events.Select(EventLine.ShortOf))),
                Say.Count(stream.Delivered),
                stream.Refused == 0 ? "0" : $"[yellow]{Say.Count(stream.Refused)}[/]")));
    }

    private static async Task Tail(Call call, CancellationToken cancellationToken)
    {
        if (call.Get(Count) is < 1)
            throw Failure.Usage("--count is 1 or more.");
        using var receiver = new EventReceiver(call.Connection.Issuer(), call.Connection.Administrator(), call.Clock);
        var stream = await receiver.Open(call.Get(Subject) ?? [], cancellationToken);
        try
        {
            if (!call.Screen.IsJson)
                call.Screen.Note("Listening; Ctrl+C ends it.");
            for (var left = call.Get(Count) ?? int.MaxValue; left > 0;)
            {
                foreach (var claims in await receiver.Next(stream, left, cancellationToken))
                {
                    if (call.Screen.IsJson)
                        call.Screen.Raw(claims.GetRawText());
                    else
                        call.Screen.Line(EventLine.Of(claims));
                    left--;
                }

                call.Screen.Show();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // as it is meant to end
        }
        finally
        {
            await receiver.Close(stream);
        }
    }

    private static string Subjects(ImmutableArray<string> subjects) => subjects.Length switch
    {
        0 => "-",
        > 3 => $"{subjects.Length} identities",
        _ => Say.List(subjects.Select(subject => subject.StartsWith("identity:", StringComparison.Ordinal) ? subject["identity:".Length..] : subject)),
    };
}
