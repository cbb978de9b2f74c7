using System.Collections.Immutable;
using System.Text;
using Assay.Cedar;
using Assay.Core.Registry;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Silo.Admin.Wire;

namespace Assay.Silo.Admin;

/// <summary>Identities: list, show, declare, delete.</summary>
internal static class IdentityEndpoints
{
    private const int MostPerPage = 500;

    public static void MapIdentities(this RouteGroupBuilder admin)
    {
        var identities = admin.MapGroup("/identities").WithTags("identities");
        identities.MapGet("", List).Needs(AdminScopes.IdentityRead).WithSummary("Lists identities by id.")
            .WithDescription("Query: limit (1 to 500, 100 by default), after (the next of the page before).").Produces<IdentityPage>();
        identities.MapGet("/{id}", Show).Needs(AdminScopes.IdentityRead).WithSummary("Shows one identity.").Produces<IdentityAnswer>().ProducesProblem(404);
        identities.MapPut("/{id}", Declare).Needs(AdminScopes.IdentityWrite).WithSummary("Creates an identity, or replaces the declared fields of one that no bundle manages.")
            .WithDescription("If-Match names the version to replace; without it the identity must not exist.")
            .Accepts<IdentityDeclaration>("application/json").Produces<ChangeAnswer>().ProducesProblem(409).ProducesProblem(422);
        identities.MapDelete("/{id}", Delete).Needs(AdminScopes.IdentityWrite).WithSummary("Deletes an identity that no bundle manages.")
            .Produces<ChangeAnswer>().ProducesProblem(404).ProducesProblem(409);
    }

    private static async Task<IResult> List(HttpContext context, IAuthorityStore store, SiloIdentity self, TimeProvider clock)
    {
        if (context.Limit(100, MostPerPage) is not { } limit)
            return AdminRoutes.WrongLimit(MostPerPage);

        // One more than asked for tells whether there is a next page.
        var found = await store.Page(self.Realm, ObjectKinds.Identity, context.Query("after"), limit + 1, context.RequestAborted);
        var now = clock.GetUtcNow();
        return AdminJson.Ok(new IdentityPage(
            [.. found.Take(limit).Select(stored => IdentityAnswer.From(RegistryJson.ReadIdentity(stored.Body.Span), stored.Number, now))],
            found.Length > limit ? found[limit - 1].Key.Id : null));
    }

    private static async Task<IResult> Show(RouteId id, HttpContext context, IAuthorityStore store, SiloIdentity self, TimeProvider clock) =>
        await store.Read(new ObjectKey(self.Realm, ObjectKinds.Identity, id), context.RequestAborted) is { IsDeleted: false } found
            ? AdminJson.Ok(IdentityAnswer.From(RegistryJson.ReadIdentity(found.Body.Span), found.Number, clock.GetUtcNow()))
            : Problems.NotFound($"There is no identity '{id}'.");

    private static async Task<IResult> Declare(RouteId id, HttpContext context, IGrainFactory grains, AdminDesk desk, KnownGroups groups, SiloIdentity self)
    {
        var (body, refusal) = await AdminJson.Read<IdentityDeclaration>(context);
        if (refusal is not null)
            return refusal;
        if (ExpectedNumber(context) is not { } expected)
            return Problems.BadQuery("If-Match must be a version in quotes, for instance \"12\".");

        var faults = ImmutableArray.CreateBuilder<string>();
        var identity = Declared(id, body!, faults);
        foreach (var membership in identity?.Memberships ?? [])
        {
            if (await groups.Fault(membership.Group.ToString(), context.RequestAborted) is { } fault)
                faults.Add($"memberships: {fault}");
        }

        if (identity is null || faults.Count > 0)
            return Problems.Invalid($"'{id}' cannot be declared like this.", faults.DrainToImmutable());

        var change = new IdentityChange.Declare(Encoding.UTF8.GetString(RegistryJson.Write(identity).Span), expected);
        var result = await grains.GetGrain<IIdentityGrain>(GrainKey.For(self.Realm, id)).Change(change, context.Caller().ClientId);
        return await desk.Settle(context, result, Direction.Narrows, context.Caller(), "declare identity", id, id);
    }

    private static async Task<IResult> Delete(RouteId id, HttpContext context, IGrainFactory grains, AdminDesk desk, SiloIdentity self)
    {
        var result = await grains.GetGrain<IIdentityGrain>(GrainKey.For(self.Realm, id)).Change(new IdentityChange.Delete(), context.Caller().ClientId);
        return await desk.Settle(context, result, Direction.Narrows, context.Caller(), "delete identity", id, id);
    }

    private static long? ExpectedNumber(HttpContext context) => context.Request.Headers.IfMatch switch
    {
        [] => 0,
        [{ Length: > 2 } tag] when tag[0] == '"' && tag[^1] == '"'
            && long.TryParse(tag.AsSpan(1, tag.Length - 2), System.Globalization.NumberStyles.None, null, out var number) => number,
        _ => null,
    };

    private static Identity? Declared(string id, IdentityDeclaration body, ImmutableArray<string>.Builder faults)
    {
        if (id.Length is 0 or > 128 || id.Any(c => !char.IsAsciiLetterOrDigit(c) && !"._:/@-".Contains(c)))
            faults.Add("id: 1 to 128 characters of A-Z a-z 0-9 . _ : / @ -");
        if (body.Kind is not ("workload" or "person"))
            faults.Add("kind: workload or person");
        if (body.Name is { Length: > 200 } || body.Owner is { Length: > 200 })
            faults.Add("name, owner: at most 200 characters");
        if (body.GrantTypes is { } grants && grants.Any(grant => grant != "client_credentials"))
            faults.Add("grantTypes: client_credentials is the one there is");
        if (body.DefaultResource is { } resource && (resource.Length > 2000 || !Uri.TryCreate(resource, UriKind.Absolute, out _) || resource.Contains('#')))
            faults.Add("defaultResource: an absolute URI without fragment");
        if (body.RequestsPerSecond is < 1 or > 1_000_000)
            faults.Add("requestsPerSecond: 1 to 1000000");

        var memberships = ImmutableArray.CreateBuilder<Membership>();
        foreach (var declared in body.Memberships ?? [])
        {
            if (!EntityUid.TryParse(declared.Group, out var group) || group.Type is not (EntityTypes.Role or EntityTypes.Team))
                faults.Add($"memberships: '{declared.Group}' is not a role or team; write Assay::Role::\"name\" or Assay::Team::\"name\"");
            else if (memberships.Any(other => other.Group == group))
                faults.Add($"memberships: {group} is there twice");
            else
                memberships.Add(new Membership { Group = group, ExpiresAt = declared.ExpiresAt });
        }

        if (memberships.Count > 512)
            faults.Add("memberships: at most 512");

        var attributes = RecordValue.Empty;
        try
        {
            if (body.Attributes is { } json)
                attributes = CedarJson.ReadValue(json) as RecordValue ?? throw new CedarDataException("an object was expected");
        }
        catch (CedarDataException fault)
        {
            faults.Add($"attributes: {fault.Message}");
        }

        return faults.Count > 0
            ? null
            : new Identity
            {
                Id = id,
                Kind = body.Kind == "person" ? IdentityKind.Person : IdentityKind.Workload,
                Name = body.Name,
                Owner = body.Owner,
                GrantTypes = body.GrantTypes ?? ["client_credentials"],
                DefaultResource = body.DefaultResource,
                RequestsPerSecond = body.RequestsPerSecond,
                Attributes = attributes,
                Memberships = memberships.DrainToImmutable(),
            };
    }
}
