using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Assay.Client.Tests;

public sealed class TokenHandlerTests : IAsyncLifetime
{
    private const string InvalidToken = "Bearer error=\"invalid_token\"";

    private readonly Clock clock = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly Api api = new();
    private Issuer issuer = null!;

    public async ValueTask InitializeAsync()
    {
        issuer = await Issuer.Start();
        issuer.Token = context => Issuer.Json(
            context, $$"""{"access_token":"token-{{issuer.TokenRequests}}","token_type":"Bearer","expires_in":300,"scope":"ledger.read"}""");
    }

    public ValueTask DisposeAsync() => issuer.DisposeAsync();

    [Fact]
    public async Task Each_request_carries_the_token_in_a_header_that_is_made_once()
    {
        using var http = Client();

        await http.GetAsync("/entries");
        await http.GetAsync("/entries");

        Assert.Equal(["Bearer token-1", "Bearer token-1"], api.Seen);
        Assert.Same(api.Headers[0], api.Headers[1]);
        Assert.Equal(("https://ledger.example", "ledger.read"), (issuer.Last!.Form["resource"], issuer.Last.Form["scope"]));
    }

    [Theory]
    [InlineData(401, InvalidToken)]
    [InlineData(401, "bearer realm=\"a, \\\"b\\\"\", error = invalid_token , scope=\"x\"")]
    [InlineData(401, "Bearer error=\"insufficient_user_authentication\", acr_values=\"high\"")]
    [InlineData(403, "Bearer error=\"insufficient_scope\", scope=\"ledger.write\"")]
    public async Task A_token_that_is_refused_is_replaced_and_the_request_sent_once_more(int status, string challenge)
    {
        using var http = Client();
        await Warm(http);
        api.Refuse("Bearer token-1", status, challenge);

        var answer = await http.PostAsJsonAsync("/entries", new { amount = 7 });

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(["Bearer token-1", "Bearer token-1", "Bearer token-2"], api.Seen);
        Assert.Equal(["", """{"amount":7}""", """{"amount":7}"""], api.Bodies);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/entries")).StatusCode); // later calls have the new one
        Assert.Equal("Bearer token-2", api.Seen[^1]);
    }

    [Theory]
    [InlineData(401, null)]
    [InlineData(401, "Bearer")]
    [InlineData(401, "Bearer error=\"invalid_request\"")]
    [InlineData(401, "Bearer error_description=\"error=invalid_token\"")]
    [InlineData(401, "Bearer realm=\"without end")]
    [InlineData(400, InvalidToken)]
    [InlineData(500, InvalidToken)]
    public async Task An_answer_that_blames_something_else_is_the_answer(int status, string? challenge)
    {
        using var http = Client();
        await Warm(http);
        api.Refuse("Bearer token-1", status, challenge);

        Assert.Equal(status, (int)(await http.GetAsync("/entries")).StatusCode);
        Assert.Equal((2, 1), (api.Seen.Count, issuer.TokenRequests));
    }

