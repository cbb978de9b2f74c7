using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Assay.Client.AspNetCore;
using Microsoft.Extensions.Options;

namespace Assay.Client.Tests.Validation;

/// <summary>What an API that checks tokens with one line takes, refuses and says.</summary>
public sealed class ValidationTests
{
    private const string Metadata = "resource_metadata=\"https://ledger.example/.well-known/oauth-protected-resource/v1\"";

    [Theory]
    [InlineData("at+jwt")]
    [InlineData("application/at+jwt")]
    public async Task A_token_for_this_API_is_taken_and_names_its_client(string type)
    {
        await using var issuer = await TokenMaker.Start();
        await using var api = await Ledger.Start(issuer);

        using var answer = await api.Get("/who", issuer.Token(type: type));

        Assert.Equal((HttpStatusCode.OK, "exporter"), (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
    }

    /// <summary>RFC 9068 §4, RFC 9449 §7.1, RFC 8705 §3.</summary>
    [Theory]
    [InlineData("typ")]
    [InlineData("iss")]
    [InlineData("aud")]
    [InlineData("exp")]
    [InlineData("no exp")]
    [InlineData("cnf")]
    [InlineData("no status")]
    [InlineData("status is a word")]
    [InlineData("idx is a word")]
    [InlineData("idx is negative")]
    [InlineData("unpublished key")]
    [InlineData("changed")]
    [InlineData("unsigned")]
    public async Task Any_other_is_refused(string fault)
    {
        await using var issuer = await TokenMaker.Start();
        issuer.AddKey("unpublished");
        await using var api = await Ledger.Start(issuer);
        var token = fault switch
        {
            "typ" => issuer.Token(type: "JWT"),
            "iss" => issuer.Token(claims => claims["iss"] = "https://other.example"),
            "aud" => issuer.Token(claims => claims["aud"] = "https://other.example"),
            "exp" => issuer.Token(claims => claims["exp"] = claims["iat"]!.GetValue<long>() - 60),
            "no exp" => issuer.Token(claims => claims.Remove("exp")),
            "cnf" => issuer.Token(claims => claims["cnf"] = new JsonObject { ["jkt"] = "x" }),
            "no status" => issuer.Token(claims => claims.Remove("status")),
            "status is a word" => issuer.Token(claims => claims["status"] = "valid"),
            "idx is a word" => issuer.Token(claims => claims["status"]!["status_list"]!["idx"] = "3"),
            "idx is negative" => issuer.Token(index: -1),
            "unpublished key" => issuer.Token(keyId: "unpublished"),
            "changed" => Changed(issuer.Token()),
            _ => string.Join('.', "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0", issuer.Token().Split('.')[1], ""),
        };

        using var answer = await api.Get("/who", token);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.StartsWith("Bearer error=\"invalid_token\", ", answer.Headers.WwwAuthenticate.ToString());
        Assert.Contains(Metadata, answer.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task Who_brings_no_token_is_told_where_to_read_and_no_error()
    {
        await using var issuer = await TokenMaker.Start();
        await using var api = await Ledger.Start(issuer);

        using var without = await api.Get("/who", null);
        using var inTheQuery = await api.Http.GetAsync("/who?access_token=" + issuer.Token(), TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode.Unauthorized, "Bearer " + Metadata), (without.StatusCode, without.Headers.WwwAuthenticate.ToString()));
        Assert.Equal(HttpStatusCode.Unauthorized, inTheQuery.StatusCode);
    }

    [Fact]
    public async Task The_metadata_names_the_API_and_its_issuer()
    {
        await using var issuer = await TokenMaker.Start();
        await using var api = await Ledger.Start(issuer, options => options.ResourceName = "The ledger");

        using var document = JsonDocument.Parse(await api.Http.GetStringAsync("/.well-known/oauth-protected-resource/v1", TestContext.Current.CancellationToken));

        Assert.Equal(
            $$"""{"resource":"{{TokenMaker.Api}}","authorization_servers":["{{issuer.Url}}"],"bearer_methods_supported":["header"],"scopes_supported":["ledger:read"],"resource_name":"The ledger"}""",
            document.RootElement.GetRawText());
    }

    [Fact]
    public async Task An_API_that_is_a_URN_says_no_place_of_metadata()
    {
        const string api = "urn:example:ledger";
        await using var issuer = await TokenMaker.Start();
        await using var server = await Ledger.Start(issuer, options => options.Resource = api);

        using var without = await server.Get("/who", null);
        using var wrong = await server.Get("/who", issuer.Token());
        using var right = await server.Get("/who", issuer.Token(claims => claims["aud"] = api));

        Assert.Equal((HttpStatusCode.Unauthorized, "Bearer"), (without.StatusCode, without.Headers.WwwAuthenticate.ToString()));
        Assert.Equal("Bearer error=\"invalid_token\", error_description=\"the token is expired, revoked, or not for this API\"", wrong.Headers.WwwAuthenticate.ToString());
        Assert.Equal(HttpStatusCode.OK, right.StatusCode);
    }

    [Fact]
    public async Task A_scope_that_is_missing_is_named()
    {
        await using var issuer = await TokenMaker.Start();
        await using var api = await Ledger.Start(issuer);

        using var read = await api.Get("/read", issuer.Token());
        using var close = await api.Get("/close", issuer.Token());
        using var likeIt = await api.Get("/read", issuer.Token(claims => claims["scope"] = "ledger:reader xledger:read"));

        Assert.Equal(HttpStatusCode.OK, read.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, close.StatusCode);
        Assert.Equal($"Bearer error=\"insufficient_scope\", scope=\"ledger:read ledger:close\", {Metadata}", close.Headers.WwwAuthenticate.ToString());
        Assert.Equal(HttpStatusCode.Forbidden, likeIt.StatusCode);
    }

    /// <summary>RFC 9470 §3.</summary>
    [Theory]
    [InlineData(null, 0, HttpStatusCode.Unauthorized)]
    [InlineData("urn:acr:weak", 0, HttpStatusCode.Unauthorized)]
    [InlineData("urn:acr:attested", 600, HttpStatusCode.Unauthorized)]
    [InlineData("urn:acr:attested", 0, HttpStatusCode.OK)]
    public async Task A_proof_that_is_too_weak_or_too_old_is_asked_for_again(string? acr, int age, HttpStatusCode status)
    {
        await using var issuer = await TokenMaker.Start();
        await using var api = await Ledger.Start(issuer, clock: new Clock(TimeProvider.System.GetUtcNow()));
        var token = issuer.Token(claims =>
        {
            claims["auth_time"] = claims["iat"]!.GetValue<long>() - age;
            if (acr is not null)
                claims["acr"] = acr;
        });

        using var answer = await api.Get("/pay", token);

        Assert.Equal(status, answer.StatusCode);
        if (status == HttpStatusCode.Unauthorized)
        {
            Assert.Equal(
                $"Bearer error=\"insufficient_user_authentication\", acr_values=\"urn:acr:attested\", max_age=\"5\", {Metadata}", answer.Headers.WwwAuthenticate.ToString());
        }
    }

    [Fact]
    public async Task A_key_that_is_new_is_fetched_and_an_unknown_one_asked_for_once_in_a_while()
    {
        await using var issuer = await TokenMaker.Start();
        issuer.AddKey("unpublished");
        await using var api = await Ledger.Start(issuer, options => options.UnknownKeyCoolDown = TimeSpan.FromSeconds(1));
        (await api.Get("/who", issuer.Token())).Dispose();

        issuer.AddKey("key-2");
        await Patience.Until(async () =>
        {
            using var answer = await api.Get("/who", issuer.Token(keyId: "key-2"));
            return answer.StatusCode == HttpStatusCode.OK;
        });

        await using var patient = await Ledger.Start(issuer, options => options.UnknownKeyCoolDown = TimeSpan.FromMinutes(5));
        var reads = issuer.KeyReads;
        for (var i = 0; i < 50; i++)
            (await patient.Get("/who", issuer.Token(keyId: "unpublished"))).Dispose();

        Assert.InRange(issuer.KeyReads - reads, 1, 3);
    }

    [Fact]
    public async Task A_token_is_refused_once_its_list_says_so()
    {
        var clock = new Clock(TimeProvider.System.GetUtcNow());
        await using var issuer = await TokenMaker.Start();
        await using var api = await Ledger.Start(issuer, clock: clock);
        var (token, neighbour) = (issuer.Token(index: 3), issuer.Token(index: 4));
        using (var before = await api.Get("/who", token))
            Assert.Equal(HttpStatusCode.OK, before.StatusCode);

        issuer.Revoke(3);
        using (var cached = await api.Get("/who", token))
            Assert.Equal(HttpStatusCode.OK, cached.StatusCode);
        Assert.Equal(1, issuer.ListReads);
        clock.Advance(TimeSpan.FromSeconds(31));
        using var after = await api.Get("/who", token);
        using var beside = await api.Get("/who", neighbour);

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (after.StatusCode, beside.StatusCode));
    }

    /// <summary>Token Status List §8.3: whatever is wrong with the list, the token does not pass.</summary>
    [Theory]
    [InlineData("out of bounds")]
    [InlineData("another list")]
    [InlineData("expired")]
    [InlineData("bad signature")]
    [InlineData("typ")]
    [InlineData("not packed")]
    [InlineData("bits is a word")]
    [InlineData("elsewhere")]
    public async Task A_list_that_is_not_the_tokens_refuses_it(string fault)
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await using var issuer = await TokenMaker.Start();
        await using var api = await Ledger.Start(issuer);
        var token = issuer.Token(index: fault == "out of bounds" ? 32 : 31);
        switch (fault)
        {
            case "another list":
                issuer.ChangeList = static claims => claims["sub"] = "https://other.example/status-lists/1";
                break;
            case "expired":
                issuer.ChangeList = static claims => claims["exp"] = claims["iat"]!.GetValue<long>() - 60;
                break;
            case "bad signature":
                issuer.ListKey = other;
                break;
            case "typ":
                issuer.ListType = "at+jwt";
                break;
            case "not packed":
                issuer.ChangeList = static claims => claims["status_list"]!["lst"] = "AAAA";
                break;
            case "bits is a word":
                issuer.ChangeList = static claims => claims["status_list"]!["bits"] = "1";
                break;
            case "elsewhere":
                token = issuer.Token(claims => claims["status"]!["status_list"]!["uri"] = "https://other.example/status-lists/1");
                break;
        }

        using var answer = await api.Get("/who", token);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task A_token_that_is_none_of_the_issuers_makes_nobody_fetch_a_list()
    {
        await using var issuer = await TokenMaker.Start();
        await using var api = await Ledger.Start(issuer);

        (await api.Get("/who", Changed(issuer.Token()))).Dispose();

        Assert.Equal(0, issuer.ListReads);
    }

    [Theory]
    [InlineData(0, HttpStatusCode.ServiceUnavailable)]
    [InlineData(60, HttpStatusCode.OK)]
    public async Task Without_a_list_it_is_503_or_the_old_one_for_as_long_as_the_API_says(int stale, HttpStatusCode status)
    {
        var clock = new Clock(TimeProvider.System.GetUtcNow());
        await using var issuer = await TokenMaker.Start();
        await using var api = await Ledger.Start(issuer, options => options.AcceptStaleStatus = TimeSpan.FromSeconds(stale), clock);
        var token = issuer.Token();
        (await api.Get("/who", token)).Dispose();

        issuer.ListStatus = 503;
        clock.Advance(TimeSpan.FromSeconds(45));
        using var answer = await api.Get("/who", token);
        clock.Advance(TimeSpan.FromSeconds(60));
        using var later = await api.Get("/who", token);

        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, later.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(5), later.Headers.RetryAfter?.Delta);
    }

    /// <summary>The published example of the Token Status List specification, §4.1.</summary>
    [Fact]
    public void Bits_are_counted_from_the_least_significant_of_each_byte()
    {
        using var one = JsonDocument.Parse("""{"bits":1,"lst":"eNrbuRgAAhcBXQ"}""");
        using var two = JsonDocument.Parse("""{"bits":2,"lst":"eNo76fITAAPfAgc"}""");

        var (ones, twos) = (StatusList.Read(one.RootElement)!, StatusList.Read(two.RootElement)!);

        Assert.Equal([1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1], Enumerable.Range(0, 16).Select(index => ones.At(index) ?? -1));
        Assert.Equal([1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3], Enumerable.Range(0, 12).Select(index => twos.At(index) ?? -1));
        Assert.Null(ones.At(16));
        Assert.Null(twos.At(-1));
    }

    [Theory]
    [InlineData("http://id.example", "https://ledger.example", "neither https nor http on loopback")]
    [InlineData("not a url", "https://ledger.example", "Issuer is not an absolute URL")]
    [InlineData("https://id.example", "ledger", "is not an absolute URI without fragment")]
    public async Task Settings_that_cannot_be_right_stop_the_start(string issuer, string resource, string sentence)
    {
        var builder = Microsoft.AspNetCore.Builder.WebApplication.CreateSlimBuilder();
        Microsoft.Extensions.DependencyInjection.AssayValidationExtensions.AddAssayValidation(builder.Services, issuer, resource);
        await using var app = builder.Build();

        var fault = await Assert.ThrowsAnyAsync<Exception>(() => app.StartAsync(TestContext.Current.CancellationToken));

        Assert.Contains(sentence, fault.ToString());
    }

    private static string Changed(string token) => token[..^3] + (token[^3] == 'A' ? 'B' : 'A') + token[^2..];
}
