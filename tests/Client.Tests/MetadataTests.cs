using System.Net;

namespace Assay.Client.Tests;

public sealed class MetadataTests
{
    [Theory] // RFC 8414 §3.1
    [InlineData("https://example.com", "https://example.com/.well-known/oauth-authorization-server")]
    [InlineData("https://example.com/", "https://example.com/.well-known/oauth-authorization-server")]
    [InlineData("https://example.com/issuer1", "https://example.com/.well-known/oauth-authorization-server/issuer1")]
    [InlineData("https://example.com:8443/a/b/", "https://example.com:8443/.well-known/oauth-authorization-server/a/b")]
    public void Metadata_lies_between_host_and_path(string issuer, string location) =>
        Assert.Equal(location, IssuerMetadata.Location(new Uri(issuer)).AbsoluteUri);

    [Fact]
    public async Task Metadata_is_read_once_an_hour()
    {
        await using var issuer = await Issuer.Start();
        var clock = new Clock(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
        using var client = issuer.Client(AssayCredential.FromSecret("s"), clock);

        await client.RequestTokenAsync("https://payments.example", []);
        clock.Advance(TimeSpan.FromMinutes(59));
        await client.RequestTokenAsync("https://payments.example", []);
        Assert.Equal(1, issuer.MetadataReads);

        clock.Advance(TimeSpan.FromMinutes(1));
        await client.RequestTokenAsync("https://payments.example", []);
        Assert.Equal(2, issuer.MetadataReads);
    }

    [Fact]
    public async Task A_failure_to_read_metadata_is_kept_for_as_long_as_the_issuer_asks()
    {
        await using var issuer = await Issuer.Start();
        var good = issuer.Metadata;
        issuer.Metadata = context =>
        {
            context.Response.Headers.RetryAfter = "3";
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        };
        var clock = new Clock(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
        using var client = issuer.Client(AssayCredential.FromSecret("s"), clock);

        var refusal = await Assert.ThrowsAsync<AssayTokenException>(() => client.GetTokenAsync("https://payments.example").AsTask());
        Assert.Equal((HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(3)), (refusal.StatusCode, refusal.RetryAfter));

        issuer.Metadata = good;
        clock.Advance(TimeSpan.FromSeconds(2.9));
        await Assert.ThrowsAsync<AssayTokenException>(() => client.GetTokenAsync("https://payments.example").AsTask());
        Assert.Equal(1, issuer.MetadataReads);

        clock.Advance(TimeSpan.FromSeconds(1.7)); // 3 s, and up to half as much again
        Assert.Equal("token-1", (await client.GetTokenAsync("https://payments.example")).AccessToken);
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("{issuer}/")]
    [InlineData("")]
    public async Task Metadata_of_another_issuer_gets_no_credential(string name)
    {
        var (issuer, refusal) = await Refusal(url => $$"""{"issuer":"{{name.Replace("{issuer}", url)}}","token_endpoint":"{{url}}/oauth/token"}""");

        Assert.Contains("belongs to the issuer", refusal.Message);
        Assert.Null(issuer.Last);
    }

    [Theory]
    [InlineData("\"/oauth/token\"")]
    [InlineData("\"http://payments.example/oauth/token\"")]
    [InlineData("\"ftp://127.0.0.1/oauth/token\"")]
    [InlineData("\"\"")]
    [InlineData("null")]
    public async Task A_token_endpoint_that_is_not_safe_gets_no_credential(string endpoint)
    {
        var (_, refusal) = await Refusal(url => $$"""{"issuer":"{{url}}","token_endpoint":{{endpoint}}}""");

        Assert.Contains("no usable token endpoint", refusal.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html/>")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"issuer":7}""")]
    public async Task Metadata_that_is_not_json_is_refused(string body)
    {
        var (_, refusal) = await Refusal(_ => body);

        Assert.Contains("is not the JSON of RFC 8414", refusal.Message);
    }

    [Fact]
    public async Task Metadata_named_twice_is_refused()
    {
        var (_, refusal) = await Refusal(url => $$"""{"issuer":"https://evil.example","issuer":"{{url}}","token_endpoint":"{{url}}/oauth/token"}""");

        Assert.Contains("is not the JSON of RFC 8414", refusal.Message);
    }

    private static async Task<(Issuer Issuer, AssayTokenException Refusal)> Refusal(Func<string, string> metadata)
    {
        await using var issuer = await Issuer.Start();
        issuer.Metadata = context => Issuer.Json(context, metadata(issuer.Url));
        using var client = issuer.Client(AssayCredential.FromSecret("s"));
        return (issuer, await Assert.ThrowsAsync<AssayTokenException>(() => client.GetTokenAsync("https://payments.example").AsTask()));
    }
}
