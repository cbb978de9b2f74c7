namespace Assay.Silo;

/// <summary>What anybody may look up.</summary>
internal static class PublicRoutes
{
    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>GET, and HEAD as caches and probes ask (RFC 9110 §9.3.2): it is answered alike, and the server leaves the body out.</summary>
    public static RouteHandlerBuilder MapPublic(this IEndpointRouteBuilder routes, string pattern, Delegate handler) => routes.MapMethods(pattern, Methods, handler);
}
