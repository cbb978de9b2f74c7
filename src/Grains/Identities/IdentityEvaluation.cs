using Assay.Core.Decisions;
using Assay.Core.Registry;
using Assay.Grains.Authority;

namespace Assay.Grains.Identities;

/// <summary>
/// What an identity may do now, for somebody else who asks: the policy in force over the identity, its entitlements and its risk, without a credential being
/// shown (<see cref="AbsentDecider"/>). The identity's grain answers by it, and so does a search, which wakes no grain.
/// </summary>
public static class IdentityEvaluation
{
    /// <param name="view">What the silo that answers knows.</param>
    /// <param name="identity">Null when there is none.</param>
    /// <param name="number">Its version.</param>
    /// <returns><see cref="Decision.Refused"/> without input when policy cannot be asked; nothing of it is recorded.</returns>
    public static Decision Of(
        SiloSnapshot view, string realm, Identity? identity, long number, EvaluationRequest request, DateTimeOffset now, DecisionOptions bounds) =>
        Of(view, realm, identity, number, request, now, bounds, null);

    internal static Decision Of(
        SiloSnapshot view, string realm, Identity? identity, long number, EvaluationRequest request, DateTimeOffset now, DecisionOptions bounds, StageCache? stages)
    {
        if (identity is null || (request.PrincipalType is { } type && type != TypeOf(identity)))
            return Refuse(view, RefusalReason.UnknownIdentity);
        if (identity.DisabledAt is not null)
            return Refuse(view, RefusalReason.IdentityDisabled);
        if (!identity.GrantTypes.Contains(request.GrantType))
            return Refuse(view, RefusalReason.GrantTypeNotAllowed);
        if (!view.Directory.TryGetApi(request.Resource, out var api))
            return Refuse(view, RefusalReason.UnknownResource);
        if (!view.Policies.TryGetValue(GrainKey.For(realm, api.PolicyDomain), out var policy))
            return new Decision.Unavailable(UnavailableReason.NoPolicy);

        var input = DecisionInputs.Of(
            view,
            realm,
            identity,
            number,
            new Asking(request.GrantType, request.AuthenticationMethod ?? "", request.CredentialHandle ?? "", request.OriginIp),
            api.Resource,
            request.Scopes.IsEmpty ? [.. api.Scopes.Select(scope => scope.Name)] : request.Scopes,
            now,
            api.PolicyDomain,
            policy.Version,
            bounds);
        if (input.EntitlementAge > bounds.EntitlementAgeBound)
            return new Decision.Unavailable(UnavailableReason.EntitlementsTooOld);

        var stage = stages?.Of(view.Directory, identity, api.Resource, input.Time) ?? DecisionStage.Of(view.Directory, identity, api.Resource, input.Time)!;
        return AbsentDecider.Decide(policy.Policies, stage, identity, input) is { } verdict
            ? new Decision.Decided(view.Number, input, verdict)
            : Refuse(view, RefusalReason.CredentialNotHeld);
    }

    private static string TypeOf(Identity identity) => identity.Kind == IdentityKind.Person ? EntityTypes.Person : EntityTypes.Workload;

    private static Decision.Refused Refuse(SiloSnapshot view, RefusalReason reason) => new(view.Number, reason, null, null);
}
