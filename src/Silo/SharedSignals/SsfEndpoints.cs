using System.Collections.Immutable;
using System.Text.Json;
using Assay.Core.SharedSignals;
using Assay.Silo.Admin;
using Assay.Silo.Discovery;

namespace Assay.Silo.SharedSignals;

/// <summary>The transmitter's metadata and its stream API (SSF 1.0 §7, §8). Calls take an access token for <see cref="EventScopes.Resource"/>.</summary>
internal static class SsfEndpoints
{
    private const string StreamsPath = "/ssf/streams";
    private const string StatusPath = "/ssf/status";
    private const string AddSubjectPath = "/ssf/subjects/add";
    private const string RemoveSubjectPath = "/ssf/subjects/remove";
    private const string VerificationPath = "/ssf/verification";

    private const int MostState = 1_024;
    private const int MostReason = 200;

    public static void MapSharedSignals(this IEndpointRouteBuilder routes, SiloIdentity self)
    {
        // As for RFC 8414: the well-known name goes between host and path of the issuer (SSF 1.0 §7.2.1).
        var path = new Uri(self.Issuer).AbsolutePath.TrimEnd('/');
        routes.MapPublic("/.well-known/ssf-configuration" + path, (HttpContext context) => Metadata(context, self)).ExcludeFromDescription();

        routes.MapPost(StreamsPath, Create).Needs(EventScopes.Manage);
        routes.MapGet(StreamsPath, Read).Needs(EventScopes.Read, EventScopes.Manage);
        routes.MapPatch(StreamsPath, (HttpContext context, StreamDesk desk) => Configure(context, desk, isWhole: false)).Needs(EventScopes.Manage);
        routes.MapPut(StreamsPath, (HttpContext context, StreamDesk desk) => Configure(context, desk, isWhole: true)).Needs(EventScopes.Manage);
        routes.MapDelete(StreamsPath, Delete).Needs(EventScopes.Manage);
        routes.MapGet(StatusPath, Status).Needs(EventScopes.Read, EventScopes.Manage);
        routes.MapPost(StatusPath, SetStatus).Needs(EventScopes.Manage);
        routes.MapPost(AddSubjectPath, AddSubject).Needs(EventScopes.Manage);
        routes.MapPost(RemoveSubjectPath, RemoveSubject).Needs(EventScopes.Manage);
        routes.MapPost(VerificationPath, Verify).Needs(EventScopes.Read, EventScopes.Manage);
        routes.MapPost("/ssf/poll/{id}", (string id, HttpContext context, PollEndpoint poll) => poll.Handle(id, context)).Needs(EventScopes.Read, EventScopes.Manage);
    }

    public static IResult Answer(StreamAnswer answer, Func<EventStream, IResult> done) => answer switch
    {
        StreamAnswer.Done { Stream: var stream } => done(stream),
        StreamAnswer.Refused { Status: StatusCodes.Status503ServiceUnavailable, Detail: var detail } => Problems.Unavailable(detail),
        StreamAnswer.Refused { Status: var status, Detail: var detail } => Problems.Of(status, "Refused", detail),
        _ => Problems.NotFound("There is no such stream."),
    };

    private static RouteHandlerBuilder Needs(this RouteHandlerBuilder route, params ImmutableArray<string> oneOf) =>
        route.Needs(EventScopes.Resource, isOneEnough: true, oneOf).ExcludeFromDescription();

    private static Task Metadata(HttpContext context, SiloIdentity self)
    {
        var issuer = self.Issuer.TrimEnd('/');
        context.Response.Headers.CacheControl = "public, max-age=300";
        return context.Response.WriteAsJsonAsync(
            new Dictionary<string, object>
            {
                ["spec_version"] = "1_0",
                ["issuer"] = self.Issuer,
                ["jwks_uri"] = issuer + DiscoveryEndpoints.JwksPath,
                ["delivery_methods_supported"] = new[] { StreamForms.PushMethod, StreamForms.PollMethod },
                ["configuration_endpoint"] = issuer + StreamsPath,
                ["status_endpoint"] = issuer + StatusPath,
                ["add_subject_endpoint"] = issuer + AddSubjectPath,
                ["remove_subject_endpoint"] = issuer + RemoveSubjectPath,
                ["verification_endpoint"] = issuer + VerificationPath,
                ["authorization_schemes"] = new[] { new Dictionary<string, string> { ["spec_urn"] = "urn:ietf:rfc:6749" } },
                ["default_subjects"] = "NONE",
            },
            JsonSerializerOptions.Default,
            context.RequestAborted);
    }

    private static async Task<IResult> Create(HttpContext context, StreamDesk desk)
    {
        var (body, refusal) = await AdminJson.Read<JsonDocument>(context);
        if (refusal is not null)
            return refusal;
        using (body)
        {
            return StreamForms.ReadWish(body!.RootElement, out var fault) is { } wish
                ? Answer(await desk.Create(wish, context.Caller().ClientId), stream => Json(desk.Shown(stream), StatusCodes.Status201Created))
                : Malformed(fault!);
        }
    }

    private static async Task<IResult> Read(HttpContext context, StreamDesk desk)
    {
        var caller = context.Caller().ClientId;
        return context.Request.Query.ContainsKey("stream_id")
            ? Answer(await desk.Find(context.Query("stream_id"), caller), stream => Json(desk.Shown(stream)))
            : Json((await desk.All(caller, context.RequestAborted)).Select(desk.Shown).ToImmutableArray());
    }

