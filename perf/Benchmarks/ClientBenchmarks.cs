using System.Net;
using System.Text;
using Assay.Client;
using BenchmarkDotNet.Attributes;

namespace Assay.Benchmarks;

/// <summary>What a call costs that finds its token in the client's cache. The issuer is a handler in memory, asked once.</summary>
[MemoryDiagnoser]
public class ClientBenchmarks
{
    private readonly string[] scopes = ["payments:read", "payments:export"];
    private AssayClient client = null!;

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
    }

    [GlobalCleanup]
    public void End() => client.Dispose();

    [Benchmark(Baseline = true)]
    public TokenResponse WarmTwoScopes() => client.GetTokenAsync("https://payments.example", scopes, CancellationToken.None).Result;

    [Benchmark]
    public TokenResponse WarmTwoScopesWrittenOut() => client.GetTokenAsync("https://payments.example", "payments:read", "payments:export").Result;

    private sealed class IssuerInMemory : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)
            {
                Content = new StringContent(
                    request.Method == HttpMethod.Get
                        ? """{"issuer":"https://id.example","token_endpoint":"https://id.example/oauth/token"}"""
                        : """{"access_token":"t","token_type":"Bearer","expires_in":3600}""",
                    Encoding.UTF8,
                    "application/json"),
            });
    }
}
