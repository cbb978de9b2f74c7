using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using Assay.Core.Decisions;
using Assay.Core.Evidence;
using Assay.Core.Risk;
using Assay.Core.Transparency;
using CsCheck;

namespace Assay.Core.Tests.Evidence;

public sealed class EvidenceRecordTests
{
    private const string Hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    private static readonly DateTimeOffset Noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    internal static readonly EvidenceRecord Permit = new()
    {
        Kind = EvidenceKind.Permit,
        Shard = 3,
        Position = 41,
        Node = "silo-1",
        Time = Noon,
        RequestId = new Guid("6f1c0a52-7d5e-4b8e-9a44-0e5c5a5d6b01"),
        Input = new DecisionInput
        {
            Realm = "default",
            ClientId = "exporter",
            Time = Noon,
            GrantType = "client_credentials",
            AuthenticationMethod = "private_key_jwt",
            CredentialHandle = "thumb",
            Resource = "https://payments.example",
            Scopes = ["list", "pay"],
            OriginIp = "192.0.2.7",
            Risk = new RiskAssessment(63, "high", ["leak"]),
            EntitlementAge = TimeSpan.FromMilliseconds(1500),
            RiskAge = TimeSpan.FromSeconds(2),
            IdentityNumber = 7,
            DirectoryNumber = 9,
            PolicyDomain = "tokens",
            PolicyVersion = "abc",
            DefaultLifetime = TimeSpan.FromMinutes(5),
            MaxLifetime = TimeSpan.FromMinutes(15),
        },
        Verdict = new Verdict(
            [
                new ScopeDecision { Scope = "list", Outcome = ScopeOutcome.Granted, Policies = ["p"], Reasons = ["r"], PublicReasons = ["r"], MaxLifetime = TimeSpan.FromSeconds(90) },
                new ScopeDecision { Scope = "pay", Outcome = ScopeOutcome.StepUpRequired, Policies = ["f"], StepUp = ["approval"], Errors = ["q: no such attribute"] },
            ],
            TimeSpan.FromSeconds(90)),
        JwtId = "jti-1",
        KeyId = "kid-1",
        ExpiresAt = Noon.AddSeconds(90),
        SigningInputHash = Hash,
        Status = new TokenStatus("list-1", 77),
        SpentAssertion = "00112233445566778899aabbccddeeff",
    };

    private static readonly string PermitJson = """
        {"v":1,"kind":"permit","shard":3,"position":41,"node":"silo-1","time":1769860800000,"requestId":"6f1c0a52-7d5e-4b8e-9a44-0e5c5a5d6b01",
        "input":{"realm":"default","clientId":"exporter","time":1769860800000,"grantType":"client_credentials","method":"private_key_jwt","credential":"thumb",
        "binding":"none","resource":"https://payments.example","scopes":["list","pay"],"ip":"192.0.2.7","risk":{"score":63,"level":"high","signals":["leak"]},
        "entitlementAge":1500,"riskAge":2000,"identityNumber":7,"directoryNumber":9,"policyDomain":"tokens","policyVersion":"abc","defaultLifetime":300000,"maxLifetime":900000},
        "verdict":{"scopes":[{"scope":"list","outcome":"granted","policies":["p"],"reasons":["r"],"publicReasons":["r"],"maxLifetime":90000},
        {"scope":"pay","outcome":"stepUpRequired","policies":["f"],"errors":["q: no such attribute"],"stepUp":["approval"]}],"lifetime":90000},
        "jti":"jti-1","kid":"kid-1","expiresAt":1769860890000,"signingInputHash":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "status":{"list":"list-1","index":77},"spentAssertion":"00112233445566778899aabbccddeeff"}
        """.ReplaceLineEndings("");

    [Fact]
    public void A_permit_is_written_as_these_bytes() => Assert.Equal(PermitJson, Encoding.UTF8.GetString(Permit.Encode()));

    [Fact]
    public void On_the_way_of_a_token_a_permit_is_written_as_the_same_bytes()
    {
        var rented = new DecisionEvidence
        {
            Kind = EvidenceKind.Permit,
            Shard = 3,
            Position = 41,
            Node = "silo-1",
            RequestId = Permit.RequestId,
            Input = Permit.Input!,
            Verdict = Permit.Verdict,
            Token = new TokenEvidence
            {
                JwtId = "jti-1"u8, KeyId = "kid-1", ExpiresAt = Noon.AddSeconds(90), SigningInputHash = new byte[32], StatusList = "list-1", StatusIndex = 77,
            },
            SpentAssertion = "00112233445566778899aabbccddeeff"u8,
        }.Encode();

        Assert.Equal(PermitJson, Encoding.UTF8.GetString(rented.Record));
        rented.GiveBack();
    }

