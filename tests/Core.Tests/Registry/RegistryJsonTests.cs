using System.Text;
using Assay.Cedar;
using Assay.Core.Policies;
using Assay.Core.Registry;
using CsCheck;

namespace Assay.Core.Tests.Registry;

public sealed class RegistryJsonTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    private static readonly Identity Exporter = new()
    {
        Id = "exporter",
        Name = "Exporter",
        Owner = "team-payments",
        ManagedBy = "quickstart",
        DefaultResource = "https://payments.example",
        RequestsPerSecond = 50,
        Attributes = Value.Record(("tier", Value.Of(2L)), ("home", Value.Of(new EntityUid("Assay::Team", "pay")))),
        Credentials =
        [
            new Credential { Handle = "thumb", Kind = CredentialKind.PublicKey, PublicJwk = """{"kty":"EC"}""", CreatedAt = Noon, ManagedBy = "quickstart" },
            new Credential { Handle = "secret-1", Kind = CredentialKind.Secret, SecretHash = "aGFzaA", CreatedAt = Noon, RevokedAt = Noon.AddTicks(1_500_000) },
        ],
        Memberships = [new Membership { Group = new EntityUid(EntityTypes.Role, "auditor"), ExpiresAt = Noon.AddDays(1) }],
        Signals = [new RiskSignal { Name = "credential-leaked", Source = "admin", Weight = 80, RaisedAt = Noon, HalfLife = TimeSpan.FromHours(36) }],
        DisabledAt = Noon,
        DisabledReason = "leaver",
    };

    private static readonly string ExporterJson = """
        {"v":1,"id":"exporter","kind":"workload","name":"Exporter","owner":"team-payments","managedBy":"quickstart","grantTypes":["client_credentials"],
        "defaultResource":"https://payments.example","requestsPerSecond":50,"attributes":{"tier":2,"home":{"__entity":{"type":"Assay::Team","id":"pay"}}},
        "credentials":[{"handle":"thumb","kind":"public-key","publicJwk":"{\"kty\":\"EC\"}","createdAt":"2026-01-31T12:00:00Z","managedBy":"quickstart"},
        {"handle":"secret-1","kind":"secret","secretHash":"aGFzaA","createdAt":"2026-01-31T12:00:00Z","revokedAt":"2026-01-31T12:00:00.15Z"}],
        "memberships":[{"group":"Assay::Role::\"auditor\"","expiresAt":"2026-02-01T12:00:00Z"}],
        "signals":[{"name":"credential-leaked","source":"admin","weight":80,"raisedAt":"2026-01-31T12:00:00Z","halfLife":"1.12:00:00"}],
        "disabledAt":"2026-01-31T12:00:00Z","disabledReason":"leaver"}
        """.ReplaceLineEndings("");

    [Fact]
    public void An_identity_is_written_as_these_bytes() => Assert.Equal(ExporterJson, Encoding.UTF8.GetString(RegistryJson.Write(Exporter).Span));

    [Fact]
    public void These_bytes_are_read_as_the_identity() => Content.Same(Exporter, RegistryJson.ReadIdentity(Encoding.UTF8.GetBytes(ExporterJson)));

    [Fact]
    public void An_api_a_group_a_key_and_policies_are_written_as_these_bytes()
    {
        var api = new Api
        {
            Resource = "https://payments.example",
            Name = "Payments",
            Scopes = [new ApiScope("pay", "Pay out", ["write"]), new ApiScope("list", null, [])],
            MaxTokenLifetime = TimeSpan.FromMinutes(5),
            ResourceServers = ["gateway"],
            Parents = [new EntityUid(EntityTypes.Team, "pay")],
        };
        var group = new Group { Uid = new EntityUid(EntityTypes.Role, "auditor"), Description = "Reads", Parents = [new EntityUid(EntityTypes.Team, "pay")] };
        var key = new SigningKey
        {
            KeyId = "k1", Purpose = "access-token", Algorithm = "ES256", PublicJwk = "{}", WrappedPrivateKey = "AAAA", AnnouncedAt = Noon, ActivatesAt = Noon.AddDays(1),
        };
        var document = new PolicyDocument([new PolicyFile("policies/a.cedar", "permit (principal, action, resource);")], "namespace Assay {}")
        {
            Actions = "action \"read\";",
            Links = [new PolicyLink("l", "t", new EntityUid("Assay::Role", "r"), null, 2, 5)],
            Tests = [new PolicyFile("tests/a.yaml", "x: 1")],
        };

        Assert.Equal(
            [
                """{"v":1,"resource":"https://payments.example","name":"Payments","policyDomain":"tokens","scopes":[{"name":"pay","description":"Pay out","groups":["write"]},{"name":"list"}],"maxTokenLifetime":"00:05:00","resourceServers":["gateway"],"parents":["Assay::Team::\"pay\""]}""",
                """{"v":1,"uid":"Assay::Role::\"auditor\"","description":"Reads","parents":["Assay::Team::\"pay\""]}""",
                """{"v":1,"keyId":"k1","purpose":"access-token","algorithm":"ES256","publicJwk":"{}","wrappedPrivateKey":"AAAA","announcedAt":"2026-01-31T12:00:00Z","activatesAt":"2026-02-01T12:00:00Z"}""",
                """{"v":1,"files":[{"path":"policies/a.cedar","text":"permit (principal, action, resource);"}],"schema":"namespace Assay {}","actions":"action \"read\";","links":[{"id":"l","template":"t","principal":"Assay::Role::\"r\"","line":2,"column":5}],"tests":[{"path":"tests/a.yaml","text":"x: 1"}]}""",
                """{"v":1,"active":"b","previous":["a"]}""",
                """{"v":1,"version":"b"}""",
                """{"v":1,"id":"jti::j","reason":"stolen"}""",
            ],
            [
                Text(RegistryJson.Write(api)), Text(RegistryJson.Write(group)), Text(RegistryJson.Write(key)), Text(RegistryJson.Write(document)),
                Text(RegistryJson.Write(new PolicyPointer("b", ["a"]))), Text(RegistryJson.Write(new ShadowPointer("b"))),
                Text(RegistryJson.Write(new RevocationNote("jti::j", "stolen"))),
            ]);
        Assert.Equal(new ShadowPointer("b"), RegistryJson.ReadShadowPointer(RegistryJson.Write(new ShadowPointer("b")).Span));
    }

    [Fact]
    public void Every_identity_reads_back_as_it_was() => Generate.Identity.Sample(identity => Content.Same(identity, RegistryJson.ReadIdentity(RegistryJson.Write(identity).Span)));

    [Fact]
    public void Every_identity_without_signals_is_read_in_one_pass_and_as_the_strict_reader_reads_it() => Generate.Identity.Sample(identity =>
    {
        var json = RegistryJson.Write(identity with { Signals = [] }).Span;

        Assert.True(IdentityReader.TryRead(json, RegistryJson.Version, null, out var read));
        Content.Same(RegistryJson.ReadIdentityStrictly(json), read);
    });

    [Fact]
    public void What_is_read_to_decide_is_the_identity_without_keys_and_hashes() => Generate.Identity.Sample(identity => Content.Same(
        identity with { Credentials = [.. identity.Credentials.Select(credential => credential with { PublicJwk = null, SecretHash = null })] },
        RegistryJson.ReadIdentityToDecide(RegistryJson.Write(identity).Span, identity.Id)));

    [Fact]
    public void Whatever_is_wrong_with_an_identity_both_readers_say_the_same() => Gen.Select(Generate.Identity, Gen.Int[0, 4000], Gen.Byte, Gen.Int[0, 4]).Sample((identity, place, other, how) =>
    {
        var json = RegistryJson.Write(identity with { Signals = [] }).ToArray();
        place %= json.Length;
        byte[] spoilt = how switch
        {
            0 => [.. json[..place], other, .. json[place..]],
            1 => [.. json[..place], .. json[(place + 1)..]],
            2 => [.. json[..place], other, .. json[(place + 1)..]],
            3 => json[..place],
            _ => [.. json, other],
        };

        var strict = Outcome(() => RegistryJson.ReadIdentityStrictly(spoilt));
        var read = Outcome(() => RegistryJson.ReadIdentity(spoilt));
        var toDecide = Outcome(() => RegistryJson.ReadIdentityToDecide(spoilt, identity.Id));

        Assert.Equal(strict.Fault, read.Fault);
        Assert.Equal(strict.Fault, toDecide.Fault);
        Content.Same(strict.Identity, read.Identity);
    });

    [Theory]
    [InlineData("""{"v":1,"id":"a","kind":"workload","id":"a"}""")]
    [InlineData("""{"v":1,"id":"a","kind":"workload","nickname":"a"}""")]
    [InlineData("""{"v":1,"id":"a","kind":"workload","name":null}""")]
    [InlineData("""{"v":2,"id":"a","kind":"workload"}""")]
    [InlineData("""{"v":1,"id":"a"}""")]
    [InlineData("""{"v":1,"id":"a","kind":"workload"} {}""")]
    [InlineData("""{"v":1,"id":"a","kind":"workload","attributes":{"tier":1,"tier":2}}""")]
    [InlineData("""{"v":1,"id":"a","kind":"workload","memberships":[{"group":"Assay::Role::\"a\"","group":"Assay::Role::\"b\""}]}""")]
    [InlineData("""{"v":1,"id":"a","kind":"workload","memberships":[{"expiresAt":"2026-01-31T12:00:00Z"}]}""")]
    [InlineData("""{"v":1,"id":"a","kind":"workload","credentials":[{"handle":"h","kind":"secret","createdAt":"2026-01-31 12:00:00"}]}""")]
    [InlineData("""{"v":1,"id":"a","kind":"workload","credentials":[{"handle":"h","kind":"secret","createdAt":"2026-01-31T12:00:00Z","secretHash":"\ud800"}]}""")]
    [InlineData("""{"v":1,"id":"a","kind":"workload","credentials":[{"handle":"h","kind":"secret","createdAt":"2026-01-31T12:00:00Z","secretHash":1}]}""")]
    public void An_identity_with_a_fault_is_refused_however_it_is_read(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);

        Assert.Throws<FormatException>(() => RegistryJson.ReadIdentity(bytes));
        Assert.Throws<FormatException>(() => RegistryJson.ReadIdentityToDecide(bytes, "a"));
    }

    [Fact]
    public void What_many_identities_have_alike_is_held_once()
    {
        var one = RegistryJson.ReadIdentityToDecide(RegistryJson.Write(Worker("one")).Span, "one");
        var other = RegistryJson.ReadIdentityToDecide(RegistryJson.Write(Worker("other")).Span, "other");

        Assert.True(one.Memberships == other.Memberships); // the same array
        Assert.True(one.GrantTypes == other.GrantTypes);
        Assert.Same(one.Attributes, other.Attributes);

        static Identity Worker(string id) => new()
        {
            Id = id,
            Attributes = Value.Record(("tier", Value.Of(2L))),
            Memberships = [new Membership { Group = new EntityUid(EntityTypes.Role, "auditor"), ManagedBy = "workers" }],
        };
    }

    [Fact]
    public void Every_group_reads_back_as_it_was() => Generate.Group.Sample(group => Content.Same(group, RegistryJson.ReadGroup(RegistryJson.Write(group).Span)));

    [Fact]
    public void Every_api_reads_back_as_it_was() => Generate.Api.Sample(api => Content.Same(api, RegistryJson.ReadApi(RegistryJson.Write(api).Span)));

    [Fact]
    public void Every_key_reads_back_as_it_was() => Generate.SigningKey.Sample(key => Content.Same(key, RegistryJson.ReadSigningKey(RegistryJson.Write(key).Span)));

    [Fact]
    public void Every_policy_document_reads_back_as_it_was() =>
        Generate.PolicyDocument.Sample(document => Content.Same(document, RegistryJson.ReadPolicyDocument(RegistryJson.Write(document).Span)));

    [Fact]
    public void A_revocation_reads_back_as_it_was()
    {
        var note = new RevocationNote("identity::team:a", "seen \"elsewhere\"");

        Assert.Equal(note, RegistryJson.ReadRevocation(RegistryJson.Write(note).Span));
    }

    [Fact]
    public void Every_policy_pointer_reads_back_as_it_was() =>
        Generate.PolicyPointer.Sample(pointer => Content.Same(pointer, RegistryJson.ReadPolicyPointer(RegistryJson.Write(pointer).Span)));

    [Theory]
    [InlineData("", "identity: not JSON")]
    [InlineData("[]", "identity: expected an object, found a list")]
    [InlineData("{}", "identity: the member \"v\" is missing")]
    [InlineData("""{"v":2,"id":"a","kind":"workload"}""", "identity: version 2 is not known here; expected 1")]
    [InlineData("""{"v":1,"kind":"workload"}""", "identity: the member \"id\" is missing")]
    [InlineData("""{"v":1,"id":"a"}""", "identity: the member \"kind\" is missing")]
    [InlineData("""{"v":1,"id":"a","kind":"robot"}""", "identity.kind: expected one of workload, person")]
    [InlineData("""{"v":1,"id":"a","kind":"Workload"}""", "identity.kind: expected one of workload, person")]
    [InlineData("""{"v":1,"id":"a","kind":0}""", "identity.kind: expected a string, found a number of another kind")]
    [InlineData("""{"v":1,"id":null,"kind":"workload"}""", "identity.id: expected a string, found null")]
    [InlineData("""{"v":1,"id":"\ud800","kind":"workload"}""", "identity.id: not valid Unicode")]
    [InlineData("""{"v":1,"id":"a","kind":"workload","colour":"red"}""", "identity: the member \"colour\" is not known here")]
    [InlineData("""{"v":1,"id":"a","id":"b","kind":"workload"}""", "identity: not JSON, or a member appears twice")]
    [InlineData("""{"v":1,"id":"a","kind":"workload"} x""", "identity: not JSON")]
    [InlineData("""{"v":1,"id":"a","kind":"workload",}""", "identity: not JSON")]
    [InlineData("""{"v":1,"id":"a","kind":"workload","requestsPerSecond":1.5}""", "identity.requestsPerSecond: expected a whole number")]
    [InlineData("""{"v":1,"id":"a","kind":"workload","grantTypes":"x"}""", "identity.grantTypes: expected a list, found a string")]
    [InlineData("""{"v":1,"id":"a","kind":"workload","grantTypes":[true]}""", "identity.grantTypes[0]: expected a string, found true or false")]
    [InlineData("""{"v":1,"id":"a","kind":"workload","attributes":{"x":1.5}}""", "identity.attributes:")]
    [InlineData("""{"v":1,"id":"a","kind":"workload","attributes":[]}""", "identity.attributes:")]
    [InlineData("""{"v":1,"id":"a","kind":"workload","disabledAt":"2026-01-31T12:00:00+01:00"}""", "identity.disabledAt: expected a moment in UTC")]
    [InlineData("""{"v":1,"id":"a","kind":"workload","memberships":[{"group":"auditor"}]}""", "identity.memberships[0].group: expected an entity like")]
    [InlineData("""{"v":1,"id":"a","kind":"workload","memberships":[{}]}""", "identity.memberships[0]: the member \"group\" is missing")]
    [InlineData("""{"v":1,"id":"a","kind":"workload","memberships":[{"group":"Assay::Role::\"x\"","until":1}]}""", "identity.memberships[0]: the member \"until\" is not known here")]
    [InlineData("""{"v":1,"id":"a","kind":"workload","signals":[{"name":"a","source":"b","weight":1,"raisedAt":"2026-01-31T12:00:00Z","halfLife":"1h"}]}""", "identity.signals[0].halfLife: expected a span of time")]
    public void What_is_not_exactly_an_identity_is_refused_with_its_place(string json, string message)
    {
        var fault = Assert.Throws<FormatException>(() => RegistryJson.ReadIdentity(Encoding.UTF8.GetBytes(json)));

        Assert.StartsWith(message, fault.Message);
    }

    [Fact]
    public void An_object_of_one_kind_is_no_object_of_another()
    {
        var group = RegistryJson.Write(new Group { Uid = new EntityUid(EntityTypes.Role, "x") });

        Assert.Throws<FormatException>(() => RegistryJson.ReadApi(group.Span));
        Assert.Throws<FormatException>(() => RegistryJson.ReadIdentity(group.Span));
        Assert.Throws<FormatException>(() => RegistryJson.ReadSigningKey(group.Span));
        Assert.Throws<FormatException>(() => RegistryJson.ReadPolicyDocument(RegistryJson.Write(new PolicyPointer("a", [])).Span));
    }

    [Fact]
    public void Bytes_that_are_no_text_are_refused() => Assert.Throws<FormatException>(() => RegistryJson.ReadIdentity([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]));

    private static string Text(ReadOnlyMemory<byte> json) => Encoding.UTF8.GetString(json.Span);

    private static (Identity? Identity, string? Fault) Outcome(Func<Identity> read)
    {
        try
        {
            return (read(), null);
        }
        catch (FormatException fault)
        {
            return (null, fault.Message);
        }
    }
}
