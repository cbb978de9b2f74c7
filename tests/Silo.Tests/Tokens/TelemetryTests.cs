using Assay.Silo.Tests.Running;

namespace Assay.Silo.Tests.Tokens;

/// <summary>What a silo says of token requests to collectors and in its log: what happened, and never what was presented.</summary>
public sealed class TelemetryTests
{
    private const string WrongSecret = "wrong-s3cret-that-must-not-show";
    private const string SecretAsName = "s3cret-in-the-place-of-a-name";

    [Fact]
    public async Task A_token_request_makes_spans_of_its_parts_without_what_was_presented()
    {
        await using var collector = await Collector.Start();
        await using var silo = await RunningSilo.Start(
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Url), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), ("OTEL_BSP_SCHEDULE_DELAY", "100"));
        var assertion = Assertion.For(silo, "payments-exporter").Sign();

        var issued = await silo.Ask(assertion);
        var refused = await silo.Send(Secret("payments-exporter", WrongSecret), "?client_secret=" + WrongSecret);

        Assert.Equal((200, 401), (issued.Status, refused.Status));
        foreach (var span in new[] { "token request", "authenticate", "decide", "sign", "record" })
            await collector.Until(span);
        await collector.Until("invalid_client"); // the refused one has arrived too
        foreach (var secret in new[] { WrongSecret, assertion, assertion.Split('.')[2], issued.Token, issued.Token.Split('.')[2] })
            Assert.False(collector.Holds(secret), $"'{secret}' left in a span");
    }

    [Fact]
    public async Task Failed_authentications_are_counted_and_sampled_in_the_log_without_what_was_presented()
    {
        await using var silo = await RunningSilo.Start();

        for (var i = 0; i < 60; i++)
            await silo.Send(Secret("payments-exporter", WrongSecret));
        await silo.Send(Secret(SecretAsName, WrongSecret));
        var forged = Assertion.For(silo, "payments-exporter").Sign();
        await silo.Ask(forged[..^8] + "AAAAAAAA");

        var metrics = await silo.Http.GetStringAsync(silo.Url + "/metrics");
        Assert.Matches("assay_client_authentication_failures_total\\{[^}]*method=\"client_secret_post\",reason=\"wrong secret\"[^}]*\\} 50\\b", metrics);
        Assert.Matches("assay_client_authentication_failures_total\\{[^}]*method=\"client_secret_post\",reason=\"too many failures before it\"[^}]*\\} 10\\b", metrics);
        Assert.Matches("assay_client_authentication_failures_total\\{[^}]*method=\"client_secret_post\",reason=\"unknown client\"[^}]*\\} 1\\b", metrics);
        await silo.UntilSaid("Client authentication by client_secret_post failed: wrong secret; client payments-exporter, from 127.0.0.1");
        Assert.InRange(silo.Output.Split("Client authentication by").Length - 1, 1, 59); // a sample, not all of them
        foreach (var secret in new[] { WrongSecret, SecretAsName, forged.Split('.')[1] })
            Assert.DoesNotContain(secret, silo.Output);
    }

    private static FormUrlEncodedContent Secret(string clientId, string secret) =>
        new([new("grant_type", "client_credentials"), new("client_id", clientId), new("client_secret", secret)]);
}
