using System.Net;
using Assay.Silo.Tests.Running;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace Assay.Silo.Tests.Proxies;

/// <summary>Whose word about the client's address counts.</summary>
public sealed class TrustedProxiesTests
{
    [Theory]
    [InlineData(null, null, "127.0.0.1")]
    [InlineData(null, "203.0.113.7", "127.0.0.1")]
    [InlineData("10.0.0.1", "203.0.113.7", "127.0.0.1")]
    [InlineData("127.0.0.1", null, "127.0.0.1")]
    [InlineData("127.0.0.1", "203.0.113.7", "203.0.113.7")]
    [InlineData("10.9.0.0/16, 127.0.0.0/8", "203.0.113.7", "203.0.113.7")]
    [InlineData("127.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7")] // the client wrote the first one itself
    [InlineData("127.0.0.1,10.0.0.0/24", "203.0.113.7, 10.0.0.9", "203.0.113.7")]
    [InlineData("127.0.0.1", "2001:db8::7", "2001:db8::7")]
    [InlineData("127.0.0.1", "not an address", "127.0.0.1")]
    public async Task The_client_is_where_the_last_believed_word_says(string? proxies, string? forwarded, string seen)
    {
        await using var app = await Echo(proxies);
        using var request = new HttpRequestMessage(HttpMethod.Get, app.Urls.Single());
        if (forwarded is not null)
            request.Headers.TryAddWithoutValidation("X-Forwarded-For", forwarded);

        using var http = new HttpClient();
        using var answer = await http.SendAsync(request);

        Assert.Equal(seen, await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Of_two_headers_the_one_the_proxy_added_counts()
    {
        await using var app = await Echo("127.0.0.1");
        using var request = new HttpRequestMessage(HttpMethod.Get, app.Urls.Single());
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", ["198.51.100.1", "203.0.113.7"]);

        using var http = new HttpClient();
        using var answer = await http.SendAsync(request);

        Assert.Equal("203.0.113.7", await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("proxy.example", "Assay:TrustedProxies: 'proxy.example' is neither an address nor a network such as 10.0.0.0/24.")]
    [InlineData("10.0.0.0/33", "Assay:TrustedProxies: '10.0.0.0/33' is neither an address nor a network such as 10.0.0.0/24.")]
    [InlineData("0.0.0.0/0", "Assay:TrustedProxies: '0.0.0.0/0' is everybody. Name the proxies: whoever is believed chooses the address that limits and policies see.")]
    [InlineData("::/0", "Assay:TrustedProxies: '::/0' is everybody. Name the proxies: whoever is believed chooses the address that limits and policies see.")]
    public void What_names_nobody_or_everybody_stops_the_start(string proxies, string fault) =>
        Assert.Equal([fault], new ServerOptions { TrustedProxies = proxies }.Faults());

    [Fact]
    public async Task A_host_told_to_believe_everybody_does_not_start()
    {
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => Echo("127.0.0.1", ("ForwardedHeaders_Enabled", "true")));

        Assert.Equal(
            "ASPNETCORE_FORWARDEDHEADERS_ENABLED would believe X-Forwarded-For from everybody. Unset it, and name the proxies in Assay:TrustedProxies.", fault.Message);
    }

    [Fact]
    public async Task Behind_a_named_proxy_one_client_that_fails_does_not_lock_out_another_address()
    {
        await using var silo = await RunningSilo.Start(("Assay:TrustedProxies", "127.0.0.1"));
        for (var i = 0; i < ClientAuthentication.FailureLimit.MaxFailures; i++)
            Assert.Equal(HttpStatusCode.Unauthorized, await Guess(silo, "203.0.113.7"));

        Assert.Equal(HttpStatusCode.TooManyRequests, await Guess(silo, "203.0.113.7"));
        Assert.Equal(HttpStatusCode.Unauthorized, await Guess(silo, "203.0.113.8"));
    }

    private static async Task<HttpStatusCode> Guess(RunningSilo silo, string from)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, silo.Url + "/oauth/token")
        {
            Content = new FormUrlEncodedContent(new Dictionary<string, string>
            {
                ["grant_type"] = "client_credentials", ["client_id"] = "payments-exporter", ["client_secret"] = "guess",
            }),
        };
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", from);
        using var answer = await silo.Http.SendAsync(request);
        return answer.StatusCode;
    }

    private static async Task<WebApplication> Echo(string? proxies, params (string Name, string Value)[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Name, (string?)setting.Value)));
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        TrustedProxies.Parse(proxies, []).Use(app);
        app.Run(context => context.Response.WriteAsync(context.Connection.RemoteIpAddress!.ToString()));
        await app.StartAsync();
        return app;
    }
}
