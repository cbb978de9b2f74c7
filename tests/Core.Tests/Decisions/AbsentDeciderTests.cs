using Assay.Core.Decisions;
using Assay.Core.Registry;
using static Assay.Core.Tests.Decisions.Example;

namespace Assay.Core.Tests.Decisions;

/// <summary>An identity that others ask about is granted what it would be granted however it proved itself.</summary>
public sealed class AbsentDeciderTests
{
    private const string Anything = "permit (principal, action, resource);";
    private const string Proven = "permit (principal, action, resource) when { context.client.assurance >= 2 };";

    private static readonly Credential Key = new() { Handle = "key", Kind = CredentialKind.PublicKey, CreatedAt = Now };
    private static readonly Credential OtherKey = Key with { Handle = "other-key" };
    private static readonly Credential Secret = new() { Handle = "secret-1", Kind = CredentialKind.Secret, CreatedAt = Now };

    [Fact]
    public void With_one_kind_of_credential_it_is_clear_how_it_proved_itself()
    {
        Assert.Equal(["list"], Granted(Proven, [Key]));
        Assert.Equal([], Granted(Proven, [Secret]));
        Assert.Equal(["list"], Granted(Anything, [Secret]));
    }

    [Fact]
    public void With_several_each_has_to_do()
    {
        Assert.Equal([], Granted(Proven, [Key, Secret]));
        Assert.Equal([], Granted(Proven, [Secret, Key]));
        Assert.Equal(["list"], Granted(Proven, [Key, OtherKey]));
        Assert.Equal([], Granted("""permit (principal, action, resource) when { context.client.credential == "key" };""", [Key, OtherKey]));
        Assert.Equal([], Granted("""permit (principal, action, resource) when { context.client.method == "client_secret_basic" };""", [Secret]));
    }

    [Fact]
    public void What_is_said_of_how_it_proved_itself_counts()
    {
        Assert.Equal(["list"], Granted(Proven, [Key, Secret], method: "private_key_jwt"));
        Assert.Equal(["list"], Granted(Proven, [Key, Secret], credential: "key"));
        Assert.Equal([], Granted(Proven, [Key, Secret], method: "client_secret_basic"));
        Assert.Equal(["list"], Granted("""permit (principal, action, resource) when { context.client.credential == "key" };""", [Key, OtherKey], credential: "key"));
    }

    [Fact]
    public void Without_a_live_credential_that_fits_there_is_no_verdict()
    {
        Assert.Null(Decide(Anything, []));
        Assert.Null(Decide(Anything, [Key], method: "client_secret_basic"));
        Assert.Null(Decide(Anything, [Key], method: "tls_client_auth"));
        Assert.Null(Decide(Anything, [Key], credential: "other-key"));
        Assert.Null(Decide(Anything, [Secret], method: "private_key_jwt", credential: "secret-1"));
        Assert.Null(Decide(Anything, [Key with { RevokedAt = Now }]));
        Assert.Null(Decide(Anything, [Key with { ExpiresAt = Now }]));
        Assert.Equal(["list"], Granted(Proven, [Key, Secret with { RevokedAt = Now }])); // what is over proves nothing, and is not counted
    }

    [Fact]
    public void A_granted_scope_says_the_life_of_a_token_with_it_alone_and_the_shortest_counts()
    {
        const string lives = """
            @max_ttl("10m") permit (principal, action == Action::"list", resource);
            @max_ttl("2m") permit (principal, action == Action::"export", resource) when { context.client.assurance >= 1 };
            @max_ttl("1m") permit (principal, action == Action::"export", resource) when { context.client.credential == "other-key" };
            permit (principal, action == Action::"pay", resource);
            """;
        var input = Input with { Scopes = ["list", "export", "pay"], DefaultLifetime = TimeSpan.FromMinutes(5), MaxLifetime = TimeSpan.FromMinutes(9) };

        var verdict = Decide(lives, [Key, OtherKey], input: input)!;

        Assert.Equal([TimeSpan.FromMinutes(9), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5)], verdict.Scopes.Select(scope => scope.MaxLifetime!.Value));
        Assert.Equal(TimeSpan.FromMinutes(1), verdict.Lifetime);
    }

    [Fact]
    public void A_scope_that_one_way_does_not_open_is_refused_with_that_ways_reason()
    {
        var verdict = Decide(
            """
            permit (principal, action, resource);
            @id("proof") @reason("prove a key") @public @step_up("attestation")
            forbid (principal, action, resource) when { context.client.assurance < 2 };
            """,
            [Key, Secret])!;

        var scope = Assert.Single(verdict.Scopes);
        Assert.Equal((ScopeOutcome.StepUpRequired, "proof", "attestation", "prove a key"), (scope.Outcome, scope.Policies[0], scope.StepUp[0], scope.PublicReasons[0]));
        Assert.Equal(TimeSpan.Zero, verdict.Lifetime);
    }

    private static IEnumerable<string> Granted(string policies, Credential[] credentials, string method = "", string credential = "") =>
        Decide(policies, credentials, method, credential)!.GrantedScopes();

    private static Verdict? Decide(string policies, Credential[] credentials, string method = "", string credential = "", DecisionInput? input = null)
    {
        var identity = Exporter with { Credentials = [.. credentials] };
        var stage = DecisionStage.Of(Example.Directory, identity, Payments, Now)!;
        return AbsentDecider.Decide(Example.Policies(policies), stage, identity, (input ?? Input) with { AuthenticationMethod = method, CredentialHandle = credential });
    }
}
