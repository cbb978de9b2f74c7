using Assay.Cedar;
using Assay.Core.Registry;
using Assay.Core.Revocation;
using Assay.Grains.Authority;
using Assay.Silo.Admin.Forensics;
using Assay.Silo.Admin.Wire;

namespace Assay.Silo.Admin;

/// <summary><c>GET /blast-radius</c>: what hangs on an identity, a credential, a policy, an entitlement or a key.</summary>
internal static class BlastRadiusEndpoint
{
    private const int MostTokens = 1_000;

    public static void MapBlastRadius(this RouteGroupBuilder admin) =>
        admin.MapGet("/blast-radius", Gather).Needs(AdminScopes.EvidenceRead).WithTags("incidents")
            .WithSummary("What hangs on an identity, a credential, a policy, an entitlement or a signing key: live tokens, who got them, what they reach, from where.")
            .WithDescription("Query: kind, name; since (RFC 3339; as long ago as any token lives without it), limit (live tokens listed, 1 to 1000, 100 by default), look (records to look at, 1 to 100000, 20000 by default), before (the next of the answer before).")
            .Produces<BlastRadiusAnswer>();

    private static async Task<IResult> Gather(HttpContext context, BlastRadiusReport report, SiloView silo, TimeProvider clock)
    {
        if (context.Query("kind") is not { } word || !word.All(char.IsAsciiLetter) || !Enum.TryParse<RadiusKind>(word, ignoreCase: true, out var kind))
            return Problems.BadQuery("kind is identity, credential, policy, entitlement or key.");
        if (context.Query("name") is not { Length: > 0 and <= RevocationId.MaxNameLength } name)
            return Problems.BadQuery($"name has 1 to {RevocationId.MaxNameLength} characters.");
        EntityUid? group = null;
        if (kind == RadiusKind.Entitlement)
        {
            if (!EntityUid.TryParse(name, out var uid) || uid.Type is not (EntityTypes.Role or EntityTypes.Team))
                return Problems.BadQuery("The name of an entitlement is a role or team: Assay::Role::\"name\" or Assay::Team::\"name\".");
            group = uid;
        }

        if (context.Limit(100, MostTokens) is not { } tokens)
            return AdminRoutes.WrongLimit(MostTokens);
        if (context.LookAt() is not { } lookAt)
            return EvidenceQuery.WrongLook();
        if (!context.TryMoment("since", clock.GetUtcNow() - RevocationSet.Retention, out var since))
            return Problems.BadQuery("since must be a moment such as 2026-12-01T00:00:00Z.");
        if (!context.TryCursor(out var from))
            return EvidenceQuery.WrongCursor();

        return silo.Current is { } view
            ? AdminJson.Ok(await report.Gather(new RadiusQuestion(kind, name, group, since, from, lookAt, tokens), view, context.RequestAborted))
            : Problems.Unavailable("The silo cannot tell at the moment what was revoked.");
    }
}