    private static async Task<IResult> Configure(HttpContext context, StreamDesk desk, bool isWhole)
    {
        var (body, refusal) = await AdminJson.Read<JsonDocument>(context);
        if (refusal is not null)
            return refusal;
        using (body)
        {
            return StreamForms.ReadWish(body!.RootElement, out var fault) is { } wish
                ? Answer(await desk.Configure(body.RootElement, wish, context.Caller().ClientId, isWhole), stream => Json(desk.Shown(stream)))
                : Malformed(fault!);
        }
    }

    private static async Task<IResult> Delete(HttpContext context, StreamDesk desk) =>
        Answer(await desk.Delete(context.Query("stream_id"), context.Caller().ClientId), _ => Results.NoContent());

    private static async Task<IResult> Status(HttpContext context, StreamDesk desk) =>
        Answer(await desk.Find(context.Query("stream_id"), context.Caller().ClientId), Shown);

    private static Task<IResult> SetStatus(HttpContext context, StreamDesk desk) => WithBody(context, async json =>
    {
        var (id, word, reason) = (StreamForms.Text(json, "stream_id", MostState), StreamForms.Text(json, "status", MostState), StreamForms.Text(json, "reason", MostReason));
        return EventStreamJson.TryReadStatus(word ?? "", out var status)
            ? Answer(await desk.SetStatus(id, status, reason, context.Caller().ClientId), Shown)
            : Malformed("status must be enabled, paused or disabled");
    });

    private static Task<IResult> AddSubject(HttpContext context, StreamDesk desk, SiloIdentity self) => WithBody(context, async json =>
        Subject(json, self, out var fault) is { } subject
            ? Answer(await desk.AddSubject(StreamForms.Text(json, "stream_id", MostState), subject, context.Caller().ClientId, context.RequestAborted), _ => Results.Ok())
            : Malformed(fault!));

    private static Task<IResult> RemoveSubject(HttpContext context, StreamDesk desk, SiloIdentity self) => WithBody(context, async json =>
        Subject(json, self, out var fault) is { } subject
            ? Answer(await desk.RemoveSubject(StreamForms.Text(json, "stream_id", MostState), subject, context.Caller().ClientId), _ => Results.NoContent())
            : Malformed(fault!));

    private static Task<IResult> Verify(HttpContext context, StreamDesk desk) => WithBody(context, async json =>
        Answer(await desk.Verify(StreamForms.Text(json, "stream_id", MostState), StreamForms.Text(json, "state", MostState), context.Caller().ClientId), _ => Results.NoContent()));

    private static EventSubject? Subject(JsonElement json, SiloIdentity self, out string? fault)
    {
        fault = "subject is missing";
        return json.TryGetProperty("subject", out var subject) && EventSubject.TryRead(subject, self.Issuer, self.Realm, out var read, out fault) ? read : null;
    }

    private static async Task<IResult> WithBody(HttpContext context, Func<JsonElement, Task<IResult>> answer)
    {
        var (body, refusal) = await AdminJson.Read<JsonDocument>(context);
        if (refusal is not null)
            return refusal;
        using (body)
        {
            try
            {
                return body!.RootElement.ValueKind == JsonValueKind.Object ? await answer(body.RootElement) : Malformed("the body must be an object");
            }
            catch (FormatException fault)
            {
                return Malformed(fault.Message);
            }
        }
    }

    private static IResult Shown(EventStream stream) => Json(new StreamStatusAnswer(stream.Id, EventStreamJson.WordOf(stream.Status), stream.StatusReason));

    private static IResult Json<T>(T answer, int status = StatusCodes.Status200OK) => Results.Json(answer, StreamForms.Options, statusCode: status);

    private static IResult Malformed(string detail) => Problems.Of(StatusCodes.Status400BadRequest, "Malformed body", detail);
}

internal static class SharedSignalsServices
{
    /// <summary>The transmitter. Needs an <c>IEventStore</c>; after the authority, the evidence and the signer.</summary>
    public static IServiceCollection AddSharedSignals(this IServiceCollection services)
    {
        services.AddOptions<Grains.SharedSignals.EventOptions>().BindConfiguration(Grains.SharedSignals.EventOptions.Section).ValidateDataAnnotations()
            .Validate(static events => events.LongestRetry >= events.FirstRetry, "Assay:Events:LongestRetry must be at least Assay:Events:FirstRetry.").ValidateOnStart();
        services.AddSingleton(static provider => new EventNames(provider.GetRequiredService<Startup.ClusterSecrets>().EventKey));
        services.AddSingleton<Grains.SharedSignals.LocalStreams>();
        services.AddSingleton<Grains.SharedSignals.IEventSource, FeedEvents>();
        services.AddSingleton<EventMetrics>();
        services.AddSingleton<Pulses>();
        services.AddSingleton<PushTargets>();
        services.AddSingleton<SetPush>();
        services.AddSingleton<SetSigner>();
        services.AddSingleton<StreamStanding>();
        services.AddSingleton<StreamDelivery>();
        services.AddSingleton<StreamPusher>();
        services.AddSingleton<StreamDesk>();
        services.AddSingleton<PollEndpoint>();
        services.AddSingleton<EventDelivery>();
        services.AddSingleton<Grains.Authority.ISnapshotListener>(static provider => provider.GetRequiredService<EventDelivery>());
        services.AddHostedService(static provider => provider.GetRequiredService<EventDelivery>());
        return services;
    }
}
