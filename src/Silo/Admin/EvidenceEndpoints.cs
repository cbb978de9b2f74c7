using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Assay.Core.Decisions;
using Assay.Core.Evidence;
using Assay.Core.Forensics;
using Assay.Core.Jose;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Silo.Admin.Explaining;
using Assay.Silo.Admin.Forensics;
using Assay.Silo.Admin.Wire;
using Assay.Silo.Evidence;

namespace Assay.Silo.Admin;

/// <summary>What was decided, and why; and what would be decided now.</summary>
internal static class EvidenceEndpoints
{
    private const int MostPerPage = 1000;

    private const int MostSignatureBytes = 1024;

    /// <summary>Of a scope, or of a request that was refused before policy was asked.</summary>
    private static readonly HashSet<string> Outcomes =
        [.. Enum.GetNames<ScopeOutcome>().Concat(Enum.GetNames<RefusalReason>()).Select(JsonNamingPolicy.CamelCase.ConvertName)];

    private static readonly ImmutableArray<string> Methods = ["private_key_jwt", "client_secret_basic", "client_secret_post"];

    public static void MapEvidence(this RouteGroupBuilder admin)
    {
        admin.MapGet("/evidence", List).Needs(AdminScopes.EvidenceRead).WithTags("evidence").WithSummary("Lists records, newest first.")
            .WithDescription("Query: identity or credential; policy (an id, or a version), resource, kind, outcome, ip; since, until (RFC 3339); limit (1 to 1000, 50 by default), look (records to look at, 1 to 100000, 20000 by default), before (the next of the page before). lookedBackTo says how far it looked when it found fewer than limit and there may be more.").Produces<EvidenceList>();
        admin.MapGet("/evidence/{id}", Explain).Needs(AdminScopes.EvidenceRead).WithTags("evidence")
            .WithSummary("Explains a record: the decision then, decided again from the record, and the same request now.")
            .WithDescription("The id is a record's, or the jti of a token.").Produces<ExplanationAnswer>().ProducesProblem(404);
        admin.MapPost("/evidence/examine", Examine).Needs(AdminScopes.EvidenceRead).WithTags("evidence")
            .WithSummary("Classifies a token: allowed then, on old data, denied now but live, forged, minted around the controls, of an unknown key; and explains its record.")
            .WithDescription("By its jti alone, or with its kid, the SHA-256 of its signing input and its signature. The token itself need not be sent.")
            .Accepts<ExaminationWish>("application/json").Produces<ExaminationAnswer>().ProducesProblem(422);
        admin.MapPost("/explain", ExplainNow).Needs(AdminScopes.IdentityRead, AdminScopes.PolicyRead).WithTags("evidence")
            .WithSummary("What an identity would get now, or under assumptions; why, and what is missing. Spends and records nothing.")
            .Accepts<ExplainQuestion>("application/json").Produces<ExplanationAnswer>().ProducesProblem(404);
    }

    private static async Task<IResult> List(HttpContext context, EvidenceWalk evidence, JtiCodec names)
    {
        if (context.Limit(50, MostPerPage) is not { } limit)
            return AdminRoutes.WrongLimit(MostPerPage);
        var (identity, credential) = (context.Query("identity"), context.Query("credential"));
        if (identity is not null && credential is not null)
            return Problems.BadQuery("identity and credential cannot both be asked for.");
        if (context.LookAt() is not { } lookAt)
            return EvidenceQuery.WrongLook();
        if (!context.TryMoment("since", DateTimeOffset.MinValue, out var since) || !context.TryMoment("until", DateTimeOffset.MaxValue, out var until))
            return Problems.BadQuery("since and until must be moments such as 2026-12-01T00:00:00Z.");
        if (!context.TryCursor(out var from))
            return EvidenceQuery.WrongCursor();
        var kind = EvidenceKind.Permit;
        if (context.Query("kind") is { } word && !(word.All(char.IsAsciiLetter) && Enum.TryParse(word, ignoreCase: true, out kind)))
            return Problems.BadQuery("kind is permit, denial, refusal or admin.");
        if (context.Query("outcome") is { } outcome && !Outcomes.Contains(outcome))
            return Problems.BadQuery($"outcome is one of {string.Join(", ", Outcomes.Order(StringComparer.Ordinal))}.");

        var filter = new EvidenceFilter
        {
            Kind = context.Query("kind") is null ? null : kind,
            Resource = context.Query("resource"),
            Policy = context.Query("policy"),
            Outcome = context.Query("outcome"),
            OriginIp = context.Query("ip"),
        };
        var subject = identity is not null ? EvidenceSubject.Identity(identity) : credential is not null ? EvidenceSubject.Credential(credential) : null;
        var found = ImmutableArray.CreateBuilder<RecordAnswer>();
        var stretch = await evidence.Back(
            new EvidenceRange(subject, since, until, from, lookAt),
            record =>
            {
                if (filter.Matches(record))
                    found.Add(RecordAnswer.From(record, names));
                return ValueTask.FromResult(found.Count < limit);
            },
            context.RequestAborted);
        var stoppedLooking = stretch.Next is not null && found.Count < limit;
        return AdminJson.Ok(new EvidenceList(found.DrainToImmutable(), stoppedLooking ? stretch.ReachedBackTo : null, stretch.Next?.ToString()));
    }

