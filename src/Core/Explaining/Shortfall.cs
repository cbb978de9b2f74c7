using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Decisions;
using Assay.Core.Policies;
using Assay.Core.Registry;

namespace Assay.Core.Explaining;

/// <summary>
/// What stands between a request and a scope that was withheld: of the permits that come nearest, the parts that were not met; of the forbids
/// that struck, what they saw; and what, when it is decided again with it, has the scope granted. The decision itself was the authorizer's.
/// </summary>
public sealed class Shortfall
{
    private const int NearestPermits = 3;

    private readonly LoadedPolicySet policies;
    private readonly DecisionScene scene;
    private readonly DecisionInput input;
    private readonly WaySearch? search;

    /// <summary>Of a scene, without what could be changed about it: <see cref="WaysTo"/> finds nothing.</summary>
    public Shortfall(LoadedPolicySet policies, DecisionScene scene, DecisionInput input)
        : this(policies, scene, input, null)
    {
    }

    private Shortfall(LoadedPolicySet policies, DecisionScene scene, DecisionInput input, WaySearch? search) =>
        (this.policies, this.scene, this.input, this.search) = (policies, scene, input, search);

    /// <summary>Of one decision; null when its resource is not in the directory.</summary>
    public static Shortfall? Of(LoadedPolicySet policies, DirectorySnapshot directory, Identity identity, DecisionInput input) =>
        DecisionScene.Of(directory, identity, input) is { } scene
            ? new Shortfall(policies, scene, input, new WaySearch(policies, scene, new Hypothesis(directory, identity, input, [])))
            : null;

    /// <summary>What the scope waits for, nearest first; empty when it is granted.</summary>
    public ImmutableArray<Missing> Of(ScopeDecision scope)
    {
        switch (scope.Outcome)
        {
            case ScopeOutcome.Granted:
                return [];
            case ScopeOutcome.UnknownScope:
                return [Sentence(null, $"a scope that the API declares: {string.Join(", ", scene.Api.Scopes.Select(declared => declared.Name))}")];
            case ScopeOutcome.PolicyError:
                return [Sentence(null, IsUnfit(scope)
                    ? "a policy set in force whose schema has this, or a request that fits the schema"
                    : "a policy set without the error: a forbid that cannot be evaluated denies", scope.Errors)];
        }

        var request = scene.Ask(scope.Scope);
        var scrutiny = new PolicyScrutiny(request, scene.Entities);
        var result = Authorizer.Authorize(policies.Policies, request, scene.Entities);
        var missing = ImmutableArray.CreateBuilder<Missing>();
        foreach (var verification in scope.StepUp)
            missing.Add(Sentence(null, $"a verification: {verification}"));
        foreach (var forbid in result.SatisfiedForbids)
            missing.AddRange(Lifted(forbid, scrutiny));
        if (result.SatisfiedPermits.IsEmpty)
            missing.AddRange(Nearest(request, scrutiny));
        if (scope.Outcome == ScopeOutcome.BindingRequired)
        {
            foreach (var permit in result.SatisfiedPermits)
            {
                if (policies.ObligationsOf(permit).Bind is { } bind)
                    missing.Add(Sentence(permit.Id, bind == "any" ? "a token bound to a key (DPoP or mTLS)" : $"a token bound by {bind}", [$"binding = {input.Binding}"]));
            }
        }

        return missing.DrainToImmutable();
    }

    /// <summary>
    /// The smallest sets of changes each of which has the scope granted: decided again with it, nothing else being different. Three at most; none when the
    /// scope is granted, or nothing short of another policy set is known to do.
    /// </summary>
    public ImmutableArray<ImmutableArray<Remedy>> WaysTo(ScopeDecision scope) =>
        search is null || scope.Outcome is ScopeOutcome.Granted or ScopeOutcome.UnknownScope || IsUnfit(scope) ? [] : search.Find(scope.Scope);

    /// <summary>Policy was not asked, because the request does not fit the schema: no other request of its kind does.</summary>
    private static bool IsUnfit(ScopeDecision scope) =>
        scope is { Outcome: ScopeOutcome.PolicyError, Errors: [var error] } && error.StartsWith(Conformance.Prefix, StringComparison.Ordinal);

    /// <summary>The permits for this action and resource with the fewest unmet parts.</summary>
    private IEnumerable<Missing> Nearest(Request request, PolicyScrutiny scrutiny)
    {
        var candidates = policies.Policies.Policies
            .Where(policy => policy.Effect == Effect.Permit && scrutiny.Holds(policy.Action, request.Action) && scrutiny.Holds(policy.Resource, request.Resource))
            .Select(policy => Unmet(policy, request, scrutiny))
            .Where(unmet => unmet.Count > 0)
            .OrderBy(unmet => unmet.Count)
            .ToList();
        if (candidates.Count == 0)
            return [Sentence(null, $"a policy that permits {request.Action} on this API: there is none")];

        var least = candidates[0].Count;
        return candidates.TakeWhile(unmet => unmet.Count == least).Take(NearestPermits).SelectMany(unmet => unmet);
    }

    private List<Missing> Unmet(Policy permit, Request request, PolicyScrutiny scrutiny)
    {
        var unmet = new List<Missing>();
        if (!scrutiny.Holds(permit.Principal, request.Principal))
            unmet.Add(Head(permit));
        foreach (var part in scrutiny.Unmet(permit))
            unmet.Add(Condition(permit, part.IsUnless ? $"unless {{ {part.Text} }}" : part.Text, part));
        return unmet;
    }

    private IEnumerable<Missing> Lifted(Policy forbid, PolicyScrutiny scrutiny)
    {
        var conditions = scrutiny.Conditions(forbid);
        foreach (var condition in conditions)
            yield return Condition(forbid, condition.IsUnless ? condition.Text : $"an end of: {condition.Text}", condition);

        if (GroupOf(forbid.Principal) is { } group)
            yield return Sentence(forbid.Id, $"not to be in {group}");
        else if (conditions.IsEmpty)
            yield return Sentence(forbid.Id, "another policy set: this forbid has no condition that could end");
    }

    private static Missing Head(Policy permit) => permit.Principal switch
    {
        ScopeConstraint.In or ScopeConstraint.IsIn when GroupOf(permit.Principal) is { } group =>
            new(permit.Id, $"to be in {group}", [], group.Type is EntityTypes.Role or EntityTypes.Team ? group : null, []),
        ScopeConstraint.Equal { Entity: var other } => Sentence(permit.Id, $"to be {other}"),
        ScopeConstraint.Is { Type: var type } => Sentence(permit.Id, $"to be a {type}"),
        _ => Sentence(permit.Id, "another principal"),
    };

    private static EntityUid? GroupOf(ScopeConstraint principal) => principal switch
    {
        ScopeConstraint.In { Entities: [var group] } => group,
        ScopeConstraint.IsIn { Entity: var group } => group,
        _ => null,
    };

    private Missing Condition(Policy policy, string needs, PolicyPart part) => new(
        policy.Id,
        needs,
        [.. part.Found.Select(found => found.ToString())],
        null,
        part.Found.Any(found => found.Place.StartsWith("context.risk", StringComparison.Ordinal)) ? input.Risk.Signals : []);

    private static Missing Sentence(string? policy, string needs, ImmutableArray<string> found = default) =>
        new(policy, needs, found.IsDefault ? [] : found, null, []);
}
