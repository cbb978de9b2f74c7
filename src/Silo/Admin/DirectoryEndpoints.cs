using Assay.Core.Registry;
using Assay.Grains.Authority;
using Assay.Silo.Admin.Wire;
using Assay.Silo.Health;

namespace Assay.Silo.Admin;

/// <summary>The protected resources, roles and teams, and the silos.</summary>
internal static class DirectoryEndpoints
{
    public static void MapDirectory(this RouteGroupBuilder admin)
    {
        admin.MapGet("/apis", Apis).Needs(AdminScopes.ApiRead).WithTags("apis").WithSummary("Lists protected resources and their scopes.").Produces<ApiPage>();
        admin.MapGet("/groups", Groups).Needs(AdminScopes.ApiRead).WithTags("groups").WithSummary("Lists roles and teams.").Produces<GroupPage>();
        admin.MapGet("/silos", Silos).Needs(AdminScopes.EvidenceRead).WithTags("silos").WithSummary("Lists silos: their leases, how far each has applied the feed, and their figures.")
            .WithDescription("Those that are not sealed, and those sealed within the last hour.")
            .Produces<SiloPage>();
    }

    private static async Task<IResult> Apis(HttpContext context, IAuthorityStore store, SiloIdentity self)
    {
        var list = await store.List(self.Realm, ObjectKinds.Api, context.RequestAborted);
        return AdminJson.Ok(new ApiPage(
        [
            .. list.Objects
                .Select(found => RegistryJson.ReadApi(found.Body.Span))
                .OrderBy(api => api.Resource, StringComparer.Ordinal)
                .Select(api => new ApiAnswer(
                    api.Resource,
                    api.Name,
                    api.ManagedBy,
                    api.PolicyDomain,
                    [.. api.Scopes.Select(scope => new ApiScopeAnswer(scope.Name, scope.Description, scope.Groups))],
                    api.MaxTokenLifetime is { } life ? (int)life.TotalSeconds : null,
                    [.. api.Parents.Select(parent => parent.ToString())],
                    AttributesJson.Of(api.Attributes),
                    api.ResourceServers)),
        ]));
    }

    private static async Task<IResult> Groups(HttpContext context, IAuthorityStore store, SiloIdentity self)
    {
        var list = await store.List(self.Realm, ObjectKinds.Group, context.RequestAborted);
        return AdminJson.Ok(new GroupPage(
        [
            .. list.Objects
                .Select(found => RegistryJson.ReadGroup(found.Body.Span))
                .Select(group => new GroupAnswer(
                    group.Uid.ToString(), group.Description, group.ManagedBy, [.. group.Parents.Select(parent => parent.ToString())], AttributesJson.Of(group.Attributes)))
                .OrderBy(group => group.Group, StringComparer.Ordinal),
        ]));
    }

    private static async Task<IResult> Silos(HttpContext context, IAuthorityStore store, SiloIdentity self, TimeProvider clock)
    {
        var rows = await store.Silos(context.RequestAborted);
        var head = (await store.List(self.Realm, ObjectKinds.ActivePolicy, context.RequestAborted)).Head; // after the rows: nobody is ahead of it
        var now = clock.GetUtcNow();
        return AdminJson.Ok(new SiloPage([.. rows.Select(row => Answer(row, head, now))], head));
    }

    private static SiloAnswer Answer(SiloRow row, long head, DateTimeOffset now) => new()
    {
        Epoch = row.Epoch,
        Slot = row.Place.Slot,
        Address = row.Place.Address,
        State = row switch
        {
            { Seal: not null } => "sealed",
            { Condemned: true } => "condemned",
            _ => row.LapsesAt <= now ? "lapsed" : "active",
        },
        JoinedAt = row.JoinedAt,
        RenewedAt = row.RenewedAt,
        LapsesAt = row.LapsesAt,
        LeaseAgeSeconds = row.Seal is null ? Math.Round(Math.Max(0, (now - row.RenewedAt).TotalSeconds), 3) : null,
        Acknowledged = row.Acknowledged,
        Lag = row.Seal is null ? Math.Max(0, head - row.Acknowledged) : null,
        Seal = row.Seal,
        Figures = SiloFigures.Read(row.Report),
    };
}
