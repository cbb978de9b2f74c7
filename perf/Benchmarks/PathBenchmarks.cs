using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;
using Assay.Core.Decisions;
using Assay.Core.Evidence;
using Assay.Core.Jose;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Risk;
using Assay.Core.StatusLists;
using Assay.Core.Tokens;
using Assay.Silo.Tokens;
using BenchmarkDotNet.Attributes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Assay.Benchmarks;

/// <summary>The parts of an issuance that are plain functions. <see cref="Signature"/> is the yardstick: it is all OpenSSL's, so what the machine does to it, it does to the rest.</summary>
[MemoryDiagnoser, MedianColumn]
public class PathBenchmarks
{
    private const string Resource = "https://ledger.example";
    private static readonly DateTimeOffset Time = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly byte[] digest = SHA256.HashData("what is signed"u8);
    private readonly byte[] signature = new byte[64];
    private readonly JwsHeaderSegment header = new("ES256", JoseType.AccessToken, "a-key-of-the-ring");
    private readonly byte[] provenance = Encoding.ASCII.GetBytes(new string('p', 48));
    private readonly StatusReference status = new(new StatusListAddress("list", "http://127.0.0.1:8420/status-lists/list"), 412_803);
    private readonly AccessTokenClaims claims = new("http://127.0.0.1:8420", "ledger-client", Resource, ["ledger.read"], Time, TimeSpan.FromMinutes(5));
    private readonly byte[] form = Encoding.ASCII.GetBytes(
        $"grant_type=client_credentials&client_id=ledger-client&scope=ledger.read&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={new string('a', 420)}");

    private LoadedPolicySet policies = null!;
    private DecisionStage stage = null!;
    private DecisionInput input = null!;
    private Verdict verdict = null!;

    [GlobalSetup]
    public void Setup()
    {
        var reader = new Cedar.EntityUid(EntityTypes.Role, "ledger-reader");
        var api = new Api { Resource = Resource, Scopes = [new ApiScope("ledger.read", null, []), new ApiScope("ledger.export", null, [])] };
        var text = new StringBuilder($"@id(\"read\") permit (principal in {reader}, action == Action::\"ledger.read\", resource == Assay::Api::\"{Resource}\") when {{ context.risk.score < 80 }};\n");
        text.Append("@id(\"leaked\") forbid (principal, action, resource) when { context.risk.signals.contains(\"credential-leaked\") };\n");
        for (var i = 2; i < 100; i++)
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"@id(\"other-{i}\") permit (principal in Assay::Role::\"other-{i}\", action, resource == Assay::Api::\"https://other-{i}.example\") when {{ context.risk.score < {i} }};\n");
        policies = LoadedPolicySet.Load(new([new PolicyFile("policies/ledger.cedar", text.ToString())], null) { Actions = ActionDeclarations.Of(api.Scopes, null) }).Set!;
        var identity = new Identity { Id = "ledger-client", Owner = "ledger", Memberships = [new Membership { Group = reader }] };
        stage = DecisionStage.Of(DirectorySnapshot.Of([new Group { Uid = reader }], [api]), identity, Resource, Time)!;
        input = new DecisionInput
        {
            Realm = "default", ClientId = identity.Id, Time = Time, GrantType = "client_credentials", AuthenticationMethod = "private_key_jwt", CredentialHandle = "a-thumbprint", Resource = Resource,
            Scopes = ["ledger.read"], OriginIp = "127.0.0.1", Risk = RiskAssessment.None, EntitlementAge = TimeSpan.FromSeconds(1), RiskAge = TimeSpan.FromSeconds(1), IdentityNumber = 7, DirectoryNumber = 9,
            PolicyDomain = PolicyDomains.Tokens, PolicyVersion = policies.Version, DefaultLifetime = TimeSpan.FromMinutes(5), MaxLifetime = TimeSpan.FromMinutes(15),
        };
        verdict = Decision();
        if (!verdict.GrantsAny)
            throw new InvalidOperationException("the decision that is measured grants nothing");
    }

    [Benchmark(Baseline = true)]
    public int Signature()
    {
        key.TrySignHash(digest, signature, out var written);
        return written;
    }

    /// <summary>One scope, 100 policies, on a stage that is kept: as the grain decides.</summary>
    [Benchmark]
    public Verdict Decision() => Decider.Decide(policies, stage, input);

    /// <summary>Claims, digest and signature.</summary>
    [Benchmark]
    public int Jwt()
    {
        using var token = new JwtWriter();
        claims.WriteTo(token.Claims, "4rJ0sPzq0Yk3rB8mT1nVwA"u8, provenance, status);
        token.Seal(header);
        token.TrySign(key);
        return token.Token.Length;
    }

    /// <summary>The record of that decision, as it is given to the log.</summary>
    [Benchmark]
    public int Record()
    {
        var record = new DecisionEvidence
        {
            Kind = EvidenceKind.Permit, Shard = 7, Position = 41, Node = "silo-1", RequestId = Guid.Empty, Input = input, Verdict = verdict,
            Token = new TokenEvidence { JwtId = "4rJ0sPzq0Yk3rB8mT1nVwA"u8, KeyId = "a-key-of-the-ring", ExpiresAt = Time, SigningInputHash = digest, StatusList = "list", StatusIndex = 412_803 },
        }.Encode();
        var length = record.Record.Length;
        record.GiveBack();
        return length;
    }

    /// <summary>A form with an assertion, 600 bytes, from the request's buffers. The request around it is allocated here too.</summary>
    [Benchmark]
    public async Task<int> Form()
    {
        var context = new DefaultHttpContext();
        context.Features.Set<IRequestBodyPipeFeature>(new Body(form));
        context.Request.ContentType = "application/x-www-form-urlencoded";
        context.Request.ContentLength = form.Length;
        using var read = await TokenForm.Read(context.Request, CancellationToken.None);
        return read.ClientAssertion.Length;
    }

    private sealed class Body(byte[] bytes) : IRequestBodyPipeFeature
    {
        public PipeReader Reader { get; } = PipeReader.Create(new ReadOnlySequence<byte>(bytes));
    }
}
