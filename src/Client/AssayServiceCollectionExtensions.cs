using Assay.Client;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Tokens for programs that are put together by dependency injection.</summary>
public static class AssayServiceCollectionExtensions
{
    /// <summary>
    /// Adds one <see cref="AssayClient"/>, with its cache, for the whole program. Settings out of their bounds stop the start of a host. It sends with the named
    /// HTTP client <see cref="AssayClient.HttpClientName"/>, unless the options bring one; handlers that a program adds to all its clients are not in it, those
    /// added to this one after the call are.
    /// </summary>
    /// <param name="services">Where it is added.</param>
    /// <param name="configure">Names the issuer and the client; the credential is a <see cref="DefaultAssayCredential"/> unless another is set.</param>
    public static IServiceCollection AddAssay(this IServiceCollection services, Action<AssayClientOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddOptionsWithValidateOnStart<AssayClientOptions>()
            .Configure<IServiceProvider>(static (options, provider) => options.Logger = provider.GetService<ILoggerFactory>()?.CreateLogger<AssayClient>() ?? options.Logger)
            .Configure(configure);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<AssayClientOptions>, AssayClientOptionsValidator>());
        services.AddHttpClient(AssayClient.HttpClientName, http => http.Timeout = Timeout.InfiniteTimeSpan) // AssayClientOptions.Timeout bounds the call
            .ConfigurePrimaryHttpMessageHandler(AssayClient.NewHandler)
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan) // the one client keeps it; its connections are renewed by themselves
            .ConfigureAdditionalHttpMessageHandlers(static (handlers, _) => handlers.Clear()); // a retry that a program gives to all its clients would send an assertion twice
        services.TryAddSingleton(provider => new AssayClient(
            provider.GetRequiredService<IOptions<AssayClientOptions>>().Value,
            provider.GetRequiredService<IHttpClientFactory>().CreateClient(AssayClient.HttpClientName)));
        return services;
    }

    /// <summary>Gives each request of this HTTP client a token for an API: see <see cref="AssayTokenHandler"/>. Needs <see cref="AddAssay"/>.</summary>
    /// <param name="builder">A client that talks to this one API.</param>
    /// <param name="resource">The API, the absolute URI it is registered under; null for the identity's default.</param>
    /// <param name="scopes">What the tokens should allow; none for whatever the issuer grants by default.</param>
    /// <exception cref="ArgumentException">The resource is empty, or a scope is none.</exception>
    public static IHttpClientBuilder AddAssayToken(this IHttpClientBuilder builder, string? resource, params string[] scopes)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(scopes);
        TokenRequest.Create(resource, scopes);
        return builder.AddHttpMessageHandler(provider => new AssayTokenHandler(provider.GetRequiredService<AssayClient>(), resource, scopes));
    }
}

internal sealed class AssayClientOptionsValidator : IValidateOptions<AssayClientOptions>
{
    public ValidateOptionsResult Validate(string? name, AssayClientOptions options)
    {
        try
        {
            options.Validate();
            return ValidateOptionsResult.Success;
        }
        catch (ArgumentException fault)
        {
            return ValidateOptionsResult.Fail($"Assay: {fault.Message}");
        }
    }
}
