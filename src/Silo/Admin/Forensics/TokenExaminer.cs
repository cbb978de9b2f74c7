using System.Collections.Immutable;
using Assay.Core.Evidence;
using Assay.Core.Forensics;
using Assay.Core.Jose;
using Assay.Core.Registry;
using Assay.Core.Revocation;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Keys;
using Assay.Silo.Admin.Explaining;
using Assay.Silo.Admin.Wire;
using Assay.Silo.Evidence;
using Microsoft.Extensions.Options;

namespace Assay.Silo.Admin.Forensics;

/// <summary>What is at hand of a token beside its <c>jti</c>: enough to tell whose signature it is, too little to be a token.</summary>
/// <param name="KeyId">From its header; null when it names none.</param>
/// <param name="SigningInputSha256">SHA-256 of <c>header.payload</c>.</param>
internal sealed record TokenProof(string? KeyId, ReadOnlyMemory<byte> SigningInputSha256, ReadOnlyMemory<byte> Signature);

/// <summary>Holds a token against the keys that were ever published, against the log, and against policy, and says what it is.</summary>
internal sealed class TokenExaminer(
    EvidenceReader evidence, ILogStore log, Explainer explainer, IAuthorityStore store, TokenHandles handles, SiloIdentity self, IOptions<DecisionOptions> bounds, TimeProvider clock)
{
    /// <param name="jti">Null when the token has none.</param>
    /// <param name="proof">Null when only the jti is at hand.</param>
    /// <param name="view">Whose revocations count.</param>
    public async Task<ExaminationAnswer> Examine(string? jti, TokenProof? proof, SiloSnapshot view, CancellationToken cancellationToken)
    {
        var found = jti is null ? new EvidenceFound.NotOurs() : await evidence.Find(jti, cancellationToken);
        if (found is EvidenceFound.NoRecord { Id: var place } && await Reach(place, view, cancellationToken) == RecordFact.Permit)
            found = await evidence.Find(jti!, cancellationToken); // it came while we looked
        var record = (found as EvidenceFound.Record)?.Found;
        var explanation = record is null ? null : await explainer.Record(record, cancellationToken);
        var facts = new TokenFacts
        {
            Signature = await Signature(proof, cancellationToken),
            Record = found switch
            {
                EvidenceFound.NotOurs => RecordFact.NotOurs,
                EvidenceFound.Dropped => RecordFact.Dropped,
                EvidenceFound.NoRecord none => await Reach(none.Id, view, cancellationToken) is var reach and not RecordFact.Permit ? reach : RecordFact.BeyondTheEnd,
                _ => record!.Kind == EvidenceKind.Permit ? RecordFact.Permit : RecordFact.OfSomethingElse,
            },
            Permit = record?.Kind == EvidenceKind.Permit ? Permit(record, explanation!, proof, view) : null,
        };
        var finding = TokenFinding.Of(facts);
        return new ExaminationAnswer(finding is null ? null : FindingAnswer.From(finding, facts), explanation);
    }

    /// <summary>How far the shard has come that a place without a record is in.</summary>
    private async Task<RecordFact> Reach(RecordId place, SiloSnapshot view, CancellationToken cancellationToken)
    {
        if (view.Timelines.GaveUp(place) is not null)
            return RecordFact.BeyondTheEnd; // the database was put back: a lost history may have had a record there
        foreach (var head in await log.Heads([place.Shard], cancellationToken))
        {
            if (head.Shard == place.Shard)
                return place.Position < head.Size ? RecordFact.Permit : head.IsSealed ? RecordFact.BeyondTheLast : RecordFact.BeyondTheEnd;
        }

        return RecordFact.BeyondTheEnd;
    }

    private async Task<SignatureFact> Signature(TokenProof? proof, CancellationToken cancellationToken)
    {
        if (proof is null)
            return SignatureFact.NotAtHand;
        if (proof.KeyId is null)
            return SignatureFact.KeyNeverPublished;

        // Every one there ever was: a key is never deleted, however long ago it was withdrawn.
        if (await store.Read(new ObjectKey(self.Realm, ObjectKinds.SigningKey, $"{KeyPurposes.AccessToken}/{proof.KeyId}"), cancellationToken) is not { IsDeleted: false } stored)
            return SignatureFact.KeyNeverPublished;
        return JsonWebKey.ParsePublic(RegistryJson.ReadSigningKey(stored.Body.Span).PublicJwk, out _) is { } key
            && key.Verifier.VerifyHash(proof.SigningInputSha256.Span, proof.Signature.Span)
            ? SignatureFact.Valid
            : SignatureFact.Invalid;
    }

    private PermitFacts Permit(EvidenceRecord record, ExplanationAnswer explanation, TokenProof? proof, SiloSnapshot view)
    {
        var input = record.Input!;
        return new PermitFacts
        {
            IsThisToken = proof is null ? null : record.SigningInputHash == Base64UrlText.Encode(proof.SigningInputSha256.Span),
            Life = record.ExpiresAt <= clock.GetUtcNow() ? TokenLife.Expired : TokenEnd.IsIn(view.Revocations, handles, record) ? TokenLife.Ended : TokenLife.Live,
            DataAge = input.EntitlementAge > input.RiskAge ? input.EntitlementAge : input.RiskAge,
            DataAgeBound = bounds.Value.EntitlementAgeBound,
            IsRepeated = explanation.ReDecision is { VersionGone: null } again ? again.Same : null,
            GrantedThen = Granted(explanation.Then!),
            GrantedNow = explanation.Now is { Refusal: "unavailable" } or null ? null : Granted(explanation.Now),
        };
    }

    private static ImmutableArray<string> Granted(DecisionAnswer decision) => [.. decision.Scopes.Where(scope => scope.Outcome == "granted").Select(scope => scope.Scope)];
}