    [Fact]
    public void On_the_way_of_an_answer_any_decision_is_written_as_the_same_bytes() => Decisions.Sample(record =>
    {
        var rented = new DecisionEvidence
        {
            Kind = record.Kind,
            Shard = record.Shard,
            Position = record.Position,
            Node = record.Node,
            RequestId = record.RequestId,
            Input = record.Input!,
            Verdict = record.Verdict,
            Shadow = record.Shadow,
            Refusal = record.Refusal,
            Error = record.Error,
            Token = record.JwtId is null ? default : new TokenEvidence
            {
                JwtId = Encoding.UTF8.GetBytes(record.JwtId),
                KeyId = record.KeyId,
                ExpiresAt = record.ExpiresAt!.Value,
                SigningInputHash = System.Buffers.Text.Base64Url.DecodeFromChars(record.SigningInputHash),
                StatusList = record.Status?.List,
                StatusIndex = record.Status?.Index ?? 0,
            },
            SpentAssertion = Encoding.ASCII.GetBytes(record.SpentAssertion ?? ""),
        }.Encode();

        Assert.Equal(record.Encode(), rented.Record.ToArray());
        rented.GiveBack();
    });

    [Fact]
    public void These_bytes_are_read_as_the_permit() => Assert.Equal(Permit, EvidenceRecord.Decode(Encoding.UTF8.GetBytes(PermitJson)));

    [Fact]
    public void Other_kinds_are_written_as_these_bytes_and_read_back()
    {
        var bare = new EvidenceRecord { Kind = EvidenceKind.Void, Shard = 3, Position = 42, Node = "silo-1", Time = Noon };
        var admin = bare with { Kind = EvidenceKind.Admin, Admin = new AdminAct("alice", "disable", "identity/exporter", 12) };
        const string head = "\"shard\":3,\"position\":42,\"node\":\"silo-1\",\"time\":1769860800000,\"requestId\":\"00000000-0000-0000-0000-000000000000\"";

        Assert.Equal($$"""{"v":1,"kind":"void",{{head}}}""", Encoding.UTF8.GetString(bare.Encode()));
        Assert.Equal(
            $$$"""{"v":1,"kind":"admin",{{{head}}},"admin":{"actor":"alice","action":"disable","target":"identity/exporter","number":12}}""",
            Encoding.UTF8.GetString(admin.Encode()));
        var whole = admin with { Admin = admin.Admin! with { Details = new ActDetails("stolen", ["froze it", "ended its tokens"]) } };
        Assert.Equal(
            $$$"""{"v":1,"kind":"admin",{{{head}}},"admin":{"actor":"alice","action":"disable","target":"identity/exporter","number":12,"reason":"stolen","parts":["froze it","ended its tokens"]}}""",
            Encoding.UTF8.GetString(whole.Encode()));
        var heads = bare with { Kind = EvidenceKind.Checkpoint, Heads = new LogHeads([new ShardHead(2, 9, TreeHash.Empty, true), new ShardHead(3, 42, TreeHash.Empty)]) };
        Assert.Equal(
            $$$"""{"v":1,"kind":"checkpoint",{{{head}}},"heads":[{"shard":2,"size":9,"root":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=","sealed":true},{"shard":3,"size":42,"root":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}]}""",
            Encoding.UTF8.GetString(heads.Encode()));
        var spending = bare with { SpentAssertion = "00112233445566778899aabbccddeeff", Identity = "exporter" };
        Assert.Equal($$"""{"v":1,"kind":"void",{{head}},"spentAssertion":"00112233445566778899aabbccddeeff","identity":"exporter"}""", Encoding.UTF8.GetString(spending.Encode()));
        Assert.Equal([bare, admin, whole, heads, spending], new[] { bare, admin, whole, heads, spending }.Select(record => EvidenceRecord.Decode(record.Encode())));
    }

    [Fact]
    public void Every_record_reads_back_as_it_was_from_both_encoders() => Records.Sample(record =>
    {
        var bytes = record.Encode();
        var buffer = new ArrayBufferWriter<byte>();
        record.Encode(buffer);

        Content.Same(record, EvidenceRecord.Decode(bytes));
        Assert.Equal(record, EvidenceRecord.Decode(bytes));
        Assert.Equal(bytes, buffer.WrittenSpan.ToArray());
    });

    [Fact]
    public void Inputs_and_verdicts_read_back_as_they_were_between_silos() => Gen.Select(Inputs, Verdicts).Sample((input, verdict) =>
    {
        Content.Same(input, DecisionJson.ReadInput(DecisionJson.Write(input)));
        Content.Same(verdict, DecisionJson.ReadVerdict(DecisionJson.Write(verdict)));
    });

