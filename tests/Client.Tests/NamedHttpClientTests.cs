using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using Polly;
using Polly.CircuitBreaker;

namespace Assay.Client.Tests;

/// <summary>What a program adds to the HTTP client that tokens are asked with.</summary>
public sealed class NamedHttpClientTests
{
    private readonly Clock clock = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly IssuerInMemory issuer = new();

    [Fact]
    public async Task A_circuit_breaker_of_the_programs_own_is_obeyed_and_told_as_a_typed_failure()
    {
        var services = Services();
        services.AddHttpClient(AssayClient.HttpClientName).AddResilienceHandler("breaker", pipeline => pipeline.AddCircuitBreaker(new HttpCircuitBreakerStrategyOptions
        {
            MinimumThroughput = 2,
            FailureRatio = 1,
            BreakDuration = TimeSpan.FromHours(1),
        }));
        await using var provider = services.BuildServiceProvider();
        var client = provider.GetRequiredService<AssayClient>();
        issuer.Away.Add("id.example");
        await client.Failure(clock);
        await client.Failure(clock);
        issuer.Away.Clear();

        var told = await client.Failure(clock);

        Assert.Equal(TokenFailure.Unreachable, told.Failure);
        Assert.IsAssignableFrom<BrokenCircuitException>(told.InnerException!.InnerException);
        Assert.Equal(2, issuer.Calls.Count);
    }

    [Fact]
    public async Task A_retry_that_a_program_gives_to_all_its_clients_does_not_send_an_assertion_twice()
    {
        var services = new ServiceCollection();
        services.ConfigureHttpClientDefaults(client => client.AddStandardResilienceHandler());
        AddAssay(services);
        await using var provider = services.BuildServiceProvider();
        issuer.Token = (_, _) => IssuerInMemory.Unavailable();

        await Assert.ThrowsAsync<AssayTokenException>(() => provider.GetRequiredService<AssayClient>().GetTokenAsync(null).AsTask());

        Assert.Single(issuer.TokenHosts);
    }

    [Fact]
    public async Task An_http_client_of_the_options_comes_before_the_named_one()
    {
        var own = new IssuerInMemory();
        var services = Services();
        services.Configure<AssayClientOptions>(options => options.HttpClient = new HttpClient(own));
        await using var provider = services.BuildServiceProvider();

        await provider.GetRequiredService<AssayClient>().GetTokenAsync(null);

        Assert.Equal((1, 0), (own.TokenHosts.Count, issuer.TokenHosts.Count));
    }

    private ServiceCollection Services()
    {
        var services = new ServiceCollection();
        AddAssay(services);
        return services;
    }

    private void AddAssay(ServiceCollection services)
    {
        services.AddAssay(options =>
        {
            options.Issuer = new Uri(IssuerInMemory.Url);
            options.ClientId = "exporter";
            options.Credential = AssayCredential.FromSecret("s");
            options.TimeProvider = clock;
        });
        services.AddHttpClient(AssayClient.HttpClientName).ConfigurePrimaryHttpMessageHandler(() => issuer);
    }
}

file static class Asking
{
    /// <summary>The failure of a request that is made when the pause after the last is over.</summary>
    public static async Task<AssayTokenException> Failure(this AssayClient client, Clock clock)
    {
        clock.Advance(TimeSpan.FromMinutes(1));
        return await Assert.ThrowsAsync<AssayTokenException>(() => client.RequestTokenAsync(null, []));
    }
}
