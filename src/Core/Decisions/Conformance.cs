using Assay.Cedar;
using Assay.Core.Policies;

namespace Assay.Core.Decisions;

/// <summary>
/// Whether an identity, its groups and an API are as the schema of a policy set says, and whether the set knows the API's scopes. Policies were checked against that
/// schema, and only of what conforms to it does that check promise anything: about the rest policy is not asked (docs/policy.md, <c>policyError</c>).
/// </summary>
internal sealed class Conformance
{
    /// <summary>What the errors begin with, where those of policies begin with a policy's name.</summary>
    public const string Prefix = "schema: ";

    private readonly string? slice;
    private readonly Dictionary<string, string>? scopes;

    private Conformance(LoadedPolicySet policies, string? slice, Dictionary<string, string>? scopes) => (Policies, this.slice, this.scopes) = (policies, slice, scopes);

    public LoadedPolicySet Policies { get; }

    public static Conformance Of(LoadedPolicySet policies, DecisionStage stage)
    {
        if (policies.Schema is not { } schema)
            return new Conformance(policies, null, null); // of the time before there were schemas

        var fault = FaultOf(schema, stage, stage.Principal) ?? FaultOf(schema, stage, stage.View.Uid);
        Dictionary<string, string>? scopes = null;
        foreach (var scope in stage.View.Api.Scopes)
        {
            if (FaultOf(schema, stage, scope.Name) is { } wrong)
                (scopes ??= new Dictionary<string, string>(StringComparer.Ordinal))[scope.Name] = wrong;
        }

        return new Conformance(policies, fault, scopes);
    }

    /// <summary>Why policy is not asked about a scope of the API; null when it is. Allocates nothing.</summary>
    public string? FaultOf(string scope) => slice ?? (scopes is not null && scopes.TryGetValue(scope, out var fault) ? fault : null);

    /// <summary>The first fault of an entity or of something that it is in.</summary>
    private static string? FaultOf(Schema schema, DecisionStage stage, EntityUid uid)
    {
        foreach (var one in stage.Entities.Ancestors(uid).Order(ByName).Prepend(uid))
        {
            // A set that leaves a type as Assay has it, or does not know it, has no say in what else there is to it: the admin API's own set must not lock out who has an
            // attribute for the sake of another set.
            if (schema.EntityTypes.TryGetValue(one.Type, out var type) && !BuiltInSchema.Leaves(type) && stage.Entities.TryGet(one, out var entity) &&
                schema.Validate(entity) is { IsEmpty: false } faults)
            {
                return $"{Prefix}{faults[0]}";
            }
        }

        return null;
    }

    private static string? FaultOf(Schema schema, DecisionStage stage, string scope)
    {
        if (!stage.View.TryGetAction(scope, out var uid))
            return null; // no scope of the API, which is an outcome of its own
        if (!schema.Actions.TryGetValue(uid, out var action))
            return $"{Prefix}the policy set declares no action {uid}: it was made before the API had that scope, or for other APIs";
        if (!action.PrincipalTypes.Contains(stage.Principal.Type))
            return $"{Prefix}the action {uid} does not apply to the principal type {stage.Principal.Type}";
        if (!action.ResourceTypes.Contains(stage.View.Uid.Type))
            return $"{Prefix}the action {uid} does not apply to the resource type {stage.View.Uid.Type}";

        foreach (var group in stage.Entities.Ancestors(uid).Order(ByName))
        {
            if (!action.Ancestors.Contains(group))
                return $"{Prefix}the policy set does not have {uid} in {group}: it was made before the API put it there";
        }

        return null;
    }

    // Of several faults always the same one is told.
    private static readonly Comparer<EntityUid> ByName = Comparer<EntityUid>.Create(static (a, b) => string.CompareOrdinal(a.ToString(), b.ToString()));
}
