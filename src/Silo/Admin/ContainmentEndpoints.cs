using System.Collections.Immutable;
using System.Globalization;
using Assay.Core.Evidence;
using Assay.Core.Forensics;
using Assay.Core.Revocation;
using Assay.Grains.Incidents;
using Assay.Silo.Admin.Wire;

namespace Assay.Silo.Admin;

/// <summary>Cuts off an identity, a credential or a signing key by one act, and undoes acts.</summary>
internal static class ContainmentEndpoints
{
    private const int MostPerPage = 500;

    public static void MapContainments(this RouteGroupBuilder admin)
    {
        admin.MapPost("/containments", Contain).Needs(AdminScopes.TokenRevoke).WithTags("incidents")
            .WithSummary("Takes an identity, a credential or a signing key out of use and ends its tokens: one change, one record.")
            .WithDescription("Of an identity or a credential identity.write is needed too, of a key key.rotate. Returns when it holds on every silo.")
            .Accepts<ContainmentWish>("application/json").Produces<ContainmentAnswer>().ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
        admin.MapPost("/containments/{act}/undo", Undo).Needs(AdminScopes.TokenRevoke).WithTags("incidents")
            .WithSummary("Gives back what an act of containment took and nobody has changed since. Its tokens stay dead.")
            .WithDescription("identity.write is needed too, or key.rotate, as for the act.")
            .Accepts<UndoWish>("application/json").Produces<ContainmentAnswer>().ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
        admin.MapGet("/containments", List).Needs(AdminScopes.EvidenceRead).WithTags("incidents").WithSummary("Lists acts of containment and their undoing, newest first.")
            .WithDescription("Query: limit (1 to 500, 100 by default), before (the next of the page before).").Produces<ContainmentPage>();
    }

    private static async Task<IResult> Contain(HttpContext context, Containments containments, AdminGate gate, AdminDesk desk, SiloIdentity self)
    {
        var (body, refusal) = await AdminJson.Read<ContainmentWish>(context);
        if (refusal is not null)
            return refusal;

        if (!Containment.TryReadKind(body!.Kind, out var kind))
            return Problems.Invalid($"kind '{body.Kind}' is unknown; it is identity, credential or key.");
        if (body.Name.Length is 0 or > RevocationId.MaxNameLength)
            return Problems.Invalid($"name has 1 to {RevocationId.MaxNameLength} characters.");
        if (IsWrong(body.Reason) is { } wrong)
            return wrong;
        if ((await gate.Enter(context, AdminScopes.Resource, ScopeFor(kind))).Refusal is { } denied)
            return denied;

        var caller = context.Caller();
        switch (await containments.Contain(self.Realm, kind, body.Name, caller.ClientId, body.Reason, context.RequestAborted))
        {
            case ContainmentResult.Done done:
                var taken = Taken(done.Contained);
                return await desk.Finish(
                    context, done.Number, Direction.Narrows, caller, $"contain {body.Kind}{(done.Changed ? "" : " (already so)")}", body.Name, done.Contained.Identity,
                    new ActDetails(body.Reason, taken))
                    ?? AdminJson.Ok(ContainmentAnswer.From(done, taken));
            case ContainmentResult.Rejected rejected:
                return Problems.Of(rejected.Fault, rejected.Detail);
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private static async Task<IResult> Undo(string act, HttpContext context, Containments containments, AdminGate gate, AdminDesk desk, SiloIdentity self)
    {
        var (body, refusal) = await AdminJson.Read<UndoWish>(context);
        if (refusal is not null)
            return refusal;

        if (IsWrong(body!.Reason) is { } wrong)
            return wrong;
        if (!long.TryParse(act, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return Problems.NotFound($"There is no act '{act}': it is named by a number.");
        if (await containments.KindOf(self.Realm, number, context.RequestAborted) is not { } kind)
            return Problems.NotFound($"There is no act of containment {number}.");
        if ((await gate.Enter(context, AdminScopes.Resource, ScopeFor(kind))).Refusal is { } denied)
            return denied;

        var caller = context.Caller();
        switch (await containments.Undo(self.Realm, number, caller.ClientId, body.Reason, context.RequestAborted))
        {
            case ContainmentResult.Done done:
                var given = Given(done.Contained);
                return await desk.Finish(
                    context, done.Number, Direction.Widens, caller, $"undo containment {number}{(done.Changed ? "" : " (already so)")}", done.Contained.Name, done.Contained.Identity,
                    new ActDetails(body.Reason, given))
                    ?? AdminJson.Ok(ContainmentAnswer.From(done, given));
            case ContainmentResult.Rejected rejected:
                return Problems.Of(rejected.Fault, rejected.Detail);
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private static async Task<IResult> List(HttpContext context, Containments containments, SiloIdentity self)
    {
        if (context.Limit(100, MostPerPage) is not { } limit)
            return AdminRoutes.WrongLimit(MostPerPage);
        var before = long.MaxValue;
        if (context.Query("before") is { } text && !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out before))
            return Problems.BadQuery("before must be a number.");

        var found = await containments.List(self.Realm, before, limit, context.RequestAborted);
        return AdminJson.Ok(new ContainmentPage([.. found.Select(ContainmentEventAnswer.From)], found.Length == limit ? found[^1].Change.Number : null));
    }

    private static IResult? IsWrong(string reason) =>
        reason.Length is 0 or > 500 || reason.Any(char.IsControl) ? Problems.Invalid("reason has 1 to 500 characters, none of them a control character.") : null;

    private static ImmutableArray<string> ScopeFor(ContainedKind kind) => [kind == ContainedKind.Key ? AdminScopes.KeyRotate : AdminScopes.IdentityWrite];

    /// <summary>What an act took, in words, for the record and the answer.</summary>
    private static ImmutableArray<string> Taken(Containment act) => act.Kind switch
    {
        ContainedKind.Identity => [act.Froze ? $"identity {act.Name} disabled" : $"identity {act.Name} was disabled already", $"all tokens of identity {act.Name} ended"],
        ContainedKind.Credential =>
            [act.Froze ? $"credential {act.Name} of {act.Identity} frozen" : $"credential {act.Name} of {act.Identity} was out of use already", $"all tokens that credential {act.Name} obtained ended"],
        _ => [act.Froze ? $"key {act.Name} withdrawn" : $"key {act.Name} was withdrawn already", $"all tokens that key {act.Name} signed ended"],
    };

    private static ImmutableArray<string> Given(Containment act) => (act.Kind, act.Froze) switch
    {
        (_, false) => ["nothing given back: there was nothing that this act took and nobody has changed since"],
        (ContainedKind.Identity, _) => [$"identity {act.Name} enabled"],
        (ContainedKind.Credential, _) => [$"credential {act.Name} of {act.Identity} in use again"],
        _ => [$"key {act.Name} published again; before it signs it is announced anew"],
    };
}
