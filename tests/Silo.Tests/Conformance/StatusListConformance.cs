using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Assay.Core.Evidence;
using Assay.Core.Jose;
using Assay.Core.StatusLists;
using Assay.Core.Tokens;
using Assay.Silo.StatusLists;
using Assay.Silo.Tests.Admin;
using Assay.Silo.Tests.Running;
using Assay.Silo.Tests.StatusLists;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using static Assay.Silo.Tests.Running.TokenRequests;
using static Assay.Silo.Tests.StatusLists.StatusQuestions;
using JsonWebKeySet = Microsoft.IdentityModel.Tokens.JsonWebKeySet;

namespace Assay.Silo.Tests.Conformance;

/// <summary>Checks 10.3: token status lists (draft-ietf-oauth-status-list).</summary>
public sealed class StatusListConformance(SiloFixture fixture) : IClassFixture<SiloFixture>
{
    private RunningSilo Silo => fixture.Silo;

    [Fact]
    public async Task Check_10_3_1_A_token_names_its_place_and_the_list_there_is_signed_for_its_URL_and_inflates_to_all_its_statuses()
    {
        var place = Place.Of(await Silo.TokenOf("payments-exporter"));

        using var answer = await Fetch(place.Uri, ("Accept", MediaType));

        Assert.Equal((200, MediaType), ((int)answer.StatusCode, answer.Content.Headers.ContentType?.ToString()));
        var list = await answer.Content.ReadAsStringAsync();
        var keys = new JsonWebKeySet(await Silo.Http.GetStringAsync(Silo.Url + "/oauth/jwks")).GetSigningKeys();
        var validated = await new JsonWebTokenHandler().ValidateTokenAsync(list, new TokenValidationParameters
        {
            ValidTypes = ["statuslist+jwt"], ValidAlgorithms = ["ES256"], IssuerSigningKeys = keys, ValidateIssuer = false, ValidateAudience = false,
        });
        Assert.True(validated.IsValid, validated.Exception?.ToString());
        var claims = Place.Claims(list);
        Assert.Equal(["exp", "iat", "status_list", "sub", "ttl"], claims.EnumerateObject().Select(claim => claim.Name).Order(StringComparer.Ordinal));
        Assert.Equal((place.Uri, 15), (claims.GetProperty("sub").GetString(), claims.GetProperty("ttl").GetInt32()));
        Assert.Equal(60, claims.GetProperty("exp").GetInt64() - claims.GetProperty("iat").GetInt64());
        Assert.Equal(1 << 20, BitsOf(list).Length * 8);
        Assert.Equal(Silo.Url + "/status-lists", claims.GetProperty("status_list").GetProperty("aggregation_uri").GetString());
        Assert.NotEqual(Place.Header(await Silo.TokenOf("payments-exporter")).GetProperty("kid").GetString(), Place.Header(list).GetProperty("kid").GetString());
    }

    [Fact]
    public async Task Check_10_3_2_A_revoked_token_is_shown_as_invalid_and_its_neighbours_stay_as_they_were()
    {
        var token = await Silo.TokenOf("ledgerly-sync");
        var (place, siblings) = (Place.Of(token), new List<Place>());
        for (var i = 0; i < 5; i++)
            siblings.Add(Place.Of(await Silo.TokenOf("ledgerly-sync")));
        var before = (await Silo.Http.Bits(place.Uri))!;
        Assert.Equal(0, StatusList.At(before, 1, place.Index));
        var api = SampleResourceServer.Of(Silo, Payments);
        Assert.Equal(200, await api.Answer(token));

        Assert.Equal(200, (await Silo.Revoke("ledgerly-sync", token)).Status);

        var after = await Silo.Http.Until(place, 1);
        Assert.Equal([place.Index], Ended(after).Except(Ended(before)));
        Assert.All(siblings.Where(sibling => sibling.Uri == place.Uri), sibling => Assert.Equal(0, StatusList.At(after, 1, sibling.Index)));
        Assert.Equal(401, await api.Answer(token));
    }

    [Fact]
    public async Task Check_10_3_2_All_tokens_of_an_identity_are_shown_as_invalid_and_one_that_is_issued_afterwards_is_not()
    {
        var tokens = new List<Place>();
        for (var i = 0; i < 5; i++)
            tokens.Add(Place.Of(await Silo.TokenOf("acme-crm")));
        var other = Place.Of(await Silo.TokenOf("payments-exporter"));

        Assert.Equal(200, (await Silo.Admin("POST", "revocations", """{"kind":"identity","name":"acme-crm","reason":"stolen"}""")).Status);

        var next = Place.Of(await Silo.TokenOf("acme-crm"));
        foreach (var token in tokens)
            await Silo.Http.Until(token, 1);
        foreach (var live in new[] { other, next })
            Assert.Equal(0, StatusList.At((await Silo.Http.Bits(live.Uri))!, 1, live.Index));
    }

