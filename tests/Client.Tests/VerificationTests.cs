using Microsoft.AspNetCore.Http;

namespace Assay.Client.Tests;

/// <summary>What is withheld, what would open it, and who performs that.</summary>
public sealed class VerificationTests
{
    private const string Narrowed =
        """{"access_token":"narrow","token_type":"Bearer","expires_in":300,"scope":"payments.read","step_up":["attestation"]}""";

    private const string Whole = """{"access_token":"whole","token_type":"Bearer","expires_in":300,"scope":"payments.read payments.write"}""";

    private const string Refused = """{"error":"invalid_scope","step_up":["attestation","approval"],"decision_id":"jti-7"}""";

    private readonly List<string> asked = [];

    [Fact]
    public async Task A_narrowed_answer_names_what_is_missing_and_what_would_open_it()
    {
        await using var issuer = await Answering(Narrowed);
        using var client = Client(issuer, verified: null);

        var token = await client.GetTokenAsync("https://payments.example", "payments.write", "payments.read");

        Assert.Equal(["payments.read"], token.Scopes);
        Assert.Equal(["payments.write"], token.Withheld);
        Assert.Equal(["attestation"], token.StepUp);
        Assert.Equal(
            "TokenResponse { TokenType = Bearer, ExpiresIn = 00:05:00, Scopes = payments.read, Withheld = payments.write, StepUp = attestation }", token.ToString());
    }

    [Fact]
    public async Task A_refusal_names_what_would_open_it_and_its_record()
    {
        await using var issuer = await Answering(Refused);
        using var client = Client(issuer, verified: null);

        var refusal = await Assert.ThrowsAsync<AssayTokenException>(() => client.GetTokenAsync("https://payments.example", "payments.write").AsTask());

        Assert.Equal((TokenFailure.Scopes, "jti-7"), (refusal.Failure, refusal.DecisionId));
        Assert.Equal(["attestation", "approval"], refusal.StepUp);
    }

    [Theory]
    [InlineData(Narrowed, "payments.write: attestation")]
    [InlineData(Refused, "payments.read payments.write: attestation approval")]
    public async Task A_verification_that_is_performed_opens_what_was_withheld(string first, string told)
    {
        await using var issuer = await Answering(first, Whole);
        using var client = Client(issuer, verified: true);

        var token = await client.GetTokenAsync("https://payments.example", "payments.read", "payments.write");

        Assert.Equal("whole", token.AccessToken);
        Assert.Empty(token.Withheld);
        Assert.Empty(token.StepUp);
        Assert.Equal([told], asked);
        Assert.Equal("whole", (await client.GetTokenAsync("https://payments.example", "payments.read", "payments.write")).AccessToken);
        Assert.Equal(2, issuer.TokenRequests);
    }

    [Fact]
    public async Task A_verification_that_is_not_performed_leaves_what_was_granted()
    {
        await using var issuer = await Answering(Narrowed, Whole);
        using var client = Client(issuer, verified: false);

        var token = await client.GetTokenAsync("https://payments.example", "payments.read", "payments.write");

        Assert.Equal(("narrow", 1), (token.AccessToken, issuer.TokenRequests));
    }

    [Fact]
    public async Task A_verification_that_is_not_performed_leaves_the_refusal()
    {
        await using var issuer = await Answering(Refused, Whole);
        using var client = Client(issuer, verified: false);

        await Assert.ThrowsAsync<AssayTokenException>(() => client.GetTokenAsync("https://payments.example", "payments.write").AsTask());

        Assert.Equal((1, 1), (issuer.TokenRequests, asked.Count));
    }

    [Fact]
    public async Task A_verification_that_changes_nothing_is_asked_for_once()
    {
        await using var issuer = await Answering(Narrowed);
        using var client = Client(issuer, verified: true);

        var token = await client.GetTokenAsync("https://payments.example", "payments.read", "payments.write");

        Assert.Equal(("narrow", 2, 1), (token.AccessToken, issuer.TokenRequests, asked.Count));
    }

    [Fact]
    public async Task A_token_that_was_granted_survives_a_second_request_that_fails()
    {
        await using var issuer = await Answering(Narrowed, Refused);
        using var client = Client(issuer, verified: true);

        Assert.Equal("narrow", (await client.GetTokenAsync("https://payments.example", "payments.read", "payments.write")).AccessToken);
    }

    [Fact]
    public async Task What_the_verification_throws_the_caller_gets()
    {
        await using var issuer = await Answering(Narrowed);
        using var client = new AssayClient(Options(issuer, (_, _) => throw new NotSupportedException("no attestation here")));

        await Assert.ThrowsAsync<NotSupportedException>(() => client.GetTokenAsync("https://payments.example", "payments.write").AsTask());
    }

    [Theory]
    [InlineData(401, "invalid_client", TokenFailure.Client)]
    [InlineData(400, "unauthorized_client", TokenFailure.Client)]
    [InlineData(400, "invalid_target", TokenFailure.Resource)]
    [InlineData(400, "invalid_scope", TokenFailure.Scopes)]
    [InlineData(403, "access_denied", TokenFailure.Scopes)]
    [InlineData(400, "authorization_pending", TokenFailure.Refused)]
    [InlineData(503, "temporarily_unavailable", TokenFailure.Unavailable)]
    [InlineData(429, "temporarily_unavailable", TokenFailure.Unavailable)]
    [InlineData(502, null, TokenFailure.Unavailable)]
    [InlineData(404, null, TokenFailure.NotAnIssuer)]
    [InlineData(200, null, TokenFailure.NotAnIssuer)]
    public async Task A_failure_has_a_kind_that_programs_can_tell(int status, string? error, TokenFailure kind)
    {
        await using var issuer = await Issuer.Start();
        issuer.Token = context => Issuer.Json(context, error is null ? "<html>" : $$"""{"error":"{{error}}"}""", status);
        using var client = Client(issuer, verified: null);

        var failure = await Assert.ThrowsAsync<AssayTokenException>(() => client.GetTokenAsync("https://payments.example").AsTask());

        Assert.Equal((kind, error), (failure.Failure, failure.Error));
    }

    private AssayClient Client(Issuer issuer, bool? verified) => new(Options(issuer, verified is null ? null : (required, _) =>
    {
        Assert.Equal("https://payments.example", required.Resource);
        asked.Add($"{string.Join(' ', required.Withheld)}: {string.Join(' ', required.Verifications)}");
        return ValueTask.FromResult(verified.Value);
    }));

    private static AssayClientOptions Options(Issuer issuer, Func<VerificationRequired, CancellationToken, ValueTask<bool>>? verify) => new()
    {
        Issuer = new Uri(issuer.Url),
        ClientId = "exporter",
        Credential = AssayCredential.FromSecret("s"),
        OnVerificationRequired = verify,
    };

    // The last answer is given from then on.
    private static async Task<Issuer> Answering(params string[] answers)
    {
        var issuer = await Issuer.Start();
        issuer.Token = context =>
        {
            var answer = answers[Math.Min(issuer.TokenRequests, answers.Length) - 1];
            return Issuer.Json(context, answer, answer == Refused ? StatusCodes.Status400BadRequest : StatusCodes.Status200OK);
        };
        return issuer;
    }
}
