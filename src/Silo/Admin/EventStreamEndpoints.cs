using System.Text;
using Assay.Core.SharedSignals;
using Assay.Grains.Identities;
using Assay.Grains.SharedSignals;
using Assay.Silo.Admin.Wire;
using Assay.Silo.SharedSignals;

namespace Assay.Silo.Admin;

/// <summary>Everybody's event streams, and stopping one.</summary>
internal static class EventStreamEndpoints
{
    private const int MostPerPage = 200;

    public static void MapEventStreams(this RouteGroupBuilder admin)
    {
        var streams = admin.MapGroup("/event-streams").WithTags("events");
        streams.MapGet("", List).Needs(AdminScopes.IdentityRead).WithSummary("Lists event streams by id: whose they are, what they are about, how far they have come.")
            .WithDescription("Query: limit (1 to 200, 100 by default), after (the next of the page before).").Produces<EventStreamPage>();
        streams.MapPost("/{id}/status", SetStatus).Needs(AdminScopes.IdentityWrite)
            .WithSummary("Stops a stream, or lets it go on. Its receiver is told in the stream, and does not start it itself.")
            .Accepts<EventStreamWish>("application/json").Produces<EventStreamAnswer>().ProducesProblem(404).ProducesProblem(422);
        streams.MapDelete("/{id}", Delete).Needs(AdminScopes.IdentityWrite).WithSummary("Deletes a stream; what its receiver does not have is lost to it.").Produces(204).ProducesProblem(404);
    }

    private static async Task<IResult> List(HttpContext context, IEventStore store, SiloIdentity self)
    {
        if (context.Limit(100, MostPerPage) is not { } limit)
            return AdminRoutes.WrongLimit(MostPerPage);

        var head = await store.Head(context.RequestAborted);
        var page = await store.Page(self.Realm, context.Query("after"), limit, context.RequestAborted);
        var answers = new List<EventStreamAnswer>(page.Length);
        foreach (var stored in page)
            answers.Add(EventStreamAnswer.Of(EventStreamJson.Read(stored.Body.Span), [.. (await store.Subjects(self.Realm, stored.Id, context.RequestAborted)).Select(one => one.Subject)], head));
        return AdminJson.Ok(new EventStreamPage([.. answers], page.Length == limit ? page[^1].Id : null));
    }

    private static async Task<IResult> SetStatus(string id, HttpContext context, IEventStore store, StreamDelivery delivery, AdminDesk desk, SiloIdentity self)
    {
        var (body, refusal) = await AdminJson.Read<EventStreamWish>(context);
        if (refusal is not null)
            return refusal;
        if (!EventStreamJson.TryReadStatus(body!.Status, out var status))
            return Problems.Invalid("status is enabled, paused or disabled.");
        if (body.Reason.Length is 0 or > 200)
            return Problems.Invalid("reason has 1 to 200 characters; its receiver reads it.");
        if (await store.Read(self.Realm, id, context.RequestAborted) is not { } stored)
            return Problems.NotFound("There is no such stream.");

        var result = await delivery.Stream(id).Change(new StreamChange.SetStatus(status, body.Reason, StreamHold.Administrator));
        return await Finish(context, result, stored, desk, $"set event stream {body.Status}") ?? AdminJson.Ok(EventStreamAnswer.Of(
            EventStreamJson.Read(Encoding.UTF8.GetBytes(result.State!.Json)), result.State.Subjects, await store.Head(context.RequestAborted)));
    }

    private static async Task<IResult> Delete(string id, HttpContext context, IEventStore store, StreamDelivery delivery, AdminDesk desk, SiloIdentity self)
    {
        if (await store.Read(self.Realm, id, context.RequestAborted) is not { } stored)
            return Problems.NotFound("There is no such stream.");
        var result = await delivery.Stream(id).Change(new StreamChange.Delete());
        return await Finish(context, result, stored, desk, "delete event stream") ?? Results.NoContent();
    }

    /// <summary>Null when it is done and recorded. The stream itself is no object of the feed: every later delivery goes by it, and there is no number to wait for.</summary>
    private static async Task<IResult?> Finish(HttpContext context, StreamResult result, StoredStream stream, AdminDesk desk, string action) => result.Outcome switch
    {
        StreamOutcome.Done or StreamOutcome.Unchanged => await desk.Finish(context, 0, Direction.Widens, context.Caller(), action, stream.Id, stream.Owner),
        StreamOutcome.NotFound => Problems.NotFound("There is no such stream."),
        _ => Problems.Unavailable("The stream could not be reached; whether it was changed is unknown. Look before trying again."),
    };
}