    [Fact]
    public async Task Check_10_3_3_Ten_thousand_tokens_have_places_of_their_own_in_no_order()
    {
        var shard = new StatusShard(3, new StatusListNames(new JtiCodec(new byte[32]), new byte[32], new SiloIdentity("https://issuer.example", "silo")));
        var places = Enumerable.Range(0, 10_000).Select(i => shard.Take(new StatusEntry(i, 1, 1_000, 1_300 + i / 100, 1, 2, 3, 4))!.Value).ToList();
        var issued = new List<Place>();
        for (var i = 0; i < 30; i++)
            issued.Add(Place.Of(await Silo.TokenOf("payments-exporter")));

        Assert.Equal(10_000, places.Select(place => (place.List.Uri, place.Index)).Distinct().Count());
        Assert.InRange(places.Zip(places.Skip(1)).Count(pair => pair.First.Index < pair.Second.Index), 4_700, 5_300);
        Assert.Equal(30, issued.Distinct().Count());
        Assert.InRange(issued.Zip(issued.Skip(1)).Count(pair => Math.Abs(pair.First.Index - pair.Second.Index) == 1), 0, 1);
    }

    [Fact]
    public async Task Check_10_3_4_A_resource_server_refuses_what_is_not_exactly_a_valid_place_in_a_valid_list()
    {
        using ECDsa pair = ECDsa.Create(ECCurve.NamedCurves.nistP256), stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        const string issuer = "https://issuer.example", uri = issuer + "/status-lists/a";
        var header = new JwsHeaderSegment(JoseAlg.ES256, JoseType.StatusList, "kid-1");
        string List(string about, DateTimeOffset at, ECDsa by) =>
            Encoding.ASCII.GetString(StatusListToken.Sign(new byte[16], about, issuer + "/status-lists", at, TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(60), header, by));
        async Task<int> Ask(int index, string? list)
        {
            using var token = new JwtWriter();
            new AccessTokenClaims(issuer, "client", Payments, ["x"], now, TimeSpan.FromMinutes(5)).WriteTo(token.Claims, "jti"u8, "sealed"u8, new StatusReference(new StatusListAddress("a", uri), index));
            token.Seal(new JwsHeaderSegment(JoseAlg.ES256, JoseType.AccessToken, "kid-1"));
            Assert.True(token.TrySign(pair));
            var keys = new JsonWebKeySet($$"""{"keys":[{{Core.Jose.JsonWebKey.From(pair, "kid-1").ToJson()}}]}""");
            var api = new SampleResourceServer(issuer, Payments, () => Task.FromResult(keys), asked => Task.FromResult(asked == uri ? list : null));
            return await api.Answer(Encoding.ASCII.GetString(token.Token));
        }

        var good = List(uri, now, pair);
        Assert.Equal(200, await Ask(127, good));
        Assert.Equal(401, await Ask(128, good)); // out of bounds
        Assert.Equal(401, await Ask(0, List(uri + "b", now, pair))); // another list
        Assert.Equal(401, await Ask(0, List(uri, now.AddSeconds(-61), pair))); // expired
        Assert.Equal(401, await Ask(0, List(uri, now, stranger))); // bad signature
        Assert.Equal(401, await Ask(0, null)); // not to be had
    }

    [Fact]
    public async Task Check_10_3_5_There_are_no_lists_of_the_past_and_none_in_another_form()
    {
        var place = Place.Of(await Silo.TokenOf("payments-exporter"));

        using var past = await Fetch(place.Uri + "?time=1");
        using var cwt = await Fetch(place.Uri, ("Accept", "application/statuslist+cwt"));
        using var excluded = await Fetch(place.Uri, ("Accept", "application/*, application/statuslist+jwt;q=0"));

        Assert.Equal([501, 406, 406], [(int)past.StatusCode, (int)cwt.StatusCode, (int)excluded.StatusCode]);
        foreach (var accept in new[] { "*/*", "application/*", "application/statuslist+cwt, application/statuslist+jwt;q=0.1" })
        {
            using var answer = await Fetch(place.Uri, ("Accept", accept));
            Assert.Equal((200, MediaType), ((int)answer.StatusCode, answer.Content.Headers.ContentType?.ToString()));
        }
    }

