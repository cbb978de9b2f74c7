using System.Text.Json;
using Assay.Silo.Tests.Running;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using static Assay.Silo.Tests.Running.TokenRequests;

namespace Assay.Silo.Tests.Tokens;

/// <summary>Others' validators, with nothing but what the silo publishes.</summary>
public sealed class ValidationTests(SiloFixture fixture) : IClassFixture<SiloFixture>
{
    private RunningSilo Silo => fixture.Silo;

    [Fact]
    public async Task Microsoft_IdentityModel_takes_the_token_and_refuses_it_for_another_audience()
    {
        var token = (await Silo.AskAs("payments-exporter", ("resource", Payments))).Token;
        var keys = new JsonWebKeySet(await Silo.Http.GetStringAsync(Silo.Url + "/oauth/jwks"));
        var parameters = new TokenValidationParameters
        {
            ValidIssuer = Silo.Url, ValidAudience = Payments, ValidTypes = ["at+jwt"], ValidAlgorithms = ["ES256"], IssuerSigningKeys = keys.GetSigningKeys(),
        };

        var here = await new JsonWebTokenHandler().ValidateTokenAsync(token, parameters);
        parameters.ValidAudience = "https://other.example";
        var elsewhere = await new JsonWebTokenHandler().ValidateTokenAsync(token, parameters);

        Assert.True(here.IsValid, here.Exception?.ToString());
        Assert.IsType<SecurityTokenInvalidAudienceException>(elsewhere.Exception);
    }

    [Fact]
    public async Task Another_jose_library_takes_the_token_and_refuses_a_changed_one()
    {
        var token = (await Silo.AskAs("payments-exporter", ("resource", Payments))).Token;
        var set = Jose.JwkSet.FromJson(await Silo.Http.GetStringAsync(Silo.Url + "/oauth/jwks"), Jose.JWT.DefaultSettings.JsonMapper);
        var kid = (string)Jose.JWT.Headers(token)["kid"];
        var key = set.Keys.Single(jwk => jwk.KeyId == kid);

        var claims = JsonDocument.Parse(Jose.JWT.Decode(token, key));

        Assert.Equal("payments-exporter", claims.RootElement.GetProperty("sub").GetString());
        var parts = token.Split('.');
        var changed = parts[0] + "." + Assertion.Encode("""{"sub":"administrator"}""") + "." + parts[2];
        Assert.Throws<Jose.IntegrityException>(() => Jose.JWT.Decode(changed, key));
    }

    [Theory]
    [InlineData("/.well-known/oauth-authorization-server")]
    [InlineData("/.well-known/ssf-configuration")]
    [InlineData("/.well-known/authzen-configuration")]
    [InlineData("/oauth/jwks")]
    [InlineData("/status-lists")]
    [InlineData("/log/checkpoint")]
    [InlineData("/health/ready")]
    public async Task What_anybody_may_get_answers_HEAD_alike_and_without_a_body(string path)
    {
        using var got = await Silo.Http.GetAsync(Silo.Url + path);
        using var asked = await Silo.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, Silo.Url + path));

        Assert.Equal(
            (200, got.Content.Headers.ContentType?.ToString(), got.Headers.CacheControl?.ToString(), ""),
            ((int)asked.StatusCode, asked.Content.Headers.ContentType?.ToString(), asked.Headers.CacheControl?.ToString(), await asked.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task The_key_set_holds_public_members_only_and_may_be_cached()
    {
        using var response = await Silo.Http.GetAsync(Silo.Url + "/oauth/jwks");
        using var set = JsonDocument.Parse(await response.Content.ReadAsStringAsync());

        Assert.Equal(TimeSpan.FromMinutes(5), response.Headers.CacheControl!.MaxAge);
        var keys = set.RootElement.GetProperty("keys").EnumerateArray().ToList();
        Assert.Equal(12, keys.Count); // of each JOSE purpose the one that signs, and its two announced standbys
        Assert.All(keys, key => Assert.Equal(
            ["alg", "crv", "kid", "kty", "use", "x", "y"], key.EnumerateObject().Select(member => member.Name).Order(StringComparer.Ordinal)));
        Assert.Equal(12, keys.Select(key => key.GetProperty("kid").GetString()).Distinct().Count());
    }

    [Fact]
    public async Task The_metadata_lists_what_works_and_nothing_else()
    {
        using var metadata = JsonDocument.Parse(await Silo.Http.GetStringAsync(Silo.Url + "/.well-known/oauth-authorization-server"));

        var root = metadata.RootElement;
        Assert.Equal(Silo.Url, root.GetProperty("issuer").GetString());
        Assert.Equal(Silo.Url + "/oauth/token", root.GetProperty("token_endpoint").GetString());
        Assert.Equal(["client_credentials"], root.GetProperty("grant_types_supported").EnumerateArray().Select(grant => grant.GetString()));
        Assert.DoesNotContain(
            root.GetProperty("token_endpoint_auth_signing_alg_values_supported").EnumerateArray(), alg => alg.GetString() is "none" or "HS256");
        using var keys = await Silo.Http.GetAsync(root.GetProperty("jwks_uri").GetString());
        Assert.True(keys.IsSuccessStatusCode);
    }
}
