using System.Buffers;
using System.Text;
using System.Text.Json;
using Assay.Core.Decisions;
using Assay.Core.Evidence;
using Assay.Core.Risk;

namespace Assay.Core.Tests.Evidence;

public sealed class OcsfEventTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    private static readonly DecisionInput Input = new()
    {
        Realm = "default", ClientId = "exporter", Time = Noon, GrantType = "client_credentials", AuthenticationMethod = "private_key_jwt", CredentialHandle = "thumb",
        Resource = "https://payments.example", Scopes = ["list", "pay"], OriginIp = "192.0.2.7", Risk = new RiskAssessment(63, "high", ["leak"]),
        EntitlementAge = TimeSpan.FromMilliseconds(1500), RiskAge = TimeSpan.FromSeconds(2), IdentityNumber = 7, DirectoryNumber = 9, PolicyDomain = "tokens", PolicyVersion = "abc",
        DefaultLifetime = TimeSpan.FromMinutes(5), MaxLifetime = TimeSpan.FromMinutes(15),
    };

    private static readonly EvidenceRecord Basis = new()
    {
        Kind = EvidenceKind.Void, Shard = 3, Position = 41, Node = "silo-1", Time = Noon, RequestId = new Guid("6f1c0a52-7d5e-4b8e-9a44-0e5c5a5d6b01"),
    };

    [Fact]
    public void A_permit_is_a_session_to_which_privileges_were_assigned()
    {
        var record = Basis with
        {
            Kind = EvidenceKind.Permit, Input = Input, JwtId = "jti-1", KeyId = "kid-1", ExpiresAt = Noon.AddSeconds(90), SigningInputHash = "hash",
            Verdict = new Verdict(
                [
                    new ScopeDecision { Scope = "list", Outcome = ScopeOutcome.Granted, Policies = ["p"], Reasons = ["may list"] },
                    new ScopeDecision { Scope = "pay", Outcome = ScopeOutcome.StepUpRequired, Policies = ["f"], StepUp = ["approval"] },
                ],
                TimeSpan.FromSeconds(90)),
        };

        Assert.Equal(
            """
            {"class_uid":3003,"category_uid":3,"activity_id":1,"activity_name":"Assign Privileges","type_uid":300301,"time":1769860800000,"severity_id":1,
            "status_id":1,"status":"Success","status_detail":"may list",
            "metadata":{"version":"1.4.0","product":{"name":"Assay","vendor_name":"Assay"},"uid":"3/41","log_name":"assay.example/log","log_provider":"silo-1","correlation_uid":"6f1c0a52-7d5e-4b8e-9a44-0e5c5a5d6b01"},
            "user":{"uid":"exporter","name":"exporter","domain":"default","credential_uid":"thumb"},"privileges":["list"],
            "session":{"uid":"jti-1","created_time":1769860800000,"expiration_time":1769860890000,"credential_uid":"thumb"},"src_endpoint":{"ip":"192.0.2.7"},
            "unmapped":{"grant_type":"client_credentials","authentication_method":"private_key_jwt","binding":"none","resource":"https://payments.example","scopes_requested":["list","pay"],
            "policy_domain":"tokens","policy_version":"abc","risk_score":63,"risk_level":"high","risk_signals":["leak"],"entitlement_age_ms":1500,"risk_age_ms":2000,"signing_key":"kid-1","signing_input_sha256":"hash",
            "scopes":[{"scope":"list","outcome":"granted","policies":["p"]},{"scope":"pay","outcome":"stepUpRequired","policies":["f"],"step_up":["approval"]}]}}

            """.ReplaceLineEndings("") + "\n",
            Written(record));
    }

    [Fact]
    public void A_denial_a_refusal_and_an_act_are_events_of_their_class()
    {
        var denial = Json(Basis with
        {
            Kind = EvidenceKind.Denial, Input = Input with { OriginIp = null }, Error = "invalid_scope",
            Verdict = new Verdict([new ScopeDecision { Scope = "pay", Outcome = ScopeOutcome.NoPermit }], TimeSpan.Zero),
        });
        var refusal = Json(Basis with { Kind = EvidenceKind.Refusal, Input = Input with { Resource = "" }, Refusal = "NoResource", Error = "invalid_target" });
        var act = Json(Basis with { Kind = EvidenceKind.Admin, Admin = new AdminAct("alice", "disable", "exporter", 7) });

        Assert.Equal((300301, 2, 2, "invalid_scope"), Status(denial));
        Assert.Equal("""["list","pay"]""", denial.GetProperty("privileges").GetRawText());
        Assert.False(denial.TryGetProperty("session", out _) || denial.TryGetProperty("src_endpoint", out _) || denial.TryGetProperty("status_detail", out _));
        Assert.Equal((300201, 2, 2, "invalid_target"), Status(refusal));
        Assert.Equal(("NoResource", 6, "unknown"), (refusal.GetProperty("status_detail").GetString(), refusal.GetProperty("auth_protocol_id").GetInt32(), refusal.GetProperty("service").GetProperty("name").GetString()));
        Assert.Equal((300403, 1, 1, null), Status(act));
        Assert.Equal(
            ("disable", """{"user":{"uid":"alice"}}""", """{"name":"exporter"}""", """{"feed_number":7}"""),
            (act.GetProperty("activity_name").GetString(), act.GetProperty("actor").GetRawText(), act.GetProperty("entity").GetRawText(), act.GetProperty("unmapped").GetRawText()));
    }

    [Theory]
    [InlineData("create identity", 300401)]
    [InlineData("store policy set", 300401)]
    [InlineData("delete identity", 300404)]
    [InlineData("drop evidence", 300404)]
    [InlineData("rotate keys", 300403)]
    public void An_act_is_what_it_is_called(string action, int type) =>
        Assert.Equal(type, Json(Basis with { Kind = EvidenceKind.Admin, Admin = new AdminAct("alice", action, "x", 7) }).GetProperty("type_uid").GetInt32());

    [Fact]
    public void What_says_something_about_the_log_alone_is_no_event()
    {
        Assert.False(OcsfEvent.IsOne(Basis));
        Assert.Throws<ArgumentException>(() => Written(Basis));
    }

    private static (int, int, int, string?) Status(JsonElement json) => (
        json.GetProperty("type_uid").GetInt32(), json.GetProperty("status_id").GetInt32(), json.GetProperty("severity_id").GetInt32(),
        json.TryGetProperty("status_code", out var code) ? code.GetString() : null);

    private static JsonElement Json(EvidenceRecord record)
    {
        using var json = JsonDocument.Parse(Written(record));
        return json.RootElement.Clone();
    }

    private static string Written(EvidenceRecord record)
    {
        var output = new ArrayBufferWriter<byte>();
        OcsfEvent.Write(output, record, "assay.example/log");
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