    [Fact]
    public async Task An_api_that_refuses_every_token_gets_each_request_twice_at_most_and_the_issuer_few()
    {
        using var http = Client();
        await Warm(http);
        api.RefuseAll(401, InvalidToken);

        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => http.GetAsync("/entries")));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode));
        Assert.InRange(api.Seen.Count, 202, 401);
        Assert.Equal(2, issuer.TokenRequests);
    }

    [Fact]
    public async Task When_no_other_token_is_to_be_had_the_refusal_is_the_answer_and_the_issuer_is_left_alone()
    {
        using var http = Client();
        await Warm(http);
        api.RefuseAll(401, InvalidToken);
        issuer.Token = context => Issuer.Json(context, """{"error":"temporarily_unavailable"}""", 503);

        for (var i = 0; i < 5; i++)
            Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/entries")).StatusCode);

        Assert.Equal((6, 2), (api.Seen.Count, issuer.TokenRequests));
    }

    [Fact]
    public async Task Content_that_may_be_spent_is_not_sent_again()
    {
        using var http = Client();
        await Warm(http);
        api.Refuse("Bearer token-1", 401, InvalidToken);

        var answer = await http.PostAsync("/entries", new StreamContent(new MemoryStream([1, 2, 3])));

        Assert.Equal((HttpStatusCode.Unauthorized, 2), (answer.StatusCode, api.Seen.Count));
    }

    [Fact]
    public async Task Whoever_a_redirect_leads_to_gets_no_token_by_refusing()
    {
        using var http = Client();
        await Warm(http);
        api.RedirectsTo = new Uri("https://elsewhere.example/");
        api.RefuseAll(401, InvalidToken);

        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/entries")).StatusCode);
        Assert.Equal((2, 1), (api.Seen.Count, issuer.TokenRequests));
    }

    [Fact]
    public async Task A_request_with_an_authorization_of_its_own_is_left_alone()
    {
        using var http = Client();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/entries") { Headers = { Authorization = new("Basic", "abc") } };
        api.RefuseAll(401, InvalidToken);

        await http.SendAsync(request);

        Assert.Equal(["Basic abc"], api.Seen);
        Assert.Equal(0, issuer.TokenRequests);
    }

    [Fact]
    public void A_blocking_call_carries_a_token_too()
    {
        using var http = Client();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/entries");

        using var answer = http.Send(request, CancellationToken.None);

        Assert.Equal((HttpStatusCode.OK, "Bearer token-1"), (answer.StatusCode, api.Seen.Single()));
    }

    [Fact]
    public async Task Without_a_token_nothing_is_sent_to_the_api()
    {
        issuer.Token = context => Issuer.Json(context, """{"error":"invalid_scope"}""", 400);
        using var http = Client();

        await Assert.ThrowsAsync<AssayTokenException>(() => http.GetAsync("/entries"));

        Assert.Empty(api.Seen);
    }

    [Fact]
    public async Task A_program_put_together_by_dependency_injection_needs_five_lines()
    {
        var services = new ServiceCollection();
        services.AddAssay(o =>
        {
            o.Issuer = new Uri(issuer.Url);
            o.ClientId = "exporter";
            o.Credential = AssayCredential.FromSecret("s");
        });
        services.AddHttpClient("ledger", http => http.BaseAddress = new Uri("https://ledger.example"))
            .AddAssayToken("https://ledger.example", "ledger.read")
            .ConfigurePrimaryHttpMessageHandler(() => api);
        await using var provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });

        var http = provider.GetRequiredService<IHttpClientFactory>().CreateClient("ledger");
        await http.GetAsync("/entries");

        Assert.Equal(["Bearer token-1"], api.Seen);
        Assert.Same(provider.GetRequiredService<AssayClient>(), provider.GetRequiredService<AssayClient>());
    }

    [Fact]
    public void Settings_out_of_bounds_are_told_by_name()
    {
        var services = new ServiceCollection();
        services.AddAssay(o => o.Issuer = new Uri("http://id.example"));
        using var provider = services.BuildServiceProvider();

        var fault = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<AssayClient>());

        Assert.Contains("ClientId", fault.Message);
    }

    [Fact]
    public void What_is_no_scope_is_told_where_it_is_written()
    {
        var ledger = new ServiceCollection().AddHttpClient("ledger");
        using var client = issuer.Client(AssayCredential.FromSecret("s"));

        Assert.Throws<ArgumentException>(() => ledger.AddAssayToken("https://ledger.example", "a b"));
        Assert.Throws<ArgumentException>(() => new AssayTokenHandler(client, ""));
    }

    private HttpClient Client() => new(
        new AssayTokenHandler(issuer.Client(AssayCredential.FromSecret("s"), clock), "https://ledger.example", "ledger.read") { InnerHandler = api })
    {
        BaseAddress = new Uri("https://ledger.example"),
    };

    // A token that was asked for a moment ago is not replaced at once.
    private async Task Warm(HttpClient http)
    {
        await http.GetAsync("/entries");
        clock.Advance(TimeSpan.FromSeconds(11));
    }

    /// <summary>An API in memory, with what it was shown.</summary>
    private sealed class Api : HttpMessageHandler
    {
        private Func<string?, bool> refuses = _ => false;
        private int status;
        private string? challenge;

        public List<string?> Seen { get; } = [];

        public List<AuthenticationHeaderValue?> Headers { get; } = [];

        public List<string> Bodies { get; } = [];

        public Uri? RedirectsTo { get; set; }

        public void Refuse(string authorization, int status, string? challenge) =>
            (refuses, this.status, this.challenge) = (seen => seen == authorization, status, challenge);

        public void RefuseAll(int status, string? challenge) => (refuses, this.status, this.challenge) = (_ => true, status, challenge);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(Send(request, cancellationToken));

        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            lock (Seen)
            {
                Headers.Add(request.Headers.Authorization);
                Seen.Add(request.Headers.Authorization?.ToString());
                var body = new MemoryStream();
                request.Content?.CopyTo(body, null, cancellationToken); // as it is put on the wire
                Bodies.Add(Encoding.UTF8.GetString(body.ToArray()));
            }

            request.RequestUri = RedirectsTo ?? request.RequestUri; // as the handler that follows redirects does
            if (!refuses(request.Headers.Authorization?.ToString()))
                return new HttpResponseMessage(HttpStatusCode.OK);

            var answer = new HttpResponseMessage((HttpStatusCode)status);
            if (challenge is not null)
                answer.Headers.TryAddWithoutValidation("WWW-Authenticate", challenge);
            return answer;
        }
    }
}
