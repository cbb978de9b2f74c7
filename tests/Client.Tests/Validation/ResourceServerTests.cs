using System.Buffers.Text;
using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Assay.Client.AspNetCore;
using Assay.Client.Tests.Events;

namespace Assay.Client.Tests.Validation;

/// <summary>
/// What the standards ask of a resource server, beyond what <see cref="ValidationTests"/> shows: RFC 9068 (access tokens), Token Status List, RFC 9728 (metadata),
/// RFC 9470 (step-up). What they ask of one that takes DPoP-bound or certificate-bound tokens does not apply: such tokens are refused.
/// </summary>
public sealed class ResourceServerTests
{
    /// <summary>RFC 9068 §4, RFC 8725 §3.1.</summary>
    [Theory]
    [InlineData("keyed with the public key")]
    [InlineData("another algorithm of the key's kind")]
    [InlineData("no typ")]
    [InlineData("an ID token")]
    [InlineData("an event")]
    [InlineData("a status list")]
    [InlineData("encrypted")]
    [InlineData("not a token")]
    [InlineData("issuer with a slash")]
    [InlineData("no issuer")]
    [InlineData("no audience")]
    [InlineData("for others")]
    [InlineData("audience with a slash")]
    [InlineData("not yet")]
    [InlineData("bound to a key")]
    [InlineData("bound to a certificate")]
    [InlineData("bound to something")]
    public async Task A_token_that_is_not_the_issuers_access_token_for_this_API_is_invalid(string fault)
    {
        await using var issuer = await TokenMaker.Start();
        await using var api = await Ledger.Start(issuer);
        var claims = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(issuer.Token().Split('.')[1]));
        var token = fault switch
        {
            "keyed with the public key" => Signed.Compact(
                """{"alg":"HS256","typ":"at+jwt","kid":"key-1"}""", claims, input => HMACSHA256.HashData(issuer.ListKey.ExportSubjectPublicKeyInfo(), input)),
            "another algorithm of the key's kind" => Signed.Compact(
                """{"alg":"ES512","typ":"at+jwt","kid":"key-1"}""", claims, input => issuer.ListKey.SignData(input, HashAlgorithmName.SHA512)),
            "no typ" => Signed.Compact("""{"alg":"ES256","kid":"key-1"}""", claims, input => issuer.ListKey.SignData(input, HashAlgorithmName.SHA256)),
            "an ID token" => issuer.Token(type: "JWT"),
            "an event" => issuer.Token(type: "secevent+jwt"),
            "a status list" => issuer.Token(type: "statuslist+jwt"),
            "encrypted" => issuer.Token() + ".AAAA.AAAA",
            "not a token" => "opaque",
            "issuer with a slash" => issuer.Token(token => token["iss"] = issuer.Url + "/"),
            "no issuer" => issuer.Token(token => token.Remove("iss")),
            "no audience" => issuer.Token(token => token.Remove("aud")),
            "for others" => issuer.Token(token => token["aud"] = new JsonArray("https://one.example", "https://two.example")),
            "audience with a slash" => issuer.Token(token => token["aud"] = TokenMaker.Api + "/"),
            "not yet" => issuer.Token(token => token["nbf"] = token["iat"]!.GetValue<long>() + 60),
            "bound to a key" => issuer.Token(token => token["cnf"] = new JsonObject { ["jkt"] = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" }),
            "bound to a certificate" => issuer.Token(token => token["cnf"] = new JsonObject { ["x5t#S256"] = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" }),
            _ => issuer.Token(token => token["cnf"] = "something"),
        };

        using var answer = await api.Get("/who", token);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.StartsWith("Bearer error=\"invalid_token\", ", answer.Headers.WwwAuthenticate.ToString());
        Assert.Equal(0, issuer.ListReads);
    }

    [Fact]
    public async Task A_token_for_several_APIs_is_taken_by_each_and_its_claims_are_there_as_they_are()
    {
        await using var issuer = await TokenMaker.Start();
        await using var api = await Ledger.Start(issuer);

        using var answer = await api.Get("/read", issuer.Token(static token => token["aud"] = new JsonArray("https://other.example", TokenMaker.Api)));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    /// <summary>RFC 9449 §7.1: a bound token belongs to its own scheme, which this API does not take.</summary>
    [Fact]
    public async Task A_token_under_another_scheme_is_as_good_as_none()
    {
        await using var issuer = await TokenMaker.Start();
        await using var api = await Ledger.Start(issuer);

        using var answer = await api.Get("/who", issuer.Token(), scheme: "DPoP");

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.DoesNotContain("error=", answer.Headers.WwwAuthenticate.ToString());
    }

    /// <summary>Token Status List §7 and §8.</summary>
    [Theory]
    [InlineData(0, HttpStatusCode.OK)]
    [InlineData(1, HttpStatusCode.Unauthorized)] // invalid
    [InlineData(2, HttpStatusCode.Unauthorized)] // suspended
    [InlineData(3, HttpStatusCode.Unauthorized)] // whatever the application means by it
    public async Task Of_a_list_with_more_states_only_valid_passes(int state, HttpStatusCode status)
    {
        await using var issuer = await TokenMaker.Start();
        await using var api = await Ledger.Start(issuer);
        issuer.ChangeList = claims => claims["status_list"] = new JsonObject { ["bits"] = 2, ["lst"] = Packed((byte)(state << 2)) };

        using var answer = await api.Get("/who", issuer.Token(index: 1));
        using var neighbour = await api.Get("/who", issuer.Token(index: 2));

        Assert.Equal((status, HttpStatusCode.OK), (answer.StatusCode, neighbour.StatusCode));
        Assert.Equal("application/statuslist+jwt", issuer.ListAccept);
    }

    [Fact]
    public async Task A_list_counts_until_it_expires_if_that_is_sooner_than_its_ttl()
    {
        var clock = new Clock(TimeProvider.System.GetUtcNow());
        await using var issuer = await TokenMaker.Start();
        issuer.ChangeList = static claims => claims["exp"] = claims["iat"]!.GetValue<long>() + 10;
        await using var api = await Ledger.Start(issuer, clock: clock);
        var token = issuer.Token();
        (await api.Get("/who", token)).Dispose();

        clock.Advance(TimeSpan.FromSeconds(11)); // of 30
        (await api.Get("/who", token)).Dispose();

        Assert.Equal(2, issuer.ListReads);
    }

    /// <summary>RFC 9728 §3.1 and §3.3, as a client goes about it: the document is where the challenge says, and is about the API that was called.</summary>
    [Fact]
    public async Task The_challenge_leads_to_the_metadata_of_this_API()
    {
        await using var issuer = await TokenMaker.Start();
        await using var api = await Ledger.Start(issuer, static options => options.ScopesSupported.Clear());

        using var refused = await api.Get("/who", null);
        var address = new Uri(refused.Headers.WwwAuthenticate.Single().Parameter!.Split('"')[1]);
        using var document = JsonDocument.Parse(await api.Http.GetStringAsync(address.PathAndQuery, TestContext.Current.CancellationToken));

        Assert.Equal("https://ledger.example", address.GetLeftPart(UriPartial.Authority));
        Assert.Equal( // and what there is nothing to say of is not there
            $$"""{"resource":"{{TokenMaker.Api}}","authorization_servers":["{{issuer.Url}}"],"bearer_methods_supported":["header"]}""", document.RootElement.GetRawText());
    }

    [Fact]
    public async Task The_metadata_of_an_API_with_escapes_in_its_path_is_where_it_is_said_to_be_for_HEAD_too()
    {
        await using var issuer = await TokenMaker.Start();
        await using var api = await Ledger.Start(issuer, static options => options.Resource = "https://ledger.example/b%C3%BCcher/a%2Fb");

        using var refused = await api.Get("/who", null);
        var path = new Uri(refused.Headers.WwwAuthenticate.Single().Parameter!.Split('"')[1]).PathAndQuery;
        using var got = await api.Http.GetAsync(path, TestContext.Current.CancellationToken);
        using var asked = await api.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, path), TestContext.Current.CancellationToken);

        Assert.Equal("/.well-known/oauth-protected-resource/b%C3%BCcher/a%2Fb", path);
        Assert.Equal((200, 200), ((int)got.StatusCode, (int)asked.StatusCode));
        Assert.Equal(got.Content.Headers.ContentLength, asked.Content.Headers.ContentLength);
    }

    [Theory]
    [InlineData("https://ledger.example", "https://ledger.example/.well-known/oauth-protected-resource")]
    [InlineData("https://ledger.example/", "https://ledger.example/.well-known/oauth-protected-resource")]
    [InlineData("https://ledger.example:8443/v1/books", "https://ledger.example:8443/.well-known/oauth-protected-resource/v1/books")]
    [InlineData("https://ledger.example/v1?tenant=a", "https://ledger.example/.well-known/oauth-protected-resource/v1?tenant=a")]
    [InlineData("urn:example:ledger", null)]
    public void The_well_known_part_goes_between_host_and_path(string resource, string? address) => Assert.Equal(address, ResourceMetadata.Address(resource));

    /// <summary>RFC 9470 §3 and §4.</summary>
    [Fact]
    public async Task With_a_max_age_of_zero_only_a_proof_of_now_will_do_and_then_its_scope_counts()
    {
        await using var issuer = await TokenMaker.Start();
        await using var api = await Ledger.Start(issuer, clock: new Clock(TimeProvider.System.GetUtcNow()));

        using var undated = await api.Get("/wire", issuer.Token());
        using var earlier = await api.Get("/wire", issuer.Token(claims => Proved(claims, secondsAgo: 300)));
        using var without = await api.Get("/wire", issuer.Token(claims => Proved(claims, secondsAgo: 0)));
        using var right = await api.Get("/wire", issuer.Token(claims =>
        {
            Proved(claims, secondsAgo: 0);
            claims["scope"] = "ledger:wire";
        }));

        foreach (var refused in new[] { undated, earlier })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
            Assert.StartsWith("Bearer error=\"insufficient_user_authentication\", max_age=\"0\"", refused.Headers.WwwAuthenticate.ToString());
        }

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.OK), (without.StatusCode, right.StatusCode));

        static void Proved(JsonObject claims, int secondsAgo) => claims["auth_time"] = claims["iat"]!.GetValue<long>() - secondsAgo;
    }

    private static string Packed(params byte[] states)
    {
        using var packed = new MemoryStream();
        using (var packing = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            packing.Write(states);
        return Base64Url.EncodeToString(packed.ToArray());
    }
}
