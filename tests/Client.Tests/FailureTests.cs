using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace Assay.Client.Tests;

public sealed class FailureTests
{
    [Theory]
    [InlineData(400, "invalid_scope")]
    [InlineData(400, "invalid_target")]
    [InlineData(401, "invalid_client")]
    public async Task A_refusal_carries_the_issuers_words(int status, string error)
    {
        var refusal = await Refusal(context => Issuer.Json(context, $$"""{"error":"{{error}}","error_description":"no such luck"}""", status));

        Assert.Equal(
            (error, "no such luck", (HttpStatusCode?)status, null, $"No token: {error} ({status}): no such luck"),
            (refusal.Error, refusal.ErrorDescription, refusal.StatusCode, refusal.RetryAfter, refusal.Message));
    }

    [Fact]
    public async Task A_refusal_without_description_is_told_by_its_code()
    {
        var refusal = await Refusal(context => Issuer.Json(context, """{"error":"invalid_scope"}""", 400));

        Assert.Equal(("invalid_scope", null, "No token: invalid_scope (400)."), (refusal.Error, refusal.ErrorDescription, refusal.Message));
    }

    [Theory]
    [InlineData("7", 7)]
    [InlineData("Tue, 24 Nov 2026 12:00:30 GMT", 30)]
    [InlineData("Tue, 24 Nov 2026 11:00:00 GMT", 0)]
    public async Task An_issuer_that_is_busy_says_when_to_come_back(string retryAfter, int seconds)
    {
        var refusal = await Refusal(context =>
        {
            context.Response.Headers.RetryAfter = retryAfter;
            context.Response.Headers.Date = "Tue, 24 Nov 2026 12:00:00 GMT"; // by the issuer's clock, as its Retry-After is
            return Issuer.Json(context, """{"error":"temporarily_unavailable"}""", 503);
        });

        Assert.Equal(
            ("temporarily_unavailable", HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(seconds)),
            (refusal.Error, refusal.StatusCode, refusal.RetryAfter));
    }

    [Theory]
    [InlineData(502, "<html>Bad gateway</html>")]
    [InlineData(500, "")]
    [InlineData(400, "[]")]
    [InlineData(400, """{"error":1}""")]
    [InlineData(400, "{}")]
    [InlineData(400, "null")]
    [InlineData(400, """{"error":"a","error":"b"}""")]
    public async Task A_failure_that_is_no_oauth_error_is_told_by_its_status(int status, string body)
    {
        var refusal = await Refusal(context => Issuer.Json(context, body, status));

        Assert.Equal((null, null, (HttpStatusCode?)status), (refusal.Error, refusal.ErrorDescription, refusal.StatusCode));
        Assert.Contains($"answered {status}", refusal.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("token-1")]
    [InlineData("""{"access_token":"token-1","expires_in":300}""")]
    [InlineData("""{"access_token":"token-1","token_type":"Bearer"}""")]
    [InlineData("""{"access_token":"token-1","token_type":"Bearer","expires_in":0}""")]
    [InlineData("""{"access_token":"token-1","token_type":"Bearer","expires_in":-5}""")]
    [InlineData("""{"access_token":"token-1","token_type":"Bearer","expires_in":"300"}""")]
    [InlineData("""{"access_token":"token-1","token_type":"Bearer","expires_in":99999999999}""")]
    [InlineData("""{"access_token":"","token_type":"Bearer","expires_in":300}""")]
    [InlineData("""{"access_token":"token-1","access_token":"token-1","token_type":"Bearer","expires_in":300}""")]
    public async Task A_grant_that_is_incomplete_is_no_grant_and_is_not_quoted(string body)
    {
        var refusal = await Refusal(context => Issuer.Json(context, body));

        Assert.Equal((null, HttpStatusCode.OK), (refusal.Error, refusal.StatusCode));
        Assert.DoesNotContain("token-1", refusal.ToString());
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var elsewhere = await Issuer.Start();

        var refusal = await Refusal(context =>
        {
            context.Response.StatusCode = 307;
            context.Response.Headers.Location = elsewhere.Url + elsewhere.TokenPath;
            return Task.CompletedTask;
        });

        Assert.Equal(HttpStatusCode.TemporaryRedirect, refusal.StatusCode);
        Assert.Null(elsewhere.Last);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_without_end_is_cut_off(bool announced)
    {
        var refusal = await Refusal(async context =>
        {
            if (announced)
                context.Response.ContentLength = 100_000_000;
            var block = new byte[64 * 1024];
            while (!context.RequestAborted.IsCancellationRequested)
                await context.Response.Body.WriteAsync(block, context.RequestAborted);
        });

        Assert.Contains("over 256 KiB", refusal.Message);
    }

    [Fact]
    public async Task An_issuer_that_breaks_off_is_told_as_unreachable()
    {
        var refusal = await Refusal(async context =>
        {
            context.Response.ContentLength = 1000;
            await context.Response.WriteAsync("{");
            await context.Response.Body.FlushAsync();
            context.Abort();
        });

        Assert.Equal((null, null), (refusal.Error, refusal.StatusCode));
        Assert.Contains("could not be reached", refusal.Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_issuer_that_does_not_answer_in_time_is_given_up(bool headersFirst)
    {
        await using var issuer = await Issuer.Start();
        issuer.Token = async context =>
        {
            if (headersFirst)
                await context.Response.StartAsync();
            await Hang(context);
        };
        using var client = issuer.Client(AssayCredential.FromSecret("s"), timeout: TimeSpan.FromMilliseconds(400));

        var refusal = await Assert.ThrowsAsync<AssayTokenException>(() => client.GetTokenAsync("https://payments.example").AsTask());

        Assert.Contains("did not answer in time", refusal.Message);
    }

    [Fact]
    public async Task A_cancelled_call_ends_as_cancelled()
    {
        await using var issuer = await Issuer.Start();
        using var cancel = new CancellationTokenSource();
        issuer.Token = async context =>
        {
            await cancel.CancelAsync();
            await Hang(context);
        };
        using var client = issuer.Client(AssayCredential.FromSecret("s"));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.GetTokenAsync("https://payments.example", [], cancel.Token).AsTask());
    }

    [Fact]
    public async Task An_issuer_that_is_not_there_is_told_as_unreachable()
    {
        using var client = new AssayClient(new AssayClientOptions
        {
            Issuer = new Uri($"http://127.0.0.1:{ClosedPort()}"),
            ClientId = "exporter",
            Credential = AssayCredential.FromSecret("s"),
        });

        var refusal = await Assert.ThrowsAsync<AssayTokenException>(() => client.GetTokenAsync("https://payments.example").AsTask());

        Assert.Equal((null, null), (refusal.Error, refusal.StatusCode));
        Assert.IsType<HttpRequestException>(refusal.InnerException);
    }

    private static Task Hang(HttpContext context)
    {
        var gone = new TaskCompletionSource();
        context.RequestAborted.Register(() => gone.TrySetResult());
        return gone.Task;
    }

    private static int ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task<AssayTokenException> Refusal(RequestDelegate answer)
    {
        await using var issuer = await Issuer.Start();
        issuer.Token = answer;
        using var client = issuer.Client(AssayCredential.FromSecret("s"), new Clock(new DateTimeOffset(2026, 11, 24, 12, 3, 0, TimeSpan.Zero)));
        return await Assert.ThrowsAsync<AssayTokenException>(() => client.GetTokenAsync("https://payments.example", "payments.read").AsTask());
    }
}
