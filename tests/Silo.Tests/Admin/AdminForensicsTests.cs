using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Assay.Silo.Tests.Conformance;
using Assay.Silo.Tests.Running;
using static Assay.Silo.Tests.Running.TokenRequests;

namespace Assay.Silo.Tests.Admin;

/// <summary>What a token is, what else hangs on it, and how it is cut off.</summary>
public sealed class AdminForensicsTests(SiloFixture fixture) : IClassFixture<SiloFixture>
{
    private RunningSilo Silo => fixture.Silo;

    [Fact]
    public async Task A_token_that_policy_allowed_is_allowed_then_denied_now_then_ended()
    {
        var key = await Silo.Create("examined", "payments-reader");
        var token = await Silo.TokenFor("examined", key, Payments, "payments:read");

        Assert.Equal("allowed live True True", await Found(token));
        Assert.Equal(200, (await Silo.Admin("DELETE", $"identities/examined/memberships?group={Uri.EscapeDataString("Assay::Role::\"payments-reader\"")}")).Status);
        Assert.Equal("denied-now live True True", await Found(token));
        Assert.Equal(200, (await Silo.Admin("POST", "revocations", """{"kind":"identity","name":"examined","reason":"test"}""")).Status);
        Assert.Equal("allowed ended True True", await Found(token));
    }

    [Fact]
    public async Task A_jti_alone_is_classified_and_a_denials_id_is_not()
    {
        var jti = Claims(await Silo.TokenOf("ledgerly-sync")).GetProperty("jti").GetString();
        var refused = await Silo.AskAs("payments-exporter", ("resource", Payments), ("scope", "payments:write"));

        var byJti = (await Silo.Admin("POST", "evidence/examine", $$"""{"jti":"{{jti}}"}""")).Body;
        var denial = (await Silo.Admin("POST", "evidence/examine", $$"""{"jti":"{{refused.Body.GetProperty("decision_id").GetString()}}"}""")).Body;

        Assert.Equal("""{"class":"allowed","because":"policy allowed it","life":"live"}""", byJti.GetProperty("finding").GetRawText());
        Assert.Equal("ledgerly-sync", byJti.GetProperty("explanation").GetProperty("identity").GetString());
        Assert.False(denial.TryGetProperty("finding", out _));
        Assert.Equal("denial", denial.GetProperty("explanation").GetProperty("record").GetProperty("kind").GetString());
    }

    [Fact]
    public async Task A_changed_token_is_forged_and_one_of_a_stranger_names_a_key_that_was_never_published()
    {
        var token = await Silo.TokenOf("ledgerly-sync");
        var parts = token.Split('.');
        var wider = Assertion.Encode(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[1])).Replace("payments:read", "payments:read payments:refund", StringComparison.Ordinal));
        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var input = $"{Assertion.Encode("""{"alg":"ES256","typ":"at+jwt","kid":"strangers-key"}""")}.{parts[1]}";

        Assert.Equal("forged live False False", await Found($"{parts[0]}.{wider}.{parts[2]}"));
        Assert.Equal("unknown-key live False False", await Found($"{input}.{Base64Url.EncodeToString(stranger.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256))}"));
    }

    [Fact]
    public async Task What_a_key_of_ours_signed_and_no_decision_allowed_is_told_from_what_nobody_could_sign()
    {
        var (one, other) = (await Silo.TokenOf("ledgerly-sync"), await Silo.TokenOf("acme-crm"));
        var refused = await Silo.AskAs("payments-exporter", ("resource", Payments), ("scope", "payments:write"));

        // The signature of a token that exists, under the jti of another, of a denial, and of nothing.
        Assert.Equal("forged live False True", await Found(one, jti: Claims(other).GetProperty("jti").GetString()));
        Assert.Equal("minted-around   True", await Found(one, jti: refused.Body.GetProperty("decision_id").GetString()));
        Assert.Equal("minted-around   True", await Found(one, jti: "AAAAAAAAAAAAAAAAAAAAAA"));
    }

    [Theory]
    [InlineData("{}"), InlineData("""{"jti":""}"""), InlineData("""{"jti":"x","kid":"k"}"""), InlineData("""{"jti":"x","signingInputSha256":"AAAA","signature":"AAAA"}""")]
    public async Task What_is_neither_a_jti_nor_a_token_is_not_examined(string body) => Assert.Equal(422, (await Silo.Admin("POST", "evidence/examine", body)).Status);

    [Fact]
    public async Task A_contained_credential_gets_nothing_its_tokens_are_dead_and_another_one_goes_on()
    {
        await Silo.Create("partner", "payments-reader");
        var (stolen, secret) = await Secret("partner");
        var (fresh, other) = await Secret("partner");
        var token = (await Ask("partner", secret)).Token;
        var kept = (await Ask("partner", other)).Token;

        var contained = await Silo.Admin("POST", "containments", $$"""{"kind":"credential","name":"{{stolen}}","reason":"used from elsewhere"}""");

        Assert.Equal((200, true, "partner"), (contained.Status, contained.Body.GetProperty("changed").GetBoolean(), contained.Body.GetProperty("identity").GetString()));
        Assert.Equal("invalid_client", (await Ask("partner", secret)).Error);
        Assert.Equal(TokenQuestions.Inactive, (await Silo.Introspect(TokenQuestions.ResourceServer, token)).Body);
        Assert.StartsWith("""{"active":true""", (await Silo.Introspect(TokenQuestions.ResourceServer, kept)).Body);
        Assert.Equal(200, (await Ask("partner", other)).Status);
        var shown = (await Silo.Admin("GET", "identities/partner")).Body.GetProperty("credentials").EnumerateArray().ToDictionary(one => one.GetProperty("handle").GetString()!);
        Assert.Equal((true, false), (shown[stolen].TryGetProperty("frozenAt", out _), shown[fresh].TryGetProperty("frozenAt", out _)));

        var act = contained.Body.GetProperty("act").GetInt64();
        var record = (await Silo.Admin("GET", "evidence?identity=partner&kind=admin&limit=1")).Body.GetProperty("records")[0];
        Assert.Equal(
            ("contain credential", stolen, act, "used from elsewhere"),
            (Text(record, "action"), Text(record, "target"), record.GetProperty("number").GetInt64(), Text(record, "reason")));
        Assert.Equal(
            [$"credential {stolen} of partner frozen", $"all tokens that credential {stolen} obtained ended"], record.GetProperty("parts").EnumerateArray().Select(part => part.GetString()!));
        Assert.Single((await Silo.Admin("GET", "evidence?identity=partner&kind=admin")).Body.GetProperty("records").EnumerateArray(), one => Text(one, "action")!.StartsWith("contain", StringComparison.Ordinal));

        var undone = await Silo.Admin("POST", $"containments/{act}/undo", """{"reason":"it was the vendor"}""");

        Assert.Equal((200, true), (undone.Status, undone.Body.GetProperty("changed").GetBoolean()));
        Assert.Equal(200, (await Ask("partner", secret)).Status);
        Assert.Equal(TokenQuestions.Inactive, (await Silo.Introspect(TokenQuestions.ResourceServer, token)).Body);
        var undoing = (await Silo.Admin("GET", "evidence?identity=partner&kind=admin&limit=1")).Body.GetProperty("records")[0];
        Assert.Equal(($"undo containment {act}", stolen, "it was the vendor"), (Text(undoing, "action"), Text(undoing, "target"), Text(undoing, "reason")));
        var events = (await Silo.Admin("GET", "containments")).Body.GetProperty("containments").EnumerateArray().Where(one => one.GetProperty("act").GetInt64() == act);
        Assert.Equal(["undone False", "contained False"], events.Select(one => $"{Text(one, "event")} {one.GetProperty("stands").GetBoolean()}"));
    }

    [Fact]
    public async Task A_contained_identity_is_shut_out_and_let_back_in()
    {
        var key = await Silo.Create("shut-out", "payments-reader");
        var token = await Silo.TokenFor("shut-out", key, Payments, "payments:read");

        var contained = await Silo.Admin("POST", "containments", """{"kind":"identity","name":"shut-out","reason":"test"}""");
        var again = await Silo.Admin("POST", "containments", """{"kind":"identity","name":"shut-out","reason":"test"}""");

        Assert.Equal((200, false, contained.Number), (again.Status, again.Body.GetProperty("changed").GetBoolean(), again.Number));
        await Assert.ThrowsAsync<Assay.Client.AssayTokenException>(() => Silo.TokenFor("shut-out", key, Payments, "payments:read"));
        Assert.Equal("allowed ended True True", await Found(token));
        Assert.Equal(200, (await Silo.Admin("POST", $"containments/{contained.Number}/undo", """{"reason":"test"}""")).Status);
        Assert.NotEqual("", await Silo.TokenFor("shut-out", key, Payments, "payments:read"));
    }

    [Theory]
    [InlineData("""{"kind":"planet","name":"mars","reason":"x"}""", 422), InlineData("""{"kind":"identity","name":"acme-crm","reason":""}""", 422), InlineData("""{"kind":"identity","name":"","reason":"x"}""", 422)]
    [InlineData("""{"kind":"identity","name":"nobody-there","reason":"x"}""", 404), InlineData("""{"kind":"credential","name":"nobody's","reason":"x"}""", 404)]
    [InlineData("""{"kind":"key","name":"no-key","reason":"x"}""", 404), InlineData("""{"kind":"identity","name":"acme-crm"}""", 400)]
    public async Task What_names_nothing_is_not_contained(string body, int status) => Assert.Equal(status, (await Silo.Admin("POST", "containments", body)).Status);

    [Theory]
    [InlineData("0"), InlineData("999999999"), InlineData("x")]
    public async Task No_such_act_is_not_undone(string act) => Assert.Equal(404, (await Silo.Admin("POST", $"containments/{act}/undo", """{"reason":"x"}""")).Status);

    [Theory]
    [InlineData("identity", "identity.write"), InlineData("credential", "identity.write"), InlineData("key", "key.rotate")]
    public async Task What_is_cut_off_takes_a_scope_of_its_own(string kind, string scope)
    {
        var others = string.Join(' ', AdminCalls.Everything.Split(' ').Where(one => one != scope));

        var answer = await Silo.AdminWith(await Silo.AdminToken(others), "POST", "containments", $$"""{"kind":"{{kind}}","name":"nobody-there","reason":"x"}""");

        Assert.Equal(403, answer.Status);
        Assert.Contains($"scope=\"{scope}\"", answer.Challenge);
    }

    [Fact]
    public async Task What_hangs_on_a_credential_is_told_by_who_where_from_and_what_for()
    {
        await Silo.Create("traced", "payments-reader", "payments-writer");
        var (handle, secret) = await Secret("traced");
        await Ask("traced", secret);
        var last = await Ask("traced", secret);
        await Ask("traced", secret, "payments:refund");

        var radius = (await Silo.Admin("GET", $"blast-radius?kind=credential&name={handle}&limit=1")).Body;

        Assert.Equal("traced 2 2 1", Reach(radius.GetProperty("identities").EnumerateArray().Single()));
        Assert.Equal("enabled", Text(radius.GetProperty("identities")[0], "state"));
        Assert.Equal("127.0.0.1 2 2 1", Reach(radius.GetProperty("addresses").EnumerateArray().Single()));
        var resource = radius.GetProperty("resources").EnumerateArray().Single();
        Assert.Equal((Payments + " 2 2 1", "payments:read"), (Reach(resource), resource.GetProperty("scopes")[0].GetString()));
        var token = radius.GetProperty("tokens").EnumerateArray().Single();
        Assert.Equal((last.Claims.GetProperty("jti").GetString(), "traced", "127.0.0.1"), (Text(token, "jti"), Text(token, "identity"), Text(token, "address")));
        Assert.Equal(last.Claims.GetProperty("exp").GetInt64(), radius.GetProperty("total").GetProperty("liveUntil").GetDateTimeOffset().ToUnixTimeSeconds());

        await Silo.Admin("POST", "containments", $$"""{"kind":"credential","name":"{{handle}}","reason":"test"}""");
        Assert.Equal(" 2 0 1", Reach((await Silo.Admin("GET", $"blast-radius?kind=credential&name={handle}")).Body.GetProperty("total")));
    }

    [Fact]
    public async Task What_hangs_on_a_policy_an_entitlement_and_a_key_is_found_among_all_records()
    {
        var key = await Silo.Create("wide", "payments-writer");
        var token = await Silo.TokenFor("wide", key, Payments, "payments:read");
        Assert.Equal(200, (await Silo.Admin("DELETE", $"identities/wide/memberships?group={Uri.EscapeDataString("Assay::Role::\"payments-writer\"")}")).Status);

        async Task<string[]> Identities(string query) =>
            [.. (await Silo.Admin("GET", $"blast-radius?{query}")).Body.GetProperty("identities").EnumerateArray().Select(one => Text(one, "name")!)];
        var kid = JsonDocument.Parse(Base64Url.DecodeFromChars(token.Split('.')[0])).RootElement.GetProperty("kid").GetString();

        Assert.Contains("wide", await Identities($"kind=key&name={kid}"));
        Assert.Contains("wide", await Identities("kind=policy&name=read-payments"));
        Assert.DoesNotContain("wide", await Identities("kind=policy&name=export-payments"));
        Assert.Contains("wide", await Identities($"kind=entitlement&name={Uri.EscapeDataString("Assay::Role::\"payments-writer\"")}")); // it was in it then
        Assert.Contains("wide", await Identities($"kind=entitlement&name={Uri.EscapeDataString("Assay::Role::\"payments-reader\"")}")); // which is above it
        Assert.DoesNotContain("wide", await Identities($"kind=entitlement&name={Uri.EscapeDataString("Assay::Role::\"payments-exporter\"")}"));
    }

    [Fact]
    public async Task A_blast_radius_comes_in_parts_that_add_up()
    {
        await Silo.Create("parts", "payments-reader");
        var (handle, secret) = await Secret("parts");
        for (var i = 0; i < 3; i++)
            await Ask("parts", secret);

        var live = 0L;
        string? next = null;
        do
        {
            var part = (await Silo.Admin("GET", $"blast-radius?kind=credential&name={handle}&look=2{(next is null ? "" : $"&before={next}")}")).Body;
            live += part.GetProperty("total").GetProperty("live").GetInt64();
            next = part.TryGetProperty("next", out var more) ? more.GetString() : null;
        }
        while (next is not null);

        Assert.Equal(3, live);
    }

    [Theory]
    [InlineData("kind=planet&name=x"), InlineData("kind=identity"), InlineData("kind=identity&name="), InlineData("kind=entitlement&name=payments-reader"), InlineData("kind=identity&name=x&limit=0")]
    [InlineData("kind=identity&name=x&look=x"), InlineData("kind=identity&name=x&since=x"), InlineData("kind=identity&name=x&before=x"), InlineData("kind=1&name=x")]
    public async Task What_cannot_be_asked_is_refused(string query) => Assert.Equal(400, (await Silo.Admin("GET", $"blast-radius?{query}")).Status);

    private async Task<string> Found(string token, string? jti = null)
    {
        var (input, signature) = (token[..token.LastIndexOf('.')], token[(token.LastIndexOf('.') + 1)..]);
        var header = JsonDocument.Parse(Base64Url.DecodeFromChars(token.Split('.')[0])).RootElement;
        var answer = await Silo.Admin("POST", "evidence/examine", JsonSerializer.Serialize(new
        {
            jti = jti ?? Claims(token).GetProperty("jti").GetString(),
            kid = header.GetProperty("kid").GetString(),
            signingInputSha256 = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(input))),
            signature,
        }));
        Assert.Equal(200, answer.Status);
        var finding = answer.Body.GetProperty("finding");
        string Member(string name) => finding.TryGetProperty(name, out var member) ? member.ToString() : "";
        return $"{Member("class")} {Member("life")} {Member("isRecorded")} {Member("isSigned")}";
    }

    private async Task<(string Handle, string Secret)> Secret(string id)
    {
        var made = (await Silo.Admin("POST", $"identities/{id}/credentials", """{"generateSecret":true}""")).Body;
        return (Text(made, "handle")!, Text(made, "secret")!);
    }

    private Task<Answer> Ask(string id, string secret, string scope = "payments:read") =>
        Silo.Post([("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret), ("resource", Payments), ("scope", scope)]);

    private static string Reach(JsonElement row) =>
        $"{Text(row, "name")} {row.GetProperty("tokens").GetInt64()} {row.GetProperty("live").GetInt64()} {row.GetProperty("refused").GetInt64()}";

    private static JsonElement Claims(string token) => JsonDocument.Parse(Base64Url.DecodeFromChars(token.Split('.')[1])).RootElement;

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();
}
