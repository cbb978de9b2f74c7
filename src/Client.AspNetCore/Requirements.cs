using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Assay.Client.AspNetCore;

/// <summary>The token allows every one of these scopes.</summary>
internal sealed class ScopeRequirement(string[] scopes) : AuthorizationHandler<ScopeRequirement>, IAuthorizationRequirement
{
    public string Scopes { get; } = string.Join(' ', scopes);

    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, ScopeRequirement requirement)
    {
        if (Array.TrueForAll(scopes, context.User.HasScope))
            context.Succeed(requirement);
        return Task.CompletedTask;
    }
}

/// <summary>The client proved itself in one of these ways, and not longer ago than that (RFC 9470).</summary>
internal sealed class AssuranceRequirement(string[] acrValues, TimeSpan? maxAge) : AuthorizationHandler<AssuranceRequirement>, IAuthorizationRequirement
{
    public string AcrValues { get; } = string.Join(' ', acrValues);

    public TimeSpan? MaxAge => maxAge;

    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, AssuranceRequirement requirement)
    {
        var strong = acrValues.Length == 0 || (context.User.FindFirstValue("acr") is { } acr && acrValues.Contains(acr));
        if (strong && (maxAge is not { } most || AgeOf(context) <= most))
            context.Succeed(requirement);
        return Task.CompletedTask;
    }

    // Without auth_time nobody knows, and the answer is no. By clocks that are apart, no proof would be of now: as far as they may be, it is.
    private static TimeSpan AgeOf(AuthorizationHandlerContext context)
    {
        if (!long.TryParse(context.User.FindFirstValue("auth_time"), NumberStyles.None, CultureInfo.InvariantCulture, out var time))
            return TimeSpan.MaxValue;
        var services = (context.Resource as HttpContext)?.RequestServices;
        var clock = services?.GetService<TimeProvider>() ?? TimeProvider.System;
        var skew = services?.GetService<IOptions<AssayValidationOptions>>()?.Value.ClockSkew ?? TimeSpan.Zero;
        return clock.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(time) - skew;
    }
}

/// <summary>Says to a client whose token is good but not enough what would be: RFC 6750 §3.1 <c>insufficient_scope</c>, RFC 9470 §3.</summary>
internal sealed class InsufficientToken(IOptions<AssayValidationOptions> settings) : IAuthorizationMiddlewareResultHandler
{
    private readonly AuthorizationMiddlewareResultHandler others = new();

    public Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (!authorizeResult.Forbidden || authorizeResult.AuthorizationFailure is not { } failure)
            return others.HandleAsync(next, context, policy, authorizeResult);

        // Assurance first: with another scope alone the client would only be turned away again.
        if (failure.FailedRequirements.OfType<AssuranceRequirement>().FirstOrDefault() is { } assurance)
        {
            (string, string)[] needed = assurance.MaxAge is { } age
                ? [("acr_values", assurance.AcrValues), ("max_age", ((long)age.TotalSeconds).ToString(CultureInfo.InvariantCulture))]
                : [("acr_values", assurance.AcrValues)];
            return Answer(context, StatusCodes.Status401Unauthorized, "insufficient_user_authentication", needed);
        }

        var scopes = failure.FailedRequirements.OfType<ScopeRequirement>().Select(static requirement => requirement.Scopes).ToArray();
        return scopes.Length > 0
            ? Answer(context, StatusCodes.Status403Forbidden, "insufficient_scope", ("scope", string.Join(' ', scopes)))
            : others.HandleAsync(next, context, policy, authorizeResult);
    }

    private Task Answer(HttpContext context, int status, string error, params (string, string)[] parameters)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.WWWAuthenticate = BearerChallenge.For(settings.Value, error, parameters.Where(static parameter => parameter.Item2 != "").ToArray());
        return Task.CompletedTask;
    }
}
