using System.Collections.Immutable;

namespace Assay.Silo.Admin;

/// <summary>What every admin route has in common.</summary>
internal static class AdminRoutes
{
    /// <summary>Only callers whose token holds these scopes, and whose right to them stands now, get further. The body is not read before.</summary>
    public static RouteHandlerBuilder Needs(this RouteHandlerBuilder route, params string[] scopes) => route.Needs(AdminScopes.Resource, isOneEnough: false, [.. scopes]);

    /// <summary>As <see cref="Needs(RouteHandlerBuilder, string[])"/>, for another API of our own.</summary>
    /// <param name="isOneEnough">Any one of the scopes will do.</param>
    public static RouteHandlerBuilder Needs(this RouteHandlerBuilder route, string resource, bool isOneEnough, ImmutableArray<string> needed) => route
            .WithMetadata(new NeededScopes(needed))
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable)
            .AddEndpointFilter(async (invocation, next) =>
            {
                var context = invocation.HttpContext;
                context.Response.Headers.CacheControl = "no-store";
                context.Response.Headers.XContentTypeOptions = "nosniff";
                try
                {
                    var (caller, refusal) = await context.RequestServices.GetRequiredService<AdminGate>().Enter(context, resource, needed, isOneEnough);
                    if (refusal is not null)
                        return refusal;

                    context.Features.Set(caller);
                    return await next(invocation);
                }
                catch (BadHttpRequestException fault)
                {
                    return Problems.Of(fault.StatusCode, "Malformed request", fault.Message);
                }
                catch (Exception fault) when (!context.RequestAborted.IsCancellationRequested)
                {
                    Silo.Log.RequestFailed(
                        context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Assay.Silo.Admin"), fault, context.Request.Method, context.Request.Path);
                    return Problems.Unavailable("The call could not be completed; whether a change was made is unknown. Look before trying again.");
                }
            });

    /// <summary>Who calls; only behind <see cref="Needs"/>.</summary>
    public static AdminCaller Caller(this HttpContext context) =>
        context.Features.Get<AdminCaller>() ?? throw new InvalidOperationException("an admin route without its gate");

    /// <summary>A query parameter given at most once; null when absent.</summary>
    public static string? Query(this HttpContext context, string name) => context.Request.Query[name] is { Count: 1 } value ? value[0] : null;

    /// <summary>How many are asked for, within bounds; null when the query does not say a number in them.</summary>
    public static int? Limit(this HttpContext context, int usual, int most) =>
        !context.Request.Query.ContainsKey("limit") ? usual
        : int.TryParse(context.Query("limit"), System.Globalization.NumberStyles.None, null, out var limit) && limit >= 1 && limit <= most ? limit
        : null;

    public static IResult WrongLimit(int most) => Problems.BadQuery($"limit must be a number from 1 to {most}.");
}

/// <summary>The scopes a route needs, for its description.</summary>
internal sealed record NeededScopes(ImmutableArray<string> Scopes);

/// <summary>An identity's id in a path. A slash in it arrives still escaped; no id holds a percent sign.</summary>
internal readonly record struct RouteId(string Value)
{
    public static bool TryParse(string? text, out RouteId id)
    {
        id = new RouteId(text?.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase) ?? "");
        return true;
    }

    public static implicit operator string(RouteId id) => id.Value;

    public override string ToString() => Value;
}
