using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Decisions;
using Assay.Core.Policies;
using Assay.Core.Registry;

namespace Assay.Core.Explaining;

/// <summary>
/// What stands between a request and a scope that was withheld: of the permits that come nearest, the parts that were not met; of the forbids
/// that struck, what they saw. A hint for people; the decision itself was the authorizer's.
/// </summary>
public sealed class Shortfall(LoadedPolicySet policies, DecisionScene scene, DecisionInput input)
{
    private const int NearestPermits = 3;

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
                return [Sentence(null, "a policy set without the error: a forbid that cannot be evaluated denies", scope.Errors)];
        }

        var request = scene.Ask(scope.Scope);
        var result = Authorizer.Authorize(policies.Policies, request, scene.Entities);
        var missing = ImmutableArray.CreateBuilder<Missing>();
        foreach (var verification in scope.StepUp)
            missing.Add(Sentence(null, $"a verification: {verification}"));
        foreach (var forbid in result.SatisfiedForbids)
            missing.AddRange(Lifted(forbid));
        if (result.SatisfiedPermits.IsEmpty)
            missing.AddRange(Nearest(request));
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

    /// <summary>The permits for this action and resource with the fewest unmet parts.</summary>
    private IEnumerable<Missing> Nearest(Request request)
    {
        var candidates = policies.Policies.Policies
            .Where(policy => policy.Effect == Effect.Permit && Matches(policy.Action, request.Action) && Matches(policy.Resource, request.Resource))
            .Select(policy => Unmet(policy, request))
            .Where(unmet => unmet.Count > 0)
            .OrderBy(unmet => unmet.Count)
            .ToList();
        if (candidates.Count == 0)
            return [Sentence(null, $"a policy that permits {request.Action} on this API: there is none")];

        var least = candidates[0].Count;
        return candidates.TakeWhile(unmet => unmet.Count == least).Take(NearestPermits).SelectMany(unmet => unmet);
    }

    private List<Missing> Unmet(Policy permit, Request request)
    {
        var unmet = new List<Missing>();
        if (!Matches(permit.Principal, request.Principal))
            unmet.Add(Head(permit));
        foreach (var condition in PolicyParts.Conditions(permit.Text))
        {
            if (condition.IsUnless)
            {
                if (Holds(condition.Whole, request) != false)
                    unmet.Add(Condition(permit, $"unless {{ {condition.Whole} }}", condition.Whole));
                continue;
            }

            foreach (var conjunct in condition.Conjuncts)
            {
                if (Holds(conjunct, request) == true)
                    continue;
                unmet.Add(Condition(permit, conjunct, conjunct));
                break; // what follows may rest on it: context has origin && context.origin…
            }
        }

        return unmet;
    }

    private IEnumerable<Missing> Lifted(Policy forbid)
    {
        var conditions = PolicyParts.Conditions(forbid.Text);
        if (conditions.IsEmpty)
        {
            yield return Sentence(forbid.Id, "another policy set: this forbid has no condition that could end");
            yield break;
        }

        foreach (var condition in conditions)
            yield return Condition(forbid, condition.IsUnless ? condition.Whole : $"an end of: {condition.Whole}", condition.Whole);
    }

    private Missing Head(Policy permit) => permit.Principal switch
    {
        ScopeConstraint.In { Entities: [var group] } => Membership(permit.Id, group),
        ScopeConstraint.IsIn { Entity: var group } => Membership(permit.Id, group),
        ScopeConstraint.Equal { Entity: var other } => Sentence(permit.Id, $"to be {other}"),
        ScopeConstraint.Is { Type: var type } => Sentence(permit.Id, $"to be a {type}"),
        _ => Sentence(permit.Id, "another principal"),
    };

    private static Missing Membership(string policy, EntityUid group) =>
        new(policy, $"to be in {group}", [], group.Type is EntityTypes.Role or EntityTypes.Team ? group : null, []);

    private Missing Condition(Policy policy, string needs, string text)
    {
        ImmutableArray<string> found = [.. PolicyParts.Paths(text).Select(path => $"{path} {(Value(path) is { } value ? $"= {value}" : "is absent")}")];
        var risky = text.Contains("context.risk", StringComparison.Ordinal);
        return new Missing(policy.Id, needs, found, null, risky ? input.Risk.Signals : []);
    }

    private Value? Value(string path)
    {
        var steps = path.Split('.');
        Value? value = steps[0] switch
        {
            "context" => scene.Context,
            "principal" => scene.Principal.Attributes,
            _ => scene.Api.Attributes,
        };
        foreach (var step in steps.AsSpan(1))
        {
            if (value is not RecordValue record || !record.TryGetValue(step, out value))
                return null;
        }

        return value;
    }

    /// <summary>Whether a condition holds; null when it cannot be evaluated.</summary>
    private bool? Holds(string condition, Request request)
    {
        if (PolicySet.Parse($"permit(principal, action, resource) when {{ {condition}\n }};", "condition").Set is not { } set)
            return null;
        var result = Authorizer.Authorize(set, request, scene.Entities);
        return !result.Errors.IsEmpty ? null : !result.SatisfiedPermits.IsEmpty;
    }

    private bool Matches(ScopeConstraint constraint, EntityUid uid) => constraint switch
    {
        ScopeConstraint.Any => true,
        ScopeConstraint.Equal equal => equal.Entity == uid,
        ScopeConstraint.In within => within.Entities.Any(entity => scene.Entities.IsIn(uid, entity)),
        ScopeConstraint.Is type => type.Type == uid.Type,
        ScopeConstraint.IsIn type => type.Type == uid.Type && scene.Entities.IsIn(uid, type.Entity),
        _ => false,
    };

    private static Missing Sentence(string? policy, string needs, ImmutableArray<string> found = default) =>
        new(policy, needs, found.IsDefault ? [] : found, null, []);
}
