using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Policies;
using Assay.Core.Registry;

namespace Assay.Core.Decisions;

/// <summary>
/// One Cedar authorization per scope, and the obligations of the policies that were satisfied. A pure function of its arguments: evidence
/// holds them all, so every decision can be made again.
/// </summary>
public static class Decider
{
    public static Verdict Decide(CompiledPolicySet policies, DirectorySnapshot directory, Identity identity, DecisionInput input)
    {
        if (!directory.TryGetApi(input.Resource, out var api))
            throw new ArgumentException($"'{input.Resource}' is not in the directory", nameof(input));

        var principal = new EntityUid(identity.Kind == IdentityKind.Person ? EntityTypes.Person : EntityTypes.Workload, identity.Id);
        var resource = new EntityUid(EntityTypes.Api, api.Resource);
        var entities = Entities.Over(directory.Entities, Slice(principal, identity, input.Time));
        var context = DecisionContext.Of(input);

        var decided = ImmutableArray.CreateBuilder<ScopeDecision>(input.Scopes.Length);
        TimeSpan? lifetime = null;
        var anyGranted = false;
        foreach (var scope in input.Scopes)
        {
            var decision = Declares(api, scope)
                ? Weigh(policies, Authorizer.Authorize(policies.Policies, new Request(principal, new EntityUid(EntityTypes.Action, scope), resource, context), entities), scope, input.Binding)
                : new ScopeDecision { Scope = scope, Outcome = ScopeOutcome.UnknownScope };
            decided.Add(decision);
            if (!decision.Granted)
                continue;
            anyGranted = true;
            lifetime = Smaller(lifetime, decision.MaxLifetime);
        }

        return new Verdict(decided.MoveToImmutable(), anyGranted ? Bounded(Smaller(lifetime, api.MaxTokenLifetime), input) : TimeSpan.Zero);
    }

    /// <summary>The identity as an entity. Memberships that have run out, or were removed, are not in it.</summary>
    private static Entity Slice(EntityUid principal, Identity identity, DateTimeOffset now)
    {
        var parents = ImmutableArray.CreateBuilder<EntityUid>(identity.Memberships.Length);
        foreach (var membership in identity.Memberships)
        {
            if (membership.IsLiveAt(now))
                parents.Add(membership.Group);
        }

        return new Entity(principal, identity.Attributes, parents.DrainToImmutable());
    }

    private static ScopeDecision Weigh(CompiledPolicySet policies, AuthorizationResult result, string scope, string binding)
    {
        var errors = result.Errors.IsEmpty ? [] : Errors(result.Errors);
        if (HasForbid(result.Errors))
            return new ScopeDecision { Scope = scope, Outcome = ScopeOutcome.PolicyError, Errors = errors };

        if (!result.SatisfiedForbids.IsEmpty)
        {
            var stepUp = result.SatisfiedPermits.IsEmpty ? [] : StepUp(policies, result.SatisfiedForbids);
            return Explained(policies, result.SatisfiedForbids, new ScopeDecision
            {
                Scope = scope,
                Outcome = stepUp.IsEmpty ? ScopeOutcome.Forbidden : ScopeOutcome.StepUpRequired,
                Errors = errors,
                StepUp = stepUp,
            });
        }

        if (result.SatisfiedPermits.IsEmpty)
            return new ScopeDecision { Scope = scope, Outcome = ScopeOutcome.NoPermit, Errors = errors };

        // The obligations of every satisfied permit count, not those of the most lenient one.
        TimeSpan? lifetime = null;
        var unbound = false;
        foreach (var permit in result.SatisfiedPermits)
        {
            var obligations = policies.ObligationsOf(permit);
            lifetime = Smaller(lifetime, obligations.MaxLifetime);
            unbound |= obligations.Bind is { } bind && (binding == "none" || (bind != "any" && bind != binding));
        }

        return Explained(policies, result.SatisfiedPermits, new ScopeDecision
        {
            Scope = scope,
            Outcome = unbound ? ScopeOutcome.BindingRequired : ScopeOutcome.Granted,
            Errors = errors,
            MaxLifetime = lifetime,
        });
    }

    private static ScopeDecision Explained(CompiledPolicySet policies, ImmutableArray<Policy> deciding, ScopeDecision decision)
    {
        var names = ImmutableArray.CreateBuilder<string>(deciding.Length);
        ImmutableArray<string> reasons = [], shown = [];
        foreach (var policy in deciding)
        {
            names.Add(policy.Id);
            if (policies.ObligationsOf(policy) is not { Reason: { } reason } obligations)
                continue;
            reasons = reasons.Add(reason);
            if (obligations.IsPublic)
                shown = shown.Add(reason);
        }

        return decision with { Policies = names.MoveToImmutable(), Reasons = reasons, PublicReasons = shown };
    }

    /// <summary>The verifications that would lift all of them; empty when one of them is hard.</summary>
    private static ImmutableArray<string> StepUp(CompiledPolicySet policies, ImmutableArray<Policy> forbids)
    {
        var needed = ImmutableArray.CreateBuilder<string>(forbids.Length);
        foreach (var forbid in forbids)
        {
            if (policies.ObligationsOf(forbid).StepUp is not { } verification)
                return [];
            if (!needed.Contains(verification))
                needed.Add(verification);
        }

        return needed.DrainToImmutable();
    }

    private static bool HasForbid(ImmutableArray<EvaluationError> errors)
    {
        foreach (var error in errors)
        {
            if (error.Policy.Effect == Effect.Forbid)
                return true;
        }

        return false;
    }

    private static ImmutableArray<string> Errors(ImmutableArray<EvaluationError> errors)
    {
        var texts = ImmutableArray.CreateBuilder<string>(errors.Length);
        foreach (var error in errors)
            texts.Add($"{error.Policy.Id}: {error.Message}");
        return texts.MoveToImmutable();
    }

    private static bool Declares(Api api, string scope)
    {
        foreach (var declared in api.Scopes)
        {
            if (declared.Name == scope)
                return true;
        }

        return false;
    }

    private static TimeSpan? Smaller(TimeSpan? a, TimeSpan? b) => a is null || b < a ? b ?? a : a;

    private static TimeSpan Bounded(TimeSpan? asked, DecisionInput input)
    {
        var lifetime = asked ?? input.DefaultLifetime;
        return lifetime < input.MaxLifetime ? lifetime : input.MaxLifetime;
    }
}