    [Fact]
    public void A_record_that_could_not_be_written_leaves_no_trace_in_the_next()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => (Permit with { Verdict = new Verdict([new ScopeDecision { Scope = "x", Outcome = (ScopeOutcome)99 }], default) }).Encode());

        Assert.Equal(PermitJson, Encoding.UTF8.GetString(Permit.Encode()));
    }

    [Fact]
    public void Times_are_kept_to_the_millisecond_and_in_utc()
    {
        var record = Permit with { Time = new DateTimeOffset(2026, 1, 31, 13, 0, 0, TimeSpan.FromHours(1)).AddTicks(9_999) };

        Assert.Equal((Noon, TimeSpan.Zero), (record.Time, record.Time.Offset));
        Assert.Equal(TimeSpan.FromMilliseconds(1), (Permit.Input! with { RiskAge = TimeSpan.FromTicks(19_999) }).RiskAge);
    }

    [Theory]
    [InlineData("\"v\":1", "\"v\":2", "evidence: version 2 is not known here; expected 1")]
    [InlineData("\"v\":1,", "", "evidence: the member \"v\" is missing")]
    [InlineData("\"shard\":3,", "", "evidence: the member \"shard\" is missing")]
    [InlineData("\"shard\":3", "\"shard\":\"3\"", "evidence.shard: expected a whole number, found a string")]
    [InlineData("\"shard\":3", "\"shard\":3,\"shard\":3", "evidence: not JSON, or a member appears twice")]
    [InlineData("\"kind\":\"permit\"", "\"kind\":\"grant\"", "evidence.kind: expected one of permit, denial, refusal, void, admin, checkpoint")]
    [InlineData("\"kid\":\"kid-1\"", "\"keyId\":\"kid-1\"", "evidence: the member \"keyId\" is not known here")]
    [InlineData("\"kid\":\"kid-1\",", "", "evidence: a record of kind permit needs jti, kid, expiresAt and signingInputHash")]
    [InlineData("\"kind\":\"permit\"", "\"kind\":\"denial\"", "evidence: a record of kind denial needs an input, a verdict that grants nothing, and an error")]
    [InlineData("\"kind\":\"permit\"", "\"kind\":\"refusal\"", "evidence: a record of kind refusal needs an input, a refusal and an error")]
    [InlineData("\"kind\":\"permit\"", "\"kind\":\"admin\"", "evidence: a record of kind admin needs an admin act")]
    [InlineData("\"outcome\":\"granted\"", "\"outcome\":\"forbidden\"", "evidence: a record of kind permit needs an input, and a verdict that grants a scope")]
    [InlineData("\"outcome\":\"granted\"", "\"outcome\":\"Granted\"", "evidence.verdict.scopes[0].outcome: expected one of")]
    [InlineData("\"ip\":", "\"mood\":", "evidence.input: the member \"mood\" is not known here")]
    [InlineData("\"score\":63,", "", "evidence.input.risk: the member \"score\" is missing")]
    [InlineData("\"level\":\"high\",", "\"level\":\"high\",\"x\":1,", "evidence.input.risk: the member \"x\" is not known here")]
    [InlineData("00112233", "0011223X", "evidence.spentAssertion: expected 32 lower-case hex digits")]
    [InlineData("\"index\":77", "\"index\":\"77\"", "evidence.status.index: expected a whole number, found a string")]
    [InlineData("\"list\":\"list-1\",", "", "evidence.status: the member \"list\" is missing")]
    [InlineData("\"index\":77", "\"index\":77,\"bits\":1", "evidence.status: the member \"bits\" is not known here")]
    [InlineData("\"AAAA", "\"AA", "evidence.signingInputHash: expected 32 bytes in base64url")]
    [InlineData("6f1c0a52-", "6f1c0a52", "evidence.requestId: expected a UUID")]
    [InlineData("1769860890000", "1769860890000000000", "evidence.expiresAt: outside the years 1 to 9999")]
    [InlineData("\"riskAge\":2000", "\"riskAge\":9223372036854775807", "evidence.input.riskAge: too long a span of time")]
    [InlineData("\"riskAge\":2000", "\"riskAge\":0.5", "evidence.input.riskAge: expected a whole number")]
    public void What_is_not_exactly_a_record_is_refused_with_its_place(string right, string wrong, string message)
    {
        var json = PermitJson.Replace(right, wrong);
        Assert.NotEqual(PermitJson, json);

        var fault = Assert.Throws<FormatException>(() => EvidenceRecord.Decode(Encoding.UTF8.GetBytes(json)));

        Assert.StartsWith(message, fault.Message);
    }

    [Fact]
    public void A_record_cut_short_anywhere_is_refused()
    {
        var bytes = Permit.Encode();

        for (var length = 0; length < bytes.Length; length++)
            Assert.Throws<FormatException>(() => EvidenceRecord.Decode(bytes.AsSpan(0, length)));
    }

    private static readonly Gen<TimeSpan> Spans = Gen.Int[0, int.MaxValue].Select(milliseconds => TimeSpan.FromMilliseconds(milliseconds));

    private static readonly Gen<ImmutableArray<string>> Texts = Generate.List(Generate.Text);

    private static readonly Gen<DecisionInput> Inputs = Gen.Select(
        Generate.Text.Array[8], Generate.Moment, Texts, Generate.Text.Null(), Gen.Select(Gen.Int[0, 100], Generate.Text, Texts), Spans.Array[4], Gen.Long.Array[2],
        (texts, time, scopes, ip, risk, spans, numbers) => new DecisionInput
        {
            Realm = texts[0],
            ClientId = texts[1],
            Time = time,
            GrantType = texts[2],
            AuthenticationMethod = texts[3],
            CredentialHandle = texts[4],
            Binding = texts[5],
            Resource = texts[6],
            Scopes = scopes,
            OriginIp = ip,
            Risk = new RiskAssessment(risk.Item1, risk.Item2, risk.Item3),
            EntitlementAge = spans[0],
            RiskAge = spans[1],
            IdentityNumber = numbers[0],
            DirectoryNumber = numbers[1],
            PolicyDomain = texts[7],
            PolicyVersion = texts[0],
            DefaultLifetime = spans[2],
            MaxLifetime = spans[3],
        });

    private static readonly Gen<ScopeDecision> Scopes = Gen.Select(
        Generate.Text, Gen.Enum<ScopeOutcome>(), Texts.Array[5], Generate.Maybe(Spans),
        (scope, outcome, lists, life) => new ScopeDecision
        {
            Scope = scope,
            Outcome = outcome,
            Policies = lists[0],
            Errors = lists[1],
            StepUp = lists[2],
            Reasons = lists[3],
            PublicReasons = lists[4],
            MaxLifetime = life,
        });

    private static readonly Gen<Verdict> Verdicts = Gen.Select(Generate.List(Scopes), Spans, (scopes, life) => new Verdict(scopes, life));

    private static readonly Gen<EvidenceRecord> Records = Gen.Select(
        Gen.Enum<EvidenceKind>(), Gen.Select(Gen.Long, Gen.Long, Generate.Text, Generate.Moment, Gen.Guid), Inputs, Verdicts, Generate.Text.Array[5], Gen.Byte.Array[32], Generate.Moment,
        (kind, place, input, verdict, texts, hash, expires) => new EvidenceRecord
        {
            Kind = kind,
            Shard = place.Item1,
            Position = place.Item2,
            Node = place.Item3,
            Time = place.Item4,
            RequestId = place.Item5,
            Input = kind is EvidenceKind.Void or EvidenceKind.Admin or EvidenceKind.Checkpoint ? null : input,
            Verdict = kind switch
            {
                EvidenceKind.Permit => verdict with { Scopes = verdict.Scopes.Add(new ScopeDecision { Scope = "s", Outcome = ScopeOutcome.Granted }) },
                EvidenceKind.Denial => verdict with { Scopes = [.. verdict.Scopes.Where(scope => !scope.Granted)] },
                _ => null,
            },
            Refusal = kind == EvidenceKind.Refusal ? texts[0] : null,
            Error = kind is EvidenceKind.Refusal or EvidenceKind.Denial ? texts[1] : null,
            JwtId = kind == EvidenceKind.Permit ? texts[2] : null,
            KeyId = kind == EvidenceKind.Permit ? texts[3] : null,
            ExpiresAt = kind == EvidenceKind.Permit ? expires : null,
            SigningInputHash = kind == EvidenceKind.Permit ? Convert.ToBase64String(hash).TrimEnd('=').Replace('+', '-').Replace('/', '_') : null,
            Status = kind == EvidenceKind.Permit && hash[2] < 128 ? new TokenStatus(texts[4], hash[3]) : null,
            SpentAssertion = hash[0] < 128 ? Convert.ToHexStringLower(hash.AsSpan(0, 16)) : null,
            Identity = kind is EvidenceKind.Void or EvidenceKind.Admin && hash[4] < 128 ? texts[4] : null,
            Admin = kind == EvidenceKind.Admin ? new AdminAct(texts[0], texts[1], texts[2], place.Item1, hash[2] < 128 ? new ActDetails(texts[3], [texts[0], texts[1]]) : null) : null,
            Heads = kind == EvidenceKind.Checkpoint ? new LogHeads([new ShardHead(place.Item1, place.Item2, TreeHash.From(hash), hash[1] < 128)]) : null,
        });

    /// <summary>A decision's record has the moment of the decision, and a <c>jti</c> is ASCII.</summary>
    private static readonly Gen<EvidenceRecord> Decisions = Records.Where(record => record.Input is not null)
        .Select(record => record with { Time = record.Input!.Time, JwtId = record.JwtId is null ? null : "jti-1" });
}
