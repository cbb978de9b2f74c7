using System.Text.Json;
using Assay.Cedar;
using Assay.Core.Registry;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Silo.Admin.Wire;

namespace Assay.Silo.Admin;

/// <summary>What happens to an identity and no bundle owns: memberships, signals, credentials, disabling.</summary>
internal static class IdentityStateEndpoints
{
    public static void MapIdentityState(this RouteGroupBuilder admin)
    {
        var one = admin.MapGroup("/identities/{id}").WithTags("identities");
        one.MapPut("/memberships", AddMember).Needs(AdminScopes.IdentityWrite).WithSummary("Adds a membership, or changes when it ends; lifts an earlier removal.")
            .Accepts<MembershipDeclaration>("application/json").Produces<ChangeAnswer>().ProducesProblem(404).ProducesProblem(422);
        one.MapDelete("/memberships", RemoveMember).Needs(AdminScopes.IdentityWrite).WithSummary("Removes a membership, also one that a bundle declares.")
            .WithDescription("Query: group, for instance Assay::Role::\"payments-reader\".").Produces<ChangeAnswer>().ProducesProblem(404);
        one.MapPut("/signals/{name}", RaiseSignal).Needs(AdminScopes.SignalWrite).WithSummary("Raises a risk signal, or replaces it.")
            .Accepts<SignalWish>("application/json").Produces<ChangeAnswer>().ProducesProblem(404).ProducesProblem(422);
        one.MapDelete("/signals/{name}", ClearSignal).Needs(AdminScopes.SignalWrite).WithSummary("Clears a risk signal, whoever raised it.")
            .Produces<ChangeAnswer>().ProducesProblem(404);
        one.MapPost("/credentials", AddCredential).Needs(AdminScopes.IdentityWrite).WithSummary("Adds a public key, or makes a secret that is shown once.")
            .Accepts<CredentialWish>("application/json").Produces<ChangeAnswer>().ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
        one.MapDelete("/credentials/{handle}", Revoke).Needs(AdminScopes.IdentityWrite).WithSummary("Revokes a credential for good.")
            .Produces<ChangeAnswer>().ProducesProblem(404);
        one.MapPost("/disable", Disable).Needs(AdminScopes.IdentityWrite).WithSummary("No more tokens for it.")
            .Accepts<DisableWish>("application/json").Produces<ChangeAnswer>().ProducesProblem(404);
        one.MapPost("/enable", Enable).Needs(AdminScopes.IdentityWrite).WithSummary("Lifts disable.").Produces<ChangeAnswer>().ProducesProblem(404);
    }

    private static async Task<IResult> AddMember(RouteId id, HttpContext context, Changes changes, KnownGroups groups)
    {
        var (body, refusal) = await AdminJson.Read<MembershipDeclaration>(context);
        if (refusal is not null)
            return refusal;
        return await groups.Fault(body!.Group, context.RequestAborted) is { } fault
            ? Problems.Invalid(fault)
            : await changes.Make(context, id, new IdentityChange.AddMember(body.Group, body.ExpiresAt), Direction.Narrows, $"add to {body.Group}"); // an earlier end narrows
    }

    private static async Task<IResult> RemoveMember(RouteId id, HttpContext context, Changes changes) =>
        context.Query("group") is { Length: > 0 } group
            ? await changes.Make(context, id, new IdentityChange.RemoveMember(group), Direction.Narrows, $"remove from {group}")
            : Problems.BadQuery("group must name the role or team.");

    private static async Task<IResult> RaiseSignal(RouteId id, string name, HttpContext context, Changes changes)
    {
        var (body, refusal) = await AdminJson.Read<SignalWish>(context);
        if (refusal is not null)
            return refusal;

        TimeSpan? halfLife = null;
        if (body!.HalfLife is { } text)
        {
            if (!SpanText.TryRead(text, out var span))
                return Problems.Invalid($"halfLife '{text}' is not a span such as 30m, 1h or 2d.");
            halfLife = span;
        }

        return await changes.Make(
            context, id, new IdentityChange.RaiseSignal(name, "admin", body.Weight, halfLife, body.ExpiresAt), Direction.Narrows, $"raise signal {name} at {body.Weight}");
    }

    private static Task<IResult> ClearSignal(RouteId id, string name, HttpContext context, Changes changes) =>
        changes.Make(context, id, new IdentityChange.ClearSignal(name), Direction.Widens, $"clear signal {name}");

    private static async Task<IResult> AddCredential(RouteId id, HttpContext context, Changes changes)
    {
        var (body, refusal) = await AdminJson.Read<CredentialWish>(context);
        if (refusal is not null)
            return refusal;
        if (body!.GenerateSecret == body.PublicJwk is not null)
            return Problems.Invalid("Say one of them: publicJwk, or generateSecret true.");

        return body.PublicJwk is { } jwk
            ? jwk.ValueKind == JsonValueKind.Object
                ? await changes.Make(context, id, new IdentityChange.AddKey(jwk.GetRawText(), body.ExpiresAt), Direction.Widens, "add key")
                : Problems.Invalid("publicJwk is an object (RFC 7517).")
            : await changes.Make(context, id, new IdentityChange.MakeSecret(body.ExpiresAt), Direction.Widens, "make secret");
    }

    private static Task<IResult> Revoke(RouteId id, string handle, HttpContext context, Changes changes) =>
        changes.Make(context, id, new IdentityChange.RevokeCredential(handle), Direction.Narrows, $"revoke credential {handle}");

    private static async Task<IResult> Disable(RouteId id, HttpContext context, Changes changes)
    {
        var (body, refusal) = await AdminJson.Read<DisableWish>(context);
        if (refusal is not null)
            return refusal;
        return body!.Reason.Length is 0 or > 500
            ? Problems.Invalid("reason has 1 to 500 characters.")
            : await changes.Make(context, id, new IdentityChange.Disable(body.Reason), Direction.Narrows, "disable");
    }

    private static Task<IResult> Enable(RouteId id, HttpContext context, Changes changes) =>
        changes.Make(context, id, new IdentityChange.Enable(), Direction.Widens, "enable");
}

/// <summary>One change to one identity, from the grain to the answer.</summary>
internal sealed class Changes(IGrainFactory grains, AdminDesk desk, SiloIdentity self)
{
    public async Task<IResult> Make(HttpContext context, string id, IdentityChange change, Direction direction, string action)
    {
        var caller = context.Caller();
        var result = await grains.GetGrain<IIdentityGrain>(GrainKey.For(self.Realm, id)).Change(change, caller.ClientId);
        return await desk.Settle(context, result, direction, caller, action, id, id);
    }
}

/// <summary>Roles and teams that exist: a membership in another one would give nothing, and nobody would be told.</summary>
internal sealed class KnownGroups(IAuthorityStore store, SiloIdentity self)
{
    /// <summary>What is wrong with the name of a group; null when it names one.</summary>
    public async Task<string?> Fault(string name, CancellationToken cancellationToken)
    {
        if (!EntityUid.TryParse(name, out var group) || group.Type is not (EntityTypes.Role or EntityTypes.Team))
            return $"'{name}' is not a role or team; write Assay::Role::\"name\" or Assay::Team::\"name\".";
        return await store.Read(new ObjectKey(self.Realm, ObjectKinds.Group, group.ToString()), cancellationToken) is { IsDeleted: false }
            ? null
            : $"There is no {group}: a bundle declares roles and teams.";
    }
}
