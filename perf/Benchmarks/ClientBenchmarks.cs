using System.Net;
using System.Text;
using Assay.Client;
using BenchmarkDotNet.Attributes;
using Microsoft.Identity.Client;

namespace Assay.Benchmarks;

/// <summary>
/// What a call costs that finds its token in the client's cache, and beside it in that of Microsoft.Identity.Client. The issuer is a handler in memory, which
/// each asks once.
/// </summary>
[MemoryDiagnoser]
public class ClientBenchmarks
{
    private readonly string[] scopes = ["payments:read", "payments:export"];
    private AssayClient client = null!;
    private IConfidentialClientApplication microsoft = null!;

    [GlobalSetup]
    public async Task Start()
    {
        client = new AssayClient(new AssayClientOptions
        {
            Issuer = new Uri("https://id.example"),
            ClientId = "exporter",
            Credential = AssayCredential.FromSecret("s"),
            HttpClient = new HttpClient(new IssuerInMemory()),
        });
        await client.GetTokenAsync("https://payments.example", scopes, CancellationToken.None);

        microsoft = ConfidentialClientApplicationBuilder.Create("exporter")
            .WithClientSecret("s")
            .WithOidcAuthority("https://id.example")
            .WithHttpClientFactory(new OneHttpClient())
            .Build();
        await microsoft.AcquireTokenForClient(scopes).ExecuteAsync();
        if ((await microsoft.AcquireTokenForClient(scopes).ExecuteAsync()).AuthenticationResultMetadata.TokenSource != TokenSource.Cache)
            throw new InvalidOperationException("The token did not come from the cache.");
    }

    [GlobalCleanup]
    public void End() => client.Dispose();

    [Benchmark(Baseline = true)]
    public TokenResponse WarmTwoScopes() => client.GetTokenAsync("https://payments.example", scopes, CancellationToken.None).Result;

    [Benchmark]
    public TokenResponse WarmTwoScopesWrittenOut() => client.GetTokenAsync("https://payments.example", "payments:read", "payments:export").Result;

    [Benchmark]
    public async Task<AuthenticationResult> WarmTwoScopesOfMicrosoftIdentityClient() => await microsoft.AcquireTokenForClient(scopes).ExecuteAsync();

    private sealed class OneHttpClient : IMsalHttpClientFactory
    {
        private readonly HttpClient http = new(new IssuerInMemory());

        public HttpClient GetHttpClient() => http;
    }

    private sealed class IssuerInMemory : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)
            {
                Content = new StringContent(
                    request.Method == HttpMethod.Get
                        ? """{"issuer":"https://id.example","authorization_endpoint":"https://id.example/authorize","token_endpoint":"https://id.example/oauth/token"}"""
                        : """{"access_token":"t","token_type":"Bearer","expires_in":3600}""",
                    Encoding.UTF8,
                    "application/json"),
            });
    }
}
