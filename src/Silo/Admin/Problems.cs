using System.Collections.Immutable;
using Assay.Grains.Identities;

namespace Assay.Silo.Admin;

/// <summary>Refusals of the admin API (RFC 9457).</summary>
internal static class Problems
{
    public const string MediaType = "application/problem+json";

    public static IResult Of(int status, string title, string? detail = null, ImmutableArray<string> errors = default) =>
        Results.Json(
            new Problem("about:blank", title, status, detail, errors.IsDefaultOrEmpty ? null : errors), AdminJson.Options, MediaType, status);

    public static IResult NotFound(string detail) => Of(StatusCodes.Status404NotFound, "Not found", detail);

    public static IResult Invalid(string detail, ImmutableArray<string> errors = default) =>
        Of(StatusCodes.Status422UnprocessableEntity, "Invalid", detail, errors);

    public static IResult BadQuery(string detail) => Of(StatusCodes.Status400BadRequest, "Bad query", detail);

    public static IResult Conflict(string title, string detail) => Of(StatusCodes.Status409Conflict, title, detail);

    /// <summary>403 by a rule that no token of this caller's lifts.</summary>
    public static IResult Forbidden(string detail) => Of(StatusCodes.Status403Forbidden, "Not allowed", detail);

    /// <summary>503; the caller may try again after a second.</summary>
    public static IResult Unavailable(string detail) => new Retrying(Of(StatusCodes.Status503ServiceUnavailable, "Unavailable", detail));

    public static IResult Of(ChangeResult.Rejected rejected) => Of(rejected.Fault, rejected.Detail);

    public static IResult Of(ChangeFault fault, string detail) => fault switch
    {
        ChangeFault.NotFound => NotFound(detail),
        ChangeFault.Invalid => Invalid(detail),
        ChangeFault.Conflict => Conflict("Conflict", detail),
        ChangeFault.Managed => Conflict("Managed by a bundle", detail),
        ChangeFault.Taken => Conflict("Taken", detail),
        ChangeFault.Forbidden => Forbidden(detail),
        _ => Unavailable(detail),
    };

    private sealed class Retrying(IResult inner) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.Headers.RetryAfter = "1";
            return inner.ExecuteAsync(httpContext);
        }
    }
}

/// <summary>What went wrong.</summary>
/// <param name="Type">Always <c>about:blank</c>: status and title say the kind.</param>
/// <param name="Errors">Each fault on its own, where there may be several.</param>
internal sealed record Problem(string Type, string Title, int Status, string? Detail, ImmutableArray<string>? Errors);
