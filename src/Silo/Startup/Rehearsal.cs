using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Assay.Core.Decisions;
using Assay.Core.Evidence;
using Assay.Core.Jose;
using Assay.Core.Revocation;
using Assay.Core.StatusLists;
using Assay.Core.Tokens;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Silo.ClientAuthentication;
using Assay.Silo.Tokens;

namespace Assay.Silo.Startup;

/// <summary>
/// What a token request needs, gone through before the silo says that it is ready, so that no caller waits for compilers and type loaders: a form, an
/// assertion, a decision, claims, a signature, a record's encoding. Nothing that it makes is good anywhere: all its keys and secrets are made for it
/// and forgotten. The decision is the first administrator's, asked for as an explanation, so nothing is spent, counted or recorded.
/// </summary>
internal sealed class Rehearsal(
    ClientRegistry registry, IdentityCalls identities, DecisionGate gate, SiloIdentity self, TimeProvider clock, ILogger<Rehearsal> log)
{
    /// <summary>The second finds what the first has put into caches, and goes the way of most requests.</summary>
    private const int Rounds = 2;

    /// <summary>In a cluster the administrator may live on a silo that is just going: a reason to be slower at first, not to be ready later.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private static readonly StatusEntry NoEntry = new(0, 0, 0, 0, 0, 0, 0, 0);

    private volatile bool isOver;

    /// <summary>It was gone through, or failed: either way nothing more is to be waited for.</summary>
    public bool IsOver => isOver;

    public async Task Run()
    {
        var started = clock.GetTimestamp();
        using var patience = new CancellationTokenSource(Patience, clock);
        try
        {
            await Play(patience.Token).WaitAsync(patience.Token);
            Log.Rehearsed(log, (long)clock.GetElapsedTime(started).TotalMilliseconds);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            Log.NotRehearsed(log, "it took too long.");
        }
        catch (Exception fault)
        {
            Log.NotRehearsed(log, fault.Message);
        }

        isOver = true;
    }

    private async Task Play(CancellationToken cancellationToken)
    {
        using var client = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signer = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var body = Form(client);
        var verifier = JsonWebKey.ParsePublic(Jwk(client), out _)!.Verifier;
        for (var round = 0; round < Rounds && !cancellationToken.IsCancellationRequested; round++)
        {
            await Prove(body, verifier, cancellationToken);
            var decision = await Decide(cancellationToken);
            Encode(decision, Sign(signer));
        }
    }

    private static async Task Prove(byte[] body, SignatureVerifier verifier, CancellationToken cancellationToken)
    {
        var request = new DefaultHttpContext().Request;
        request.ContentType = "application/x-www-form-urlencoded";
        request.ContentLength = body.Length;
        request.Body = new MemoryStream(body, writable: false);
        using var form = await TokenForm.Read(request, cancellationToken);
        if (!CompactJws.TryParse(form.ClientAssertion, out var jws, out _) || !ClientAssertionClaims.TryRead(jws, out _, out _) || !verifier.Verify(jws))
            throw new InvalidOperationException("an assertion of the rehearsal's own does not prove anything");
    }

    private async Task<Decision> Decide(CancellationToken cancellationToken)
    {
        var administrator = await registry.Find(self.Realm, BuiltIn.BootstrapIdentity, cancellationToken);
        using var passage = gate.Enter();
        var request = new DecisionRequest
        {
            RequestId = Guid.NewGuid(),
            GrantType = "client_credentials",
            AuthenticationMethod = "private_key_jwt",
            CredentialHandle = administrator?.Keys.Only?.Handle ?? "none",
            Resource = BuiltIn.AdminResource,
        };
        return await identities.Ask(Question.Explain, BuiltIn.BootstrapIdentity, request, passage, cancellationToken);
    }

    /// <returns>What a record would say of the token, which is gone with this call.</returns>
    private byte[] Sign(ECDsa key)
    {
        var secret = RandomNumberGenerator.GetBytes(32);
        using var names = new JtiCodec(secret);
        Span<byte> keyStream = stackalloc byte[Provenance.Size(handles: 2)];
        Span<byte> provenance = stackalloc byte[Provenance.TextLength(handles: 2)];
        Span<byte> jti = stackalloc byte[JtiCodec.TextLength];
        names.Encode(new RecordId(0, 0), jti, keyStream);
        var handles = new TokenHandles(secret);
        Provenance.Write(
            Provenance.FirstTimeline, 0, [handles.Of(RevocationKind.Credential, "rehearsal"), handles.Of(RevocationKind.PolicyVersion, "rehearsal")], keyStream, provenance);
        var place = new StatusTable(secret, "rehearsal", NoEntry).Add(NoEntry);

        var claims = new AccessTokenClaims(self.Issuer, "rehearsal", BuiltIn.AdminResource, ["none"], clock.GetUtcNow(), TimeSpan.FromSeconds(1));
        using var token = new JwtWriter();
        claims.WriteTo(token.Claims, jti, provenance, new StatusReference(new StatusListAddress("none", self.Issuer), place));
        token.Seal(new JwsHeaderSegment(JoseAlg.ES256, JoseType.AccessToken, "rehearsal"));
        token.TrySign(key);
        return token.Digest.ToArray();
    }

    /// <summary>The record is made and dropped.</summary>
    private void Encode(Decision decision, byte[] signingInputHash)
    {
        if (decision is not Decision.Decided decided)
            return;

        var record = new DecisionEvidence
        {
            Kind = EvidenceKind.Permit,
            Shard = 0,
            Position = 0,
            Node = self.Node,
            RequestId = Guid.Empty,
            Input = decided.Input,
            Verdict = decided.Verdict,
            Token = new TokenEvidence { JwtId = "rehearsal"u8, KeyId = "rehearsal", ExpiresAt = decided.Input.Time, SigningInputHash = signingInputHash },
        };
        record.Encode().GiveBack();
    }

    private byte[] Form(ECDsa key)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var input = Segment("""{"alg":"ES256","typ":"client-authentication+jwt"}""") + "." + Segment(string.Create(
            CultureInfo.InvariantCulture, $$"""{"iss":"rehearsal","sub":"rehearsal","aud":"rehearsal","iat":{{now}},"exp":{{now + 1}},"jti":"rehearsal"}"""));
        var assertion = input + "." + Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256));
        return Encoding.ASCII.GetBytes($"grant_type=client_credentials&resource=urn%3Aassay%3Aadmin&client_assertion_type=rehearsal&client_assertion={assertion}");
    }

    private static string Jwk(ECDsa key)
    {
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        return $$"""{"kty":"EC","crv":"P-256","x":"{{Base64Url.EncodeToString(point.X)}}","y":"{{Base64Url.EncodeToString(point.Y)}}"}""";
    }

    private static string Segment(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
}