    [Fact]
    public async Task Check_10_3_6_A_list_is_sent_gzipped_to_whoever_takes_that_and_is_a_bare_JWS()
    {
        var place = Place.Of(await Silo.TokenOf("payments-exporter"));

        using var plain = await Fetch(place.Uri);
        using var zipped = await Fetch(place.Uri, ("Accept-Encoding", "gzip"));
        using var refused = await Fetch(place.Uri, ("Accept-Encoding", "gzip;q=0, br"));

        Assert.Equal(["gzip"], zipped.Content.Headers.ContentEncoding);
        Assert.Empty(plain.Content.Headers.ContentEncoding.Concat(refused.Content.Headers.ContentEncoding));
        using var text = new StreamReader(new GZipStream(await zipped.Content.ReadAsStreamAsync(), CompressionMode.Decompress));
        var unzipped = await text.ReadToEndAsync();
        Assert.Equal(3, unzipped.Split('.').Length);
        Assert.Equal(place.Uri, Place.Claims(unzipped).GetProperty("sub").GetString());
        Assert.Equal(place.Uri, Place.Claims(await plain.Content.ReadAsStringAsync()).GetProperty("sub").GetString());
        Assert.Equal("Accept, Accept-Encoding", string.Join(", ", zipped.Headers.Vary));
        Assert.NotEqual(plain.Headers.ETag, zipped.Headers.ETag);
    }

    [Fact]
    public async Task A_list_may_be_cached_for_a_moment_and_asked_for_again_by_its_tag()
    {
        var place = Place.Of(await Silo.TokenOf("payments-exporter"));

        var first = await Fetch(place.Uri);
        var again = await Fetch(place.Uri, ("If-None-Match", $"\"x\", {first.Headers.ETag}"));
        for (var tries = 0; tries < 20 && again.StatusCode != System.Net.HttpStatusCode.NotModified; tries++) // it was signed anew in between
        {
            first = await Fetch(place.Uri);
            again = await Fetch(place.Uri, ("If-None-Match", $"\"x\", {first.Headers.ETag}"));
        }

        Assert.Equal(304, (int)again.StatusCode);
        Assert.Equal((true, TimeSpan.FromSeconds(5)), (first.Headers.CacheControl!.Public, first.Headers.CacheControl.MaxAge!.Value));
        Assert.Equal("*", first.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal((first.Headers.ETag, 0), (again.Headers.ETag, (await again.Content.ReadAsByteArrayAsync()).Length));
    }

    [Fact]
    public async Task All_lists_are_named_in_one_place_that_the_metadata_names()
    {
        var place = Place.Of(await Silo.TokenOf("payments-exporter"));
        using var metadata = JsonDocument.Parse(await Silo.Http.GetStringAsync(Silo.Url + "/.well-known/oauth-authorization-server"));
        var aggregation = metadata.RootElement.GetProperty("status_list_aggregation_endpoint").GetString()!;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));

        Assert.Equal(Silo.Url + "/status-lists", aggregation);
        while (true) // what is named is a moment old
        {
            using var answer = await Fetch(aggregation);
            Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
            using var all = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
            if (all.RootElement.GetProperty("status_lists").EnumerateArray().Any(list => list.GetString() == place.Uri))
                break;
            await Task.Delay(100, patience.Token);
        }
    }

    [Theory]
    [InlineData("/status-lists/AAAAAAAAAAAAAAAAAAAAAA"), InlineData("/status-lists/1"), InlineData("/status-lists/..%2f..%2f")]
    public async Task A_list_that_was_made_up_is_none(string path)
    {
        using var answer = await Fetch(Silo.Url + path);

        Assert.Equal((404, "no-store"), ((int)answer.StatusCode, answer.Headers.CacheControl?.ToString()));
    }

    [Fact]
    public async Task The_record_of_a_token_says_its_place()
    {
        var token = await Silo.TokenOf("payments-exporter");
        var place = Place.Of(token);

        var record = (await Silo.Admin("GET", "evidence/" + Place.Claims(token).GetProperty("jti").GetString())).Body;

        var stored = record.GetProperty("record").GetProperty("status");
        Assert.Equal((place.Uri, place.Index), ($"{Silo.Url}/status-lists/{stored.GetProperty("list").GetString()}", stored.GetProperty("index").GetInt32()));
    }

    private async Task<HttpResponseMessage> Fetch(string uri, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await Silo.Http.SendAsync(request);
    }
}
