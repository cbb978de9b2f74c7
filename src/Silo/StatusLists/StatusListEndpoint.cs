using Assay.Grains.Authority;
using Assay.Grains.StatusLists;
using Assay.Silo.Admin;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Assay.Silo.StatusLists;

/// <summary>
/// <c>GET /status-lists/{id}</c> (draft-ietf-oauth-status-list §8): a list, signed, for anybody, from any silo. <c>GET /status-lists</c> names them all (§9.3).
/// </summary>
internal sealed class StatusListEndpoint(StatusListReader lists, IOptions<StatusListOptions> options)
{
    public const string Path = "/status-lists";

    private const string MediaType = "application/statuslist+jwt";

    private readonly string cacheControl = $"public, max-age={(int)options.Value.MaxAge.TotalSeconds}";

    public async Task Get(HttpContext context, string id)
    {
        var response = context.Response;
        response.Headers.AccessControlAllowOrigin = "*";
        response.Headers.CacheControl = "no-store"; // of what is no list
        if (context.Request.Query.ContainsKey("time"))
        {
            await Problems.Of(StatusCodes.Status501NotImplemented, "Not supported", "Lists of the past are not kept; ask without time.").ExecuteAsync(context);
            return;
        }

        if (!IsAccepted(context.Request.Headers.Accept))
        {
            await Problems.Of(StatusCodes.Status406NotAcceptable, "Not acceptable", $"There are lists as {MediaType} only.").ExecuteAsync(context);
            return;
        }

        var list = await lists.Read(id);
        switch (list.Outcome)
        {
            case StatusListOutcome.Found:
                await Send(context, list);
                break;
            case StatusListOutcome.NotFound:
                await Problems.NotFound("There is no such list, or its tokens have all expired.").ExecuteAsync(context);
                break;
            default:
                await Problems.Unavailable("What is valid is not known at the moment.").ExecuteAsync(context);
                break;
        }
    }

    public async Task List(HttpContext context)
    {
        context.Response.Headers.AccessControlAllowOrigin = "*";
        if (await lists.All() is not { } all)
        {
            context.Response.Headers.CacheControl = "no-store";
            await Problems.Unavailable("Which lists there are is not known at the moment.").ExecuteAsync(context);
            return;
        }

        context.Response.Headers.CacheControl = cacheControl;
        await context.Response.WriteAsJsonAsync(new Dictionary<string, object> { ["status_lists"] = all }, context.RequestAborted);
    }

    private async Task Send(HttpContext context, ServedList list)
    {
        var (request, response) = (context.Request, context.Response);
        var isGzip = IsGzipTaken(request.Headers.AcceptEncoding);
        var tag = new EntityTagHeaderValue(isGzip ? $"\"{list.Tag}-gzip\"" : $"\"{list.Tag}\"");
        response.Headers.CacheControl = cacheControl;
        response.Headers.Vary = "Accept, Accept-Encoding";
        response.Headers.ETag = tag.ToString();
        if (request.GetTypedHeaders().IfNoneMatch is { Count: > 0 } known && known.Any(one => one.Equals(EntityTagHeaderValue.Any) || one.Compare(tag, useStrongComparison: false)))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var body = isGzip ? list.Gzip : list.Token;
        response.ContentType = MediaType;
        response.ContentLength = body.Length;
        if (isGzip)
            response.Headers.ContentEncoding = "gzip";
        await response.BodyWriter.WriteAsync(body, context.RequestAborted);
    }

    /// <summary>Of several that fit, the most exact one counts (RFC 9110 §12.5.1).</summary>
    private static bool IsAccepted(StringValues accept)
    {
        if (StringValues.IsNullOrEmpty(accept) || !MediaTypeHeaderValue.TryParseList(accept, out var types))
            return true;
        double? exact = null, application = null, any = null;
        foreach (var type in types)
        {
            if (type.MediaType.Equals(MediaType, StringComparison.OrdinalIgnoreCase))
                exact = type.Quality ?? 1;
            else if (type.MediaType.Equals("application/*", StringComparison.OrdinalIgnoreCase))
                application = type.Quality ?? 1;
            else if (type.MatchesAllTypes)
                any = type.Quality ?? 1;
        }

        return (exact ?? application ?? any) > 0;
    }

    private static bool IsGzipTaken(StringValues accept)
    {
        if (!StringWithQualityHeaderValue.TryParseList(accept, out var codings))
            return false;
        double? gzip = null, any = null;
        foreach (var coding in codings)
        {
            if (coding.Value.Equals("gzip", StringComparison.OrdinalIgnoreCase))
                gzip = coding.Quality ?? 1;
            else if (coding.Value == "*")
                any = coding.Quality ?? 1;
        }

        return (gzip ?? any) > 0;
    }
}

internal static class StatusListServices
{
    /// <summary>Every token has a place in a list, and lists are served. Needs what issues tokens, and <c>AddEvidence</c> and <c>AddLog</c>; after Orleans.</summary>
    public static IServiceCollection AddStatusLists(this IServiceCollection services)
    {
        services.AddOptions<StatusListOptions>().BindConfiguration(StatusListOptions.Section).ValidateDataAnnotations()
            .Validate(static options => options.IsConsistent, "Assay:StatusLists:Life must be at least twice Assay:StatusLists:TimeToLive.").ValidateOnStart();
        services.AddSingleton(static provider =>
        {
            var secrets = provider.GetRequiredService<Startup.ClusterSecrets>();
            return new StatusListNames(new Core.Evidence.JtiCodec(secrets.ListNameKey), secrets.ListOrderKey, provider.GetRequiredService<SiloIdentity>());
        });
        services.AddSingleton<StatusListPublisher>();
        services.AddSingleton<StatusListRestoration>();
        services.AddSingleton<StatusListShelf>();
        services.AddSingleton<IStatusListShelf>(static provider => provider.GetRequiredService<StatusListShelf>());
        services.AddSingleton<ISnapshotListener>(static provider => provider.GetRequiredService<StatusListShelf>());
        services.AddSingleton<StatusListReader>();
        services.AddSingleton<StatusListEndpoint>();
        services.AddHostedService<StatusListKeeper>();
        return services;
    }

    public static void MapStatusLists(this WebApplication app)
    {
        var endpoint = app.Services.GetRequiredService<StatusListEndpoint>();
        app.MapPublic(StatusListEndpoint.Path, endpoint.List).ExcludeFromDescription();
        app.MapPublic(StatusListEndpoint.Path + "/{id}", (HttpContext context, string id) => endpoint.Get(context, id)).ExcludeFromDescription();
    }
}
