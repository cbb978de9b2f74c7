using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Assay.Cli.Tests;

/// <summary><c>explain</c>: one screen that says why.</summary>
public sealed class ExplainTests : CliTest
{
    private static readonly string Token = FakeServer.Jwt("the-jti", "payments:read");

    private static string HashOf(string token) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(token[..token.LastIndexOf('.')])));

    private static string Explained(string signingInput) => $$"""
        {"identity":"crm",
         "record":{"id":"the-jti","place":"4/17","kind":"permit","time":"{{Moment(TimeSpan.FromHours(3.01))}}","node":"host-a","requestId":"r","identity":"crm",
                   "resource":"https://payments.example","requested":["payments:read","payments:write"],"granted":["payments:read"],
                   "jti":"the-jti","kid":"key-1234567890abcdef","expiresAt":"{{Moment(TimeSpan.FromHours(-2.04))}}","signingInputSha256":"{{signingInput}}"},
         "then":{"time":"{{Moment(TimeSpan.FromHours(3.01))}}","resource":"https://payments.example","grantType":"client_credentials","authenticationMethod":"private_key_jwt",
                 "credential":"thumbprint-of-the-key","binding":"none","originIp":"127.0.0.1","risk":{"score":0,"level":"low","signals":[]},
                 "entitlements":[{"group":"Assay::Role::\"payments-reader\""}],"entitlementAgeSeconds":1.2,"riskAgeSeconds":1.2,"identityNumber":9,"directoryNumber":11,
                 "policyDomain":"tokens","policyVersion":"0123456789abcdef","lifetimeSeconds":300,
                 "scopes":[{"scope":"payments:read","outcome":"granted","policies":["readers"],"reasons":["readers may read"]},
                           {"scope":"payments:write","outcome":"noPermit","policies":[]}]},
         "now":{"time":"{{Moment(TimeSpan.Zero)}}","resource":"https://payments.example","grantType":"client_credentials","authenticationMethod":"private_key_jwt",
                "credential":"thumbprint-of-the-key","binding":"none","originIp":"127.0.0.1","risk":{"score":71,"level":"high","signals":["unusual-country"]},
                "entitlements":[{"group":"Assay::Role::\"payments-reader\""}],"entitlementAgeSeconds":0.4,"riskAgeSeconds":0.4,"identityNumber":12,"directoryNumber":12,
                "policyDomain":"tokens","policyVersion":"0123456789abcdef","lifetimeSeconds":0,
                "scopes":[{"scope":"payments:read","outcome":"stepUpRequired","policies":["at-risk"],"stepUp":["attestation"],
                           "missing":[{"policy":null,"needs":"a verification: attestation","found":[],"signals":[]},
                                      {"policy":"at-risk","needs":"an end of: context.risk.score >= 50","found":["context.risk.score = 71"],"signals":["unusual-country"]}]},
                          {"scope":"payments:write","outcome":"noPermit","policies":[],
                           "missing":[{"policy":"writers","needs":"to be in Assay::Role::\"payments-writer\"","found":[],"group":"Assay::Role::\"payments-writer\"","signals":[]}]}]},
         "changes":["its risk went from 0 low to 71 high (unusual-country)"],
         "policies":[{"id":"readers","effect":"permit","file":"policies/payments.cedar","line":3,"text":"@id(\"readers\")\n// who reads\npermit (\n  principal in Assay::Role::\"payments-reader\",\n  action, resource\n);","inForce":true},
                     {"id":"at-risk","effect":"forbid","file":"policies/risk.cedar","line":1,"text":"forbid (principal, action, resource)\nwhen { context.risk.score >= 50 };","inForce":true}],
         "reDecision":{"same":true} }
        """;

    private static string Examined(string found, string because, string? life = "live", string more = "", string? explained = null) =>
        $$"""{"finding":{"class":"{{found}}","because":"{{because}}"{{(life is null ? "" : $",\"life\":\"{life}\"")}}{{more}}}{{(explained is null ? "" : $",\"explanation\":{explained}")}} }""";

    [Fact]
    public async Task The_screen_tells_verdict_scopes_missing_policies_inputs_and_record()
    {
        Server.On("POST /evidence/examine", Examined("denied-now", "policy allowed it then; all of it would be denied now, and it is still live", explained: Explained(HashOf(Token))));

        var ran = await Cli.Run("explain", "the-jti");

        Assert.Equal((0, ""), (ran.ExitCode, ran.Errors));
        var lines = ran.Output.Split('\n');
        Assert.Equal(" DENIED NOW, STILL LIVE  policy allowed it then; all of it would be denied now, and it is still live.", lines[0]);
        Assert.StartsWith(" PARTLY GRANTED   crm for https://payments.example, for 5 min, 20", lines[1]);
        Assert.EndsWith("(3 h ago)", lines[1]);
        Assert.Equal(
            """
            The token is live: it expires in 2 h.
            Asked again now: refused, without payments:read.
              changed  its risk went from 0 low to 71 high (unusual-country)

            SCOPES
              SCOPE           THEN                            NOW                              DECIDED BY
              payments:read   granted                         withheld: verify by attestation  readers  “readers may read”
              payments:write  withheld: no policy permits it  withheld: no policy permits it   default: deny

            WHAT IS MISSING NOW
              payments:read  needs  a verification: attestation
              payments:read  needs  an end of: context.risk.score >= 50  context.risk.score = 71 (at-risk)
                  → assay signal clear crm unusual-country  (if it no longer holds)
              payments:write  needs  to be in Assay::Role::"payments-writer" (writers)
                  → assay member add crm payments-writer

            POLICIES THAT DECIDED
              permit readers  policies/payments.cedar:3
                @id("readers")
                permit (
                  principal in Assay::Role::"payments-reader",
                  action, resource
                );
              forbid at-risk  policies/risk.cedar:1
                forbid (principal, action, resource)
                when { context.risk.score >= 50 };

            INPUTS
                             THEN                                          NOW
              risk           0 low                                         71 high (unusual-country)
              groups         payments-reader                               the same
              proved by      private_key_jwt thumbprint-o                  the same
              binding        none                                          the same
              address        127.0.0.1                                     the same
              policy set     tokens 0123456789ab                           the same
              identity       version 9                                     version 12
              directory      version 11                                    version 12
              known current  entitlements 1.2 s before, risk 1.2 s before  entitlements 400 ms before, risk 400 ms before

            RECORD
              record         permit 4/17 on host-a
              jti            the-jti signed by key-12345678
              decided again  the same answer from the record and stored versions alone

            """,
            string.Join('\n', lines[2..]));
        Assert.Equal("evidence.read", AdminScopes());
        Assert.Equal("""{"jti":"the-jti"}""", Assert.Single(Server.AdminRequests).Body);
    }

    [Fact]
    public async Task A_token_stays_here_and_what_tells_whose_it_is_is_sent()
    {
        Server.On("POST /evidence/examine", Examined("allowed", "policy allowed it", more: ",\"isRecorded\":true,\"isSigned\":true", explained: Explained(HashOf(Token))));

        var ran = await Cli.RunWith(Token + "\n", "explain", "-");

        Assert.Equal(0, ran.ExitCode);
        Assert.StartsWith(" ALLOWED  policy allowed it.\n", ran.Output);
        Assert.Contains("  this token     is the recorded one (SHA-256 of its signing input)\n  signature      valid\n", ran.Output);
        Assert.Equal(
            $$"""{"jti":"the-jti","kid":"key-1","signingInputSha256":"{{HashOf(Token)}}","signature":"{{Token.Split('.')[2]}}"}""", Assert.Single(Server.AdminRequests).Body);
        Assert.All(Server.Requests, asked => Assert.DoesNotContain(Token.Split('.')[1], asked.Path + asked.Body));
    }

    [Theory]
    [InlineData("forged", "FORGED"), InlineData("minted-around", "MINTED AROUND THE CONTROLS"), InlineData("no-record", "NO RECORD"), InlineData("unknown", "UNKNOWN")]
    [InlineData("unknown-key", "NOT OUR KEY"), InlineData("not-repeated", "RECORD DOES NOT HOLD")]
    public async Task A_token_that_no_decision_stands_behind_is_named_first_and_fails(string found, string name)
    {
        Server.On("POST /evidence/examine", Examined(found, "so it is", life: null));

        var ran = await Cli.Run("explain", Token);

        Assert.Equal((1, $" {name}  so it is.\n"), (ran.ExitCode, ran.Output));
        Assert.StartsWith($"assay: {name}: so it is.\n", ran.Errors);
        Assert.Equal(2, ran.Errors.TrimEnd('\n').Split('\n').Length); // and what to do
    }

    [Theory]
    [InlineData("allowed-on-old-data", "ALLOWED ON OLD DATA"), InlineData("denied-now", "DENIED NOW, STILL LIVE"), InlineData("dropped", "RECORD DROPPED")]
    public async Task A_token_that_was_allowed_is_named_so(string found, string name)
    {
        Server.On("POST /evidence/examine", Examined(found, "so it is", life: "ended"));

        Assert.Equal(new Ran(0, $" {name}  so it is; it was ended before its time.\n", ""), await Cli.Run("explain", Token));
    }

    [Fact]
    public async Task A_forged_token_is_shown_with_the_record_of_the_real_one()
    {
        Server.On("POST /evidence/examine", Examined("forged", "another token was recorded under its jti", more: ",\"isRecorded\":false,\"isSigned\":false", explained: Explained(HashOf(Token))));

        var ran = await Cli.Run("explain", FakeServer.Jwt("the-jti", "payments:read payments:write"));

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("  this token     IS NOT THE RECORDED ONE\n  signature      INVALID\n", ran.Output);
        Assert.EndsWith("What the record says about the real token is above.\n", ran.Errors);
    }

    [Fact]
    public async Task Where_errors_go_where_the_output_goes_they_stand_below_it()
    {
        Server.On("POST /evidence/examine", Examined("forged", "another token was recorded under its jti", more: ",\"isRecorded\":false,\"isSigned\":false", explained: Explained(HashOf(Token))));

        var ran = await Cli.RunIntoOne("explain", FakeServer.Jwt("the-jti", "payments:read payments:write"));

        Assert.Contains("  signature      INVALID\nassay: FORGED: another token was recorded under its jti.\n", ran.Output);
        Assert.EndsWith("What the record says about the real token is above.\n", ran.Output);
    }

    [Theory]
    [InlineData("-owgxrlG1HmEhiwf-e3ijQ")] // -o and -f are options
    [InlineData("-fwgxrlG1HmEhiwf-e3ijQ")]
    [InlineData("-cdThE0JXltZQnjvXWL8nA")]
    public async Task An_id_may_begin_as_an_option_does(string id)
    {
        Server.On("POST /evidence/examine", Examined("unknown", "so it is", life: null));

        await Cli.Run("explain", id);

        Assert.Equal($$"""{"jti":"{{id}}"}""", Assert.Single(Server.AdminRequests).Body);
    }

    [Fact]
    public async Task A_token_without_a_jti_is_examined_all_the_same()
    {
        Server.On("POST /evidence/examine", Examined("unknown-key", "so it is", life: null));

        await Cli.Run("explain", "e30.e30.c2ln");

        Assert.Equal($$"""{"signingInputSha256":"{{HashOf("e30.e30.c2ln")}}","signature":"c2ln"}""", Assert.Single(Server.AdminRequests).Body);
    }

    [Fact]
    public async Task A_question_about_now_has_one_column_and_no_record()
    {
        using var whole = JsonDocument.Parse(Explained("x"));
        var now = $$"""{"identity":"crm","now":{{whole.RootElement.GetProperty("now").GetRawText()}},"policies":{{whole.RootElement.GetProperty("policies").GetRawText()}}}""";
        Server.On("POST /explain", now);

        var ran = await Cli.Run("explain", "--identity", "crm", "--resource", "https://payments.example", "--scope", "payments:read payments:write");

        Assert.Equal((0, ""), (ran.ExitCode, ran.Errors));
        Assert.StartsWith(" REFUSED   crm for https://payments.example, if it asked now\n\nSCOPES\n", ran.Output);
        Assert.Contains("  payments:read   withheld: verify by attestation  at-risk\n", ran.Output);
        Assert.DoesNotContain("RECORD", ran.Output);
        Assert.Equal(
            """{"identity":"crm","resource":"https://payments.example","scopes":["payments:read","payments:write"]}""", Assert.Single(Server.AdminRequests).Body);
        Assert.Equal("identity.read policy.read", AdminScopes());
    }

    [Fact]
    public async Task What_opens_a_scope_comes_with_the_commands_that_make_the_change()
    {
        Server.On("POST /explain", $$"""
            {"identity":"crm","policies":[],"now":{"time":"{{Moment(TimeSpan.Zero)}}","assumed":["a risk score of 71"],"scopes":[{"scope":"payments:write","outcome":"noPermit",
              "missing":[{"policy":"writers","needs":"to be in Assay::Role::\"payments-writer\"","found":[],"group":"Assay::Role::\"payments-writer\"","signals":[]}],
              "ways":[[{"kind":"verify","text":"a verification: approval","subject":"approval"},
                       {"kind":"join","text":"membership in Assay::Role::\"payments-writer\"","subject":"Assay::Role::\"payments-writer\""}],
                      [{"kind":"clearSignal","text":"the signal leaked cleared","subject":"leaked"},
                       {"kind":"leave","text":"no membership in Assay::Team::\"x\"","subject":"Assay::Team::\"x\""}]]}]} }
            """);

        var ran = await Cli.Run("explain", "--identity", "crm", "--risk", "71", "--method", "client_secret_basic", "--ip", "192.0.2.7", "--at", "2031-05-01T03:00:00Z");

        Assert.StartsWith(" REFUSED   crm, assuming a risk score of 71\n", ran.Output);
        Assert.Contains(
            """
            WHAT IS MISSING NOW
              payments:write  needs  to be in Assay::Role::"payments-writer" (writers)
              payments:write  granted with  a verification: approval, and membership in Assay::Role::"payments-writer"
                  → assay member add crm payments-writer
              payments:write  granted with  the signal leaked cleared, and no membership in Assay::Team::"x"
                  → assay signal clear crm leaked  (if it no longer holds)
                  → assay member remove crm team:x

            """,
            ran.Output);
        Assert.Equal(
            """{"identity":"crm","scopes":[],"risk":71,"method":"client_secret_basic","at":"2031-05-01T03:00:00+00:00","ip":"192.0.2.7"}""", Assert.Single(Server.AdminRequests).Body);
    }

    [Fact]
    public async Task A_shadow_that_would_have_answered_otherwise_is_told_with_the_record()
    {
        Server.On("POST /evidence/examine", $$"""
            {"explanation":{"identity":"crm","policies":[],"record":{"id":"rec-9","kind":"permit","place":"1/2","time":"{{Moment(TimeSpan.Zero)}}",
              "shadow":{"version":"0123456789abcdef","kinds":["lost"],"scopes":[{"scope":"read","before":"granted","after":"forbidden","stepUp":[]}]} },
              "then":{"time":"{{Moment(TimeSpan.Zero)}}","scopes":[{"scope":"read","outcome":"granted"}]},"now":{"time":"{{Moment(TimeSpan.Zero)}}","scopes":[{"scope":"read","outcome":"granted"}]} } }
            """);

        Assert.Matches("\n  shadow +0123456789ab would have answered: - read\n", (await Cli.Run("explain", "rec-9")).Output);
    }

    [Fact]
    public async Task A_refusal_before_policy_says_so()
    {
        Server.On("POST /explain", $$"""{"identity":"crm","now":{"time":"{{Moment(TimeSpan.Zero)}}","refusal":"identityDisabled","refusalDetail":"key leaked"} }""");

        var ran = await Cli.Run("explain", "--identity", "crm");

        Assert.StartsWith(" REFUSED   crm, if it asked now\nRefused before policy was asked: the identity is disabled: key leaked.\n", ran.Output);
    }

    [Fact]
    public async Task An_administrators_action_is_explained_as_what_it_is()
    {
        Server.On("POST /evidence/examine", $$"""
            {"explanation":{"identity":"assay-bootstrap","record":{"id":"act","place":"4/18","kind":"admin","time":"{{Moment(TimeSpan.FromMinutes(5))}}","node":"host-a","requestId":"r",
             "identity":"assay-bootstrap","action":"contain identity","target":"crm","number":21,"reason":"stolen","parts":["identity crm disabled","all tokens of identity crm ended"]} } }
            """);

        var ran = await Cli.Run("explain", "act");

        Assert.StartsWith("assay-bootstrap did: contain identity crm, 20", ran.Output);
        Assert.Contains("It became version 21.\nBecause: stolen\n  identity crm disabled\n  all tokens of identity crm ended\n", ran.Output);
    }

    [Fact]
    public async Task Json_is_the_servers_explanation()
    {
        var explained = Examined("allowed", "policy allowed it", explained: Explained(HashOf(Token)));
        Server.On("POST /evidence/examine", explained);

        var ran = await Cli.Run("explain", "the-jti", "-o", "json");

        using var printed = JsonDocument.Parse(ran.Output);
        using var sent = JsonDocument.Parse(explained);
        Assert.True(JsonElement.DeepEquals(sent.RootElement, printed.RootElement));
    }
}
