using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using Assay.Core.Decisions;
using Assay.Core.Evidence;
using Assay.Core.Jose;
using Assay.Core.Revocation;
using Assay.Core.StatusLists;
using Assay.Core.Tokens;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Grains.Keys;
using Assay.Silo.ClientAuthentication;
using Assay.Silo.Signing;
using Assay.Silo.StatusLists;

namespace Assay.Silo.Tokens;

/// <summary>The life of a token request: authenticate, decide, sign beside the record, answer.</summary>
internal sealed class TokenIssuer(
    ClientAuthenticator authenticator,
    IdentityCalls identities,
    SiloView silo,
    DecisionGate gate,
    EvidenceAppender evidence,
    TokenSigner signer,
    JtiCodec jtis,
    TokenHandles handles,
    StatusListShelf statuses,
    SiloIdentity self,
    AuthenticationFailures failures,
    AssayMetrics metrics)
{
    private readonly RequestIds requestIds = new();

    /// <summary>Issues a token or says why not. No token leaves before its evidence is durable.</summary>
    [AsyncMethodBuilder(typeof(KeptMethodBuilder<>))]
    public async ValueTask<TokenResult> Issue(
        TokenForm form, string? authorization, IPAddress? address, DecisionTicket passage, CancellationToken cancellationToken)
    {
        if (Malformed(form, out var scopes) is { } fault)
            return new TokenResult.Refused(fault);
        if (silo.Current is null)
            return Unavailable("this silo may not decide at the moment");

        var origin = OriginOf(address);
        ClientProof proof;
        using (AssayMetrics.Traces.StartActivity("authenticate"))
            proof = await authenticator.Authenticate(form.ProofWith(authorization), origin ?? "", cancellationToken);
        if (proof is not ClientProof.Proved client)
            return new TokenResult.Refused(ErrorOf(proof));
        if (form.HasAuthorizationDetails)
            return new TokenResult.Refused(new OAuthError(400, "invalid_authorization_details", "rich authorization requests are not supported"));
        if (form.HasSeveralResources)
            return new TokenResult.Refused(new OAuthError(400, "invalid_target", "a token is for one resource; ask for each by itself"));

        var request = Request(client, form.GrantType!, origin, form.Resource, scopes);
        Decision decision;
        using (AssayMetrics.Traces.StartActivity("decide"))
            decision = await identities.Ask(Question.Decide, client.ClientId, request, passage, cancellationToken);
        return await Settle(client, request, decision);
    }

    /// <summary>Issues several tokens to one caller: one proof, and for each a decision and a record of its own. All decisions rest on the same state.</summary>
    public async ValueTask<BatchResult> IssueAll(
        TokenBatch batch, string? authorization, IPAddress? address, DecisionTicket passage, CancellationToken cancellationToken)
    {
        if (batch.IsTooLarge)
            return new BatchResult.Refused(new OAuthError(413, "invalid_request", $"the body is over {TokenBatch.MaxBodyBytes} bytes"));
        if (batch.Fault is { } fault)
            return new BatchResult.Refused(OAuthError.InvalidRequest(fault));
        if (silo.Current is null)
            return new BatchResult.Refused(OAuthError.Unavailable("this silo may not decide at the moment"));

        var origin = OriginOf(address);
        ClientProof proof;
        using (AssayMetrics.Traces.StartActivity("authenticate"))
            proof = await authenticator.Authenticate(batch.ProofWith(authorization), origin ?? "", cancellationToken);
        if (proof is not ClientProof.Proved client)
            return new BatchResult.Refused(ErrorOf(proof));

        var wanted = new BatchRequest
        {
            Asker = Request(client, TokenForm.ClientCredentials, origin, null, []),
            Wanted = [.. batch.Requests.Where(one => one is not null).Select(one => one!)],
        };
        Decision decision;
        using (AssayMetrics.Traces.StartActivity("decide"))
            decision = await identities.DecideAll(client.ClientId, wanted, passage, cancellationToken);
        return decision is Decision.Several several
            ? new BatchResult.Answered(await SettleAll(client, batch.Requests, wanted.Asker, several.Answers))
            : new BatchResult.Refused(((TokenResult.Refused)await Settle(client, wanted.Asker, decision)).Error);
    }

    private async ValueTask<TokenResult[]> SettleAll(
        ClientProof.Proved client, ImmutableArray<Wanted?> requests, DecisionRequest asker, ImmutableArray<Decision> decisions)
    {
        // All records are under way before the first is waited for: they share commits.
        var pending = new ValueTask<TokenResult>[requests.Length];
        for (int i = 0, decided = 0; i < pending.Length; i++)
        {
            if (requests[i] is null)
                pending[i] = new(new TokenResult.Refused(MalformedScope()));
            else
                pending[i] = Settle(client, asker, decisions[decided++]);
            if (i % 16 == 15)
                await Task.Yield(); // a signature is work: others are let in between
        }

        var results = new TokenResult[pending.Length];
        for (var i = 0; i < pending.Length; i++)
            results[i] = await pending[i];
        return results;
    }

    /// <summary>What follows from a decision: a token, or a refusal, and the record of it.</summary>
    private ValueTask<TokenResult> Settle(ClientProof.Proved client, DecisionRequest request, Decision decision)
    {
        switch (decision)
        {
            case Decision.Decided decided:
                return decided.Verdict.GrantedScopes() is { IsEmpty: false } granted
                    ? Sign(client, request, decided, granted)
                    : Deny(client, request, decided);

            case Decision.Refused { Input: { } input } refused:
                return Record(client, request, EvidenceKind.Refusal, input, null, refused.Reason, ErrorOf(refused));

            case Decision.Refused refused:
                failures.Count(client.Method, refused.Reason.ToString(), client.ClientId, request.OriginIp ?? "");
                return new(new TokenResult.Refused(ErrorOf(refused)));

            case Decision.Unavailable { Reason: var reason }:
                return new(Unavailable($"no current decision can be made ({reason}); nothing was issued"));

            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private DecisionRequest Request(ClientProof.Proved client, string grantType, string? origin, string? resource, ImmutableArray<string> scopes) => new()
    {
        RequestId = requestIds.Next(),
        GrantType = grantType,
        AuthenticationMethod = client.Method,
        CredentialHandle = client.CredentialHandle,
        Resource = resource,
        Scopes = scopes,
        OriginIp = origin,
        AssertionHash = client.AssertionHash,
        AssertionUntil = client.AssertionUntil,
        MinimumNumber = gate.Floor,
    };

    [AsyncMethodBuilder(typeof(KeptMethodBuilder<>))]
    private async ValueTask<TokenResult> Sign(ClientProof.Proved client, DecisionRequest request, Decision.Decided decided, ImmutableArray<string> granted)
    {
        if (signer.Pick(KeyPurposes.AccessToken) is not { } signing)
            return Unavailable("there is no signing key at the moment");
        using var slot = evidence.Reserve();
        if (slot is null)
            return Unavailable("the evidence log does not keep up");

        var input = decided.Input;
        var policyVersion = handles.Of(RevocationKind.PolicyVersion, input.PolicyVersion);
        var credential = handles.Of(RevocationKind.Credential, client.CredentialHandle);
        Span<byte> jti = stackalloc byte[JtiCodec.TextLength];
        Span<byte> provenance = stackalloc byte[Provenance.TextLength(handles: 2)];
        Name(slot, decided.Number, [credential, policyVersion], jti, provenance);
        var claims = new AccessTokenClaims(self.Issuer, client.ClientId, input.Resource, granted, input.Time, decided.Verdict.Lifetime);
        if (claims.ExpiresAt > signing.Key.PublishedUntil)
            return Unavailable("the signing key leaves before this token would expire");
        if (statuses.Take(new StatusEntry(
            slot.Position, decided.Number, claims.IssuedAt.ToUnixTimeSeconds(), claims.ExpiresAt.ToUnixTimeSeconds(),
            handles.Of(RevocationKind.Identity, client.ClientId), credential, policyVersion, handles.Of(RevocationKind.Key, signing.Key.KeyId))) is not { } status)
            return Unavailable("there is no status list for this token");

        var token = new JwtWriter();
        try
        {
            claims.WriteTo(token.Claims, jti, provenance, status);
            token.Seal(signing.Header);
            var requestSpan = Activity.Current;
            using var recording = AssayMetrics.Traces.StartActivity("record");
            Fill(slot, client, request, EvidenceKind.Permit, input, decided, token: new TokenEvidence
            {
                JwtId = jti,
                KeyId = signing.Key.KeyId,
                ExpiresAt = claims.ExpiresAt,
                SigningInputHash = token.Digest,
                StatusList = status.List.Id,
                StatusIndex = status.Index,
            });

            // Beside the write, not after it: the record needs the hash, not the signature.
            using (AssayMetrics.Traces.StartActivity("sign", ActivityKind.Internal, requestSpan?.Context ?? default))
            {
                if (!token.TrySign(signing.Key.PrivateKey))
                    throw new InvalidOperationException($"key {signing.Key.KeyId} cannot sign ES256");
            }

            if (!await slot.Settled)
            {
                token.Dispose();
                return Unavailable("the record of the decision is not durable; nothing was issued");
            }
        }
        catch
        {
            token.Dispose();
            throw;
        }

        foreach (var scope in decided.Verdict.Scopes)
        {
            if (!scope.Granted)
                metrics.ScopeWithheld(scope.Outcome.ToString());
        }

        return new TokenResult.Issued(token, decided.Verdict.Lifetime, granted, StepUp(decided.Verdict));
    }

    /// <summary>The <c>jti</c>, and what the token's end will be told by.</summary>
    private void Name(EvidenceSlot slot, long number, ReadOnlySpan<ulong> ends, Span<byte> jti, Span<byte> provenance)
    {
        Span<byte> keyStream = stackalloc byte[Provenance.Size(ends.Length)];
        jtis.Encode(new RecordId(slot.Shard, slot.Position), jti, keyStream);
        Provenance.Write(silo.Newest!.Timelines.Current, number, ends, keyStream, provenance);
    }

    private ValueTask<TokenResult> Deny(ClientProof.Proved client, DecisionRequest request, Decision.Decided decided) =>
        Record(client, request, EvidenceKind.Denial, decided.Input, decided, null, new OAuthError(400, "invalid_scope", Describe(decided.Verdict))
        {
            StepUp = StepUp(decided.Verdict),
        });

    /// <summary>A refusal is answered once its record is durable too, and names it.</summary>
    private async ValueTask<TokenResult> Record(
        ClientProof.Proved client, DecisionRequest request, EvidenceKind kind, DecisionInput input, Decision.Decided? decided, RefusalReason? refusal, OAuthError error)
    {
        using var slot = evidence.Reserve();
        if (slot is null)
            return Unavailable("the evidence log does not keep up");
        using var recording = AssayMetrics.Traces.StartActivity("record");
        Fill(slot, client, request, kind, input, decided, refusal?.ToString(), error.Code);
        return await slot.Settled
            ? new TokenResult.Refused(error with { DecisionId = jtis.Encode(new RecordId(slot.Shard, slot.Position)) })
            : Unavailable("the record of the decision is not durable");
    }

    private void Fill(
        EvidenceSlot slot, ClientProof.Proved client, DecisionRequest request, EvidenceKind kind, DecisionInput input, Decision.Decided? decided,
        string? refusal = null, string? error = null, TokenEvidence token = default)
    {
        Span<byte> spent = stackalloc byte[client.AssertionHash is null ? 0 : 2 * AssertionHash.Size];
        client.AssertionHash?.WriteHex(spent);
        var record = new DecisionEvidence
        {
            Kind = kind,
            Shard = slot.Shard,
            Position = slot.Position,
            Node = self.Node,
            RequestId = request.RequestId,
            Input = input,
            Verdict = decided?.Verdict,
            Shadow = decided?.Shadow,
            Refusal = refusal,
            Error = error,
            Token = token,
            SpentAssertion = spent,
        };
        slot.Fill(record.Encode(), Index(client));
    }

    private EvidenceEntry Index(ClientProof.Proved client) => new(
        self.Realm,
        client.ClientId,
        client.CredentialHandle,
        client.AssertionHash is { } hash ? new SpentAssertion(hash, client.AssertionUntil) : null);

    private static OAuthError? Malformed(TokenForm form, out ImmutableArray<string> scopes)
    {
        scopes = [];
        if (form.IsTooLarge)
            return new OAuthError(413, "invalid_request", $"the body is over {TokenForm.MaxBodyBytes} bytes");
        if (form.Fault is { } fault)
            return OAuthError.InvalidRequest(fault);
        if (form.GrantType is null)
            return OAuthError.InvalidRequest("grant_type is missing");
        if (form.GrantType != TokenForm.ClientCredentials)
            return new OAuthError(400, "unsupported_grant_type", "expected client_credentials");
        return ScopeList.TryParse(form.Scope, out scopes) ? null : MalformedScope();
    }

    private static OAuthError MalformedScope() => new(400, "invalid_scope", $"scope is not 1 to {ScopeList.MaxScopes} scope tokens parted by single spaces");

    private static string? OriginOf(IPAddress? address) => address is null ? null : (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();

    private static ImmutableArray<string> StepUp(Verdict verdict)
    {
        ImmutableArray<string> needed = [];
        foreach (var scope in verdict.Scopes)
        {
            foreach (var verification in scope.StepUp)
            {
                if (!needed.Contains(verification))
                    needed = needed.Add(verification);
            }
        }

        return needed;
    }

    /// <summary>A caller learns a code and what policy authors marked public; the rest is in the record.</summary>
    private static string Describe(Verdict verdict)
    {
        foreach (var scope in verdict.Scopes)
        {
            if (!scope.PublicReasons.IsEmpty)
                return scope.PublicReasons[0];
        }

        return "none of the scopes asked for is granted now";
    }

    internal static OAuthError ErrorOf(ClientProof proof) => proof switch
    {
        ClientProof.Malformed malformed => OAuthError.InvalidRequest(malformed.Description),
        ClientProof.TooManyFailures limited => OAuthError.TooMany(limited.RetryAfter),
        _ => OAuthError.InvalidClient(),
    };

    private static OAuthError ErrorOf(Decision.Refused refused) => refused.Reason switch
    {
        RefusalReason.UnknownIdentity or RefusalReason.CredentialNotHeld or RefusalReason.AssertionReplayed => OAuthError.InvalidClient(),
        RefusalReason.IdentityDisabled => new OAuthError(400, "unauthorized_client", "the client is disabled"),
        RefusalReason.GrantTypeNotAllowed => new OAuthError(400, "unauthorized_client", "the client may not use this grant type"),
        RefusalReason.UnknownResource => new OAuthError(400, "invalid_target", "the resource is not registered"),
        RefusalReason.NoResource => new OAuthError(400, "invalid_target", "resource is missing and the client has no default"),
        RefusalReason.RateLimited => OAuthError.TooMany(refused.RetryAfter ?? TimeSpan.FromSeconds(1)),
        _ => throw new UnreachableException(),
    };

    private static TokenResult.Refused Unavailable(string description) => new(OAuthError.Unavailable(description));
}
