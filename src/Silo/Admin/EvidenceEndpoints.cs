using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Assay.Core.Evidence;
using Assay.Grains.Authority;
using Assay.Silo.Admin.Explaining;
using Assay.Silo.Admin.Wire;
using Assay.Silo.Evidence;

namespace Assay.Silo.Admin;

/// <summary>What was decided, and why; and what would be decided now.</summary>
internal static class EvidenceEndpoints
{
    private const int MostPerPage = 1000;

    private static readonly ImmutableArray<string> Methods = ["private_key_jwt", "client_secret_basic", "client_secret_post"];

    public static void MapEvidence(this RouteGroupBuilder admin)
    {
        admin.MapGet("/evidence", List).Needs(AdminScopes.EvidenceRead).WithTags("evidence").WithSummary("Lists records, newest first.")
            .WithDescription("Query: identity or credential, resource, kind, since (RFC 3339), limit (1 to 1000, 50 by default). resource and kind are looked for in the newest 1000 records; lookedBackTo says when there may be more.").Produces<EvidenceList>();
        admin.MapGet("/evidence/{id}", Explain).Needs(AdminScopes.EvidenceRead).WithTags("evidence")
            .WithSummary("Explains a record: the decision then, decided again from the record, and the same request now.")
            .WithDescription("The id is a record's, or the jti of a token.").Produces<ExplanationAnswer>().ProducesProblem(404);
        admin.MapPost("/explain", ExplainNow).Needs(AdminScopes.IdentityRead, AdminScopes.PolicyRead).WithTags("evidence")
            .WithSummary("What an identity would get now, or under assumptions; why, and what is missing. Spends and records nothing.")
            .Accepts<ExplainQuestion>("application/json").Produces<ExplanationAnswer>().ProducesProblem(404);
    }

    private static async Task<IResult> List(HttpContext context, EvidenceReader evidence, JtiCodec names, SiloIdentity self)
    {
        if (context.Limit(50, MostPerPage) is not { } limit)
            return AdminRoutes.WrongLimit(MostPerPage);
        var (identity, credential) = (context.Query("identity"), context.Query("credential"));
        if (identity is not null && credential is not null)
            return Problems.BadQuery("identity and credential cannot both be asked for.");

        var since = DateTimeOffset.MinValue;
        if (context.Query("since") is { } text
            && !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out since))
            return Problems.BadQuery("since must be a moment such as 2026-12-01T00:00:00Z.");

        var subject = identity is not null ? EvidenceSubject.Identity(identity) : credential is not null ? EvidenceSubject.Credential(credential) : null;
        var (resource, kind) = (context.Query("resource"), context.Query("kind"));
        var isFiltered = resource is not null || kind is not null;
        var read = isFiltered ? MostPerPage : limit; // a filter looks through the newest that may be read at once
        var records = subject is null
            ? await evidence.Newest(read, context.RequestAborted)
            : await evidence.BySubject(self.Realm, subject, since, read, context.RequestAborted);
        var found = records
            .Where(record => record.Time >= since && (resource is null || record.Input?.Resource == resource) && (kind is null || RecordAnswer.KindOf(record) == kind))
            .Take(limit)
            .ToArray();
        var stoppedLooking = isFiltered && records.Length == read && found.Length < limit && records[^1].Time >= since;
        return AdminJson.Ok(new EvidenceList([.. found.Select(record => RecordAnswer.From(record, names))], stoppedLooking ? records[^1].Time : null));
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