    private static async Task<IResult> Explain(string id, HttpContext context, EvidenceReader evidence, Explainer explainer)
    {
        var found = await evidence.Find(id, context.RequestAborted);
        if (found is EvidenceFound.NotOurs)
            return Problems.NotFound($"'{id}' was not made by this cluster: a token that carries it is forged, or from elsewhere.");
        if (found is EvidenceFound.Dropped)
            return Problems.NotFound($"The record of '{id}' was dropped when its time was over; its place in the log remains, as assay evidence verify shows.");
        if (found is not EvidenceFound.Record { Found: var record })
            return Problems.NotFound($"There is no record of '{id}'. No token is let out without its record: one that carries it is forged, or was minted around the controls.");

        return AdminJson.Ok(await explainer.Record(record, context.RequestAborted));
    }

    private static async Task<IResult> Examine(HttpContext context, TokenExaminer examiner, SiloView silo)
    {
        var (body, refusal) = await AdminJson.Read<ExaminationWish>(context);
        if (refusal is not null)
            return refusal;

        if (body!.Jti is { Length: 0 or > 200 } || body.Kid is { Length: > 200 })
            return Problems.Invalid("jti has 1 to 200 characters, kid 200 at most.");
        TokenProof? proof = null;
        if (body.SigningInputSha256 is not null || body.Signature is not null || body.Kid is not null)
        {
            if (Base64UrlText.Decode(body.SigningInputSha256, SHA256.HashSizeInBytes) is not { Length: SHA256.HashSizeInBytes } hash
                || body.Signature is null || Base64UrlText.Decode(body.Signature, MostSignatureBytes) is not { } signature)
                return Problems.Invalid("Of a token, signingInputSha256 (32 bytes) and signature are needed, both in base64url.");
            proof = new TokenProof(body.Kid, hash, signature);
        }

        if (body.Jti is null && proof is null)
            return Problems.Invalid("Say what to examine: a jti, or signingInputSha256 and signature.");
        return silo.Current is { } view
            ? AdminJson.Ok(await examiner.Examine(body.Jti, proof, view, context.RequestAborted))
            : Problems.Unavailable("The silo cannot tell at the moment what was revoked.");
    }

    private static async Task<IResult> ExplainNow(HttpContext context, Explainer explainer)
    {
        var (body, refusal) = await AdminJson.Read<ExplainQuestion>(context);
        if (refusal is not null)
            return refusal;

        var scopes = body!.Scopes ?? [];
        if (scopes.Length > 100 || scopes.Distinct().Count() != scopes.Length || scopes.Any(scope => scope.Length is 0 or > 200))
            return Problems.Invalid("scopes: at most 100, each once.");

        if (body.Risk is < 0 or > 100)
            return Problems.Invalid("risk is a score from 0 to 100.");
        if (body.Method is { } method && !Methods.Contains(method))
            return Problems.Invalid($"method is one of {string.Join(", ", Methods)}.");
        if (body.Ip is { } ip && !IPAddress.TryParse(ip, out _))
            return Problems.Invalid("ip is an IPv4 or IPv6 address.");

        return await explainer.Now(body.Identity, body.Resource, scopes, new Assumptions(body.Risk, body.Method, body.At, body.Ip), context.RequestAborted) is { } explanation
            ? AdminJson.Ok(explanation)
            : Problems.NotFound($"There is no identity '{body.Identity}'.");
    }
}
