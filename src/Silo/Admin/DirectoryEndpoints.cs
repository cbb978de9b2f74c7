using Assay.Core.Registry;
using Assay.Grains.Authority;
using Assay.Silo.Admin.Wire;

namespace Assay.Silo.Admin;

/// <summary>The protected resources, and the silos.</summary>
internal static class DirectoryEndpoints
{
    public static void MapDirectory(this RouteGroupBuilder admin)
    {
        admin.MapGet("/apis", Apis).Needs(AdminScopes.ApiRead).WithTags("apis").WithSummary("Lists protected resources and their scopes.").Produces<ApiPage>();
        admin.MapGet("/silos", Silos).Needs(AdminScopes.EvidenceRead).WithTags("silos").WithSummary("Lists silos with a lease, and how far each has applied the feed.")
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
                    api.MaxTokenLifetime is { } life ? (int)life.TotalSeconds : null)),
        ]));
    }

    private static async Task<IResult> Silos(HttpContext context, IAuthorityStore store, SiloIdentity self)
    {
        var head = (await store.List(self.Realm, ObjectKinds.ActivePolicy, context.RequestAborted)).Head;
        var leases = await store.Leases(context.RequestAborted);
        return AdminJson.Ok(new SiloPage([.. leases.Select(lease => new SiloAnswer(lease.Epoch, lease.Slot, lease.Acknowledged))], head));
    }
}
