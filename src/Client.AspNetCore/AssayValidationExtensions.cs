using System.Security.Claims;
using Assay.Client.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Tokens of an Assay cluster at the door of an API.</summary>
public static class AssayValidationExtensions
{
    private static readonly char[] Space = [' '];

    /// <summary>
    /// Takes the access tokens of one issuer for this API, as the default authentication scheme <c>Bearer</c>: RFC 9068 tokens with its signature, for this
    /// audience, in time, not bound to a key, not revoked. Also serves the API's metadata (RFC 9728), and answers 401 and 403 with the challenges of RFC 6750
    /// and RFC 9470; 503 when nobody can say whether the token was revoked. Settings out of their bounds stop the start of a host.
    /// </summary>
    /// <param name="services">Where it is added.</param>
    /// <param name="issuer">See <see cref="AssayValidationOptions.Issuer"/>.</param>
    /// <param name="resource">See <see cref="AssayValidationOptions.Resource"/>.</param>
    /// <param name="configure">The rest; null for none.</param>
    public static AuthenticationBuilder AddAssayValidation(
        this IServiceCollection services, string issuer, string resource, Action<AssayValidationOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(issuer);
        ArgumentNullException.ThrowIfNull(resource);
        services.AddOptionsWithValidateOnStart<AssayValidationOptions>().Configure(options =>
        {
            options.Issuer = Uri.TryCreate(issuer, UriKind.Absolute, out var url) ? url : null;
            options.Resource = resource;
            configure?.Invoke(options);
        });
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<AssayValidationOptions>, AssayValidationOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IssuerKeys>();
        services.TryAddSingleton<StatusLists>();
        services.TryAddSingleton<RevocationListener>();
        services.AddHostedService(static provider => provider.GetRequiredService<RevocationListener>());
        services.TryAddSingleton<TokenChecks>();
        services.AddSingleton<IStartupFilter, ResourceMetadata>();
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, InsufficientToken>();
        services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme).Configure<IssuerKeys, IOptions<AssayValidationOptions>>(Configure);
        services.AddAuthorization();
        return services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer();
    }

    /// <summary>Only who has a token that allows all of these scopes; else 403 <c>insufficient_scope</c>.</summary>
    /// <exception cref="ArgumentException">No scope is named.</exception>
    public static TBuilder RequireScope<TBuilder>(this TBuilder builder, params string[] scopes)
        where TBuilder : IEndpointConventionBuilder => builder.RequireAuthorization(policy => policy.RequireScope(scopes));

    /// <inheritdoc cref="RequireScope{TBuilder}(TBuilder, string[])"/>
    public static AuthorizationPolicyBuilder RequireScope(this AuthorizationPolicyBuilder policy, params string[] scopes)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(scopes);
        if (scopes.Length == 0 || Array.Exists(scopes, static scope => string.IsNullOrEmpty(scope) || scope.Contains(' ', StringComparison.Ordinal)))
            throw new ArgumentException("A scope has to be named, each by itself.", nameof(scopes));
        return policy.RequireAuthenticatedUser().AddRequirements(new ScopeRequirement(scopes));
    }

    /// <summary>
    /// Only who proved itself in one of these ways (claim <c>acr</c>; any when none is named) and not longer ago than <paramref name="maxAge"/> (claim
    /// <c>auth_time</c>; null for any time; <see cref="AssayValidationOptions.ClockSkew"/> is added); else 401 <c>insufficient_user_authentication</c> (RFC 9470).
    /// </summary>
    public static AuthorizationPolicyBuilder RequireAssurance(this AuthorizationPolicyBuilder policy, TimeSpan? maxAge, params string[] acrValues)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(acrValues);
        return policy.RequireAuthenticatedUser().AddRequirements(new AssuranceRequirement(acrValues, maxAge));
    }

    /// <summary>Whether the token allows this scope: one of those in its claim <c>scope</c> (RFC 9068 §2.2.3).</summary>
    public static bool HasScope(this ClaimsPrincipal user, string scope)
    {
        ArgumentNullException.ThrowIfNull(user);
        ArgumentNullException.ThrowIfNull(scope);
        foreach (var claim in user.FindAll("scope"))
        {
            if (claim.Value.Split(Space).Contains(scope))
                return true;
        }

        return false;
    }

    private static void Configure(JwtBearerOptions bearer, IssuerKeys issuer, IOptions<AssayValidationOptions> settings)
    {
        var options = settings.Value;
        bearer.ConfigurationManager = issuer.Manager;
        bearer.RequireHttpsMetadata = options.Issuer!.Scheme == "https";
        bearer.MapInboundClaims = false;
        bearer.EventsType = typeof(TokenChecks);
        bearer.TokenValidationParameters = new TokenValidationParameters
        {
            ValidTypes = ["at+jwt", "application/at+jwt"],
            ValidAlgorithms = options.Algorithms,
            ValidIssuer = options.IssuerText,
            ValidAudience = options.Resource,
            IgnoreTrailingSlashWhenValidatingAudience = false, // another resource (RFC 8707 §2)
            ClockSkew = options.ClockSkew,
            NameClaimType = "client_id",
        };
    }
}

internal sealed class AssayValidationOptionsValidator : IValidateOptions<AssayValidationOptions>
{
    public ValidateOptionsResult Validate(string? name, AssayValidationOptions options)
    {
        var faults = options.Faults().Select(static fault => "Assay: " + fault).ToList();
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
