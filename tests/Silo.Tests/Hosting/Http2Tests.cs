using System.Net;
using Assay.Silo.Tests.Running;
using static Assay.Silo.Tests.Running.TokenRequests;

namespace Assay.Silo.Tests.Hosting;

/// <summary>The port that speaks HTTP/2 without TLS, and the one beside it.</summary>
[Collection(ProcessFixture.Collection)]
public sealed class Http2Tests(ProcessFixture fixture)
{
    private RunningSilo Silo => fixture.Silo;

    [Fact]
    public async Task A_client_that_speaks_HTTP_2_from_the_first_byte_on_gets_a_token_and_a_denial()
    {
        using var http = fixture.Client(out _);

        var granted = await Ask(http, fixture.Http2Url, HttpVersion.Version20, Form("payments:read"));
        var denied = await Ask(http, fixture.Http2Url, HttpVersion.Version20, Form("payments:write"));

        Assert.Equal((200, "payments:read", HttpVersion.Version20), (granted.Status, granted.Scope, granted.Response.Version));
        Assert.Equal((400, "invalid_scope", HttpVersion.Version20), (denied.Status, denied.Error, denied.Response.Version));
        Assert.Equal("no-store", granted.Response.Headers.CacheControl!.ToString());
    }

    [Fact]
    public async Task Many_requests_at_once_share_one_connection()
    {
        using var http = fixture.Client(out var opened);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Ask(http, fixture.Http2Url, HttpVersion.Version20, Form("payments:read"))));

        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
        Assert.Equal(1, opened());
    }

    [Fact]
    public async Task A_form_that_is_too_large_is_refused_as_over_HTTP_1()
    {
        using var http = fixture.Client(out _);
        var large = new string('x', 70_000);

        var over2 = await Ask(http, fixture.Http2Url, HttpVersion.Version20, new FormUrlEncodedContent([KeyValuePair.Create("grant_type", large)]));
        var over1 = await Ask(http, Silo.Url, HttpVersion.Version11, new FormUrlEncodedContent([KeyValuePair.Create("grant_type", large)]));

        Assert.Equal((413, "invalid_request"), (over2.Status, over2.Error));
        Assert.Equal((over2.Status, over2.Error), (over1.Status, over1.Error));
    }

    [Fact]
    public async Task The_main_port_speaks_HTTP_1_and_nothing_else_as_without_the_other()
    {
        using var http = fixture.Client(out _);

        var granted = await Ask(http, Silo.Url, HttpVersion.Version11, Form("payments:read"));

        Assert.Equal((200, HttpVersion.Version11), (granted.Status, granted.Response.Version));
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => Ask(http, Silo.Url, HttpVersion.Version20, Form("payments:read")));
    }

    [Fact]
    public async Task HTTP_1_is_no_way_into_the_port_for_HTTP_2()
    {
        using var http = fixture.Client(out _);
        using var request = new HttpRequestMessage(HttpMethod.Get, fixture.Http2Url + "/health/live") { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };

        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Theory]
    [InlineData("http://127.0.0.1:8420/", null)]
    [InlineData("http://127.0.0.1:8420/tenants/a", "Assay:Url 'http://127.0.0.1:8420/tenants/a' says where to listen: it has no path. One that clients see belongs to Assay:Issuer.")]
    public void Where_a_silo_listens_is_no_place_for_a_path(string url, string? fault) => Assert.Equal(fault is null ? [] : [fault], new ServerOptions { Url = url }.Faults());

    [Theory]
    [InlineData("https://127.0.0.1:8421", false, "Assay:Http2Url 'https://127.0.0.1:8421' is not an http URL. With TLS there is no need of it: an https URL in Assay:Url speaks HTTP/2 too.")]
    [InlineData("8421", false, "Assay:Http2Url '8421' is not an http URL. With TLS there is no need of it: an https URL in Assay:Url speaks HTTP/2 too.")]
    [InlineData("http://10.0.0.11:8421", false, "Assay:Http2Url 'http://10.0.0.11:8421' is plain HTTP on an address that is not loopback. Set Assay:TlsTerminatingProxy=true when a proxy in front ends TLS.")]
    [InlineData("http://127.0.0.1:8420", false, "Assay:Http2Url 'http://127.0.0.1:8420' needs a port of its own: without TLS nothing says which HTTP a connection speaks.")]
    [InlineData("http://127.0.0.1:0", false, "Assay:Http2Url 'http://127.0.0.1:0' needs a port of its own: without TLS nothing says which HTTP a connection speaks.")]
    [InlineData("http://127.0.0.1:8421", false, null)]
    [InlineData("http://[::1]:8421", false, null)]
    [InlineData("http://10.0.0.11:8421", true, null)]
    public void The_rules_for_its_address_are_those_of_the_main_one(string url, bool behindProxy, string? fault) =>
        Assert.Equal(fault is null ? [] : [fault], new ServerOptions { Http2Url = url, TlsTerminatingProxy = behindProxy }.Faults());

    private FormUrlEncodedContent Form(string scope) => new(new Dictionary<string, string>
    {
        ["grant_type"] = "client_credentials",
        ["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ["client_assertion"] = Assertion.For(Silo, "payments-exporter").Sign(),
        ["resource"] = Payments,
        ["scope"] = scope,
    });

    private static async Task<Answer> Ask(HttpClient http, string url, Version version, HttpContent form)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url + "/oauth/token")
        {
            Content = form, Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        return await http.Ask(request);
    }
}
