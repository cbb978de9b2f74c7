using System.Collections.Immutable;
using System.Text.Json;
using Assay.Core.Registry;
using Assay.Grains.Authority;
using Assay.Silo.Admin.Wire;
using Assay.Silo.Bundles;

namespace Assay.Silo.Admin;

/// <summary><c>POST /apply</c>: the difference between a bundle and the store, and its application in one transaction.</summary>
internal static class ApplyEndpoint
{
    public static void MapApply(this RouteGroupBuilder admin) =>
        admin.MapPost("/apply", Apply).Needs(AdminScopes.IdentityRead, AdminScopes.PolicyRead, AdminScopes.ApiRead).WithTags("bundles")
            .WithSummary("Compares a bundle with the store, and applies it.")
            .WithDescription("With dryRun only compares. Applying needs identity.write and policy.write too, with activate also policy.activate, and names the version it was compared with.")
            .Accepts<ApplyWish>("application/json").Produces<ApplyAnswer>().ProducesProblem(409).ProducesProblem(422);

    private static async Task<IResult> Apply(HttpContext context, BundleApply bundles, AdminGate gate, AdminDesk desk)
    {
        var (wish, refusal) = await AdminJson.Read<ApplyWish>(context, AdminJson.LargeBody);
        if (refusal is not null)
            return refusal;

        if (PolicyEndpoints.Fault(PolicyDomains.Tokens, wish!.Reason) is { } fault)
            return fault;

        BundleDeclarations declared;
        try
        {
            declared = BundleJson.Read(wish.Bundle);
        }
        catch (JsonException malformed)
        {
            return Problems.Of(StatusCodes.Status400BadRequest, "Malformed bundle", malformed.Message);
        }

        if (!wish.DryRun)
        {
            ImmutableArray<string> needed = wish.Activate
                ? [AdminScopes.IdentityWrite, AdminScopes.PolicyWrite, AdminScopes.PolicyActivate]
                : [AdminScopes.IdentityWrite, AdminScopes.PolicyWrite];
            if ((await gate.Enter(context, AdminScopes.Resource, needed)).Refusal is { } denied)
                return denied;
            if (wish.ComparedWith is null)
                return Problems.Invalid("comparedWith must name the version that a dry run answered.");
        }

        if (declared.Check() is { IsEmpty: false } faults)
            return Problems.Invalid("The bundle cannot be applied.", [.. faults.Select(fault => fault.ToString())]);
        var comparison = await bundles.Compare(declared, wish.Prune, context.RequestAborted);
        if (!comparison.Plan.Faults.IsEmpty)
            return Problems.Invalid("The bundle cannot be applied.", comparison.Plan.Faults);

        var activates = wish.Activate && declared.Policies?.ContentHash() is { } version && version != comparison.Current.ActivePolicyVersion ? version : null;
        if (activates is not null && await bundles.Objection(activates, context.Caller().ClientId, context.RequestAborted) is { } objection)
            return Problems.Forbidden($"The bundle's policies cannot be activated by this call. {objection}. Apply without activate, and let somebody else activate {activates}.");
        if (wish.DryRun)
            return AdminJson.Ok(ApplyAnswer.From(comparison, activates, null));
        if (wish.ComparedWith != comparison.Version)
            return Problems.Conflict("Changed meanwhile", $"The store is at version {comparison.Version}, and the bundle was compared with {wish.ComparedWith}. Compare again.");
        if (!comparison.Plan.MissingKeys.IsEmpty)
            return Problems.Invalid("Keys are missing: make one for each and declare its public half.", comparison.Plan.MissingKeys);
        if (!ApplyAnswer.StepsOf(comparison).Any() && activates is null)
            return AdminJson.Ok(ApplyAnswer.From(comparison, null, comparison.Version));

        var caller = context.Caller();
        switch (await bundles.Write(declared, comparison, wish.Activate, caller.ClientId, wish.Reason, context.RequestAborted))
        {
            case CommitResult.Committed done:
                return await desk.Finish(context, done.Number, Direction.Narrows, caller, activates is null ? "apply bundle" : $"apply bundle and activate {activates}", declared.Name, null)
                    ?? AdminJson.Ok(ApplyAnswer.From(comparison, activates, done.Number));

            case CommitResult.Conflict conflict:
                return Problems.Conflict("Changed meanwhile", $"{conflict.Key.Kind} '{conflict.Key.Id}' was changed by someone else. Compare again.");

            case CommitResult.KeyTaken taken:
                return Problems.Conflict("Taken", $"{taken.UniqueKey} belongs to '{taken.Holder.Id}'.");

            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }
}
