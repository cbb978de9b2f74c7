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
    /// <summary>Asks policy about every requested scope. The moment, the risk and all else that changes comes in with <paramref name="input"/>.</summary>
    /// <exception cref="ArgumentException">The resource is not in the directory, or the identity is not the one that asks: nothing to decide about.</exception>
    public static Verdict Decide(LoadedPolicySet policies, DirectorySnapshot directory, Identity identity, DecisionInput input)
    {
        if (!directory.TryGetView(input.Resource, out var api))
            throw new ArgumentException($"'{input.Resource}' is not in the directory", nameof(input));
        if (identity.Id != input.ClientId)
            throw new ArgumentException($"the request is of '{input.ClientId}', not of '{identity.Id}'", nameof(identity));

        var principal = new EntityUid(identity.Kind == IdentityKind.Person ? EntityTypes.Person : EntityTypes.Workload, identity.Id);
        var entities = Entities.Over(api.Entities, PrincipalEntity.Of(principal, identity, directory, input.Time));
        var context = DecisionContext.Of(input);

        var decided = ImmutableArray.CreateBuilder<ScopeDecision>(input.Scopes.Length);
        TimeSpan? lifetime = null;
        foreach (var scope in input.Scopes)
        {
            var decision = api.TryGetAction(scope, out var action)
                ? Weigh(policies, Authorizer.Authorize(policies.Policies, new Request(principal, action, api.Uid, context), entities), scope, input.Binding)
                : new ScopeDecision { Scope = scope, Outcome = ScopeOutcome.UnknownScope };
            decided.Add(decision);
            // A scope about whose life no permit speaks asks for the default, so that it never lives longer in company than alone.
            if (decision.Granted)
                lifetime = Smaller(lifetime, decision.MaxLifetime ?? input.DefaultLifetime);
        }

        return new Verdict(decided.MoveToImmutable(), lifetime is { } life ? Bounded(life, api.Api.MaxTokenLifetime, input.MaxLifetime) : TimeSpan.Zero);
    }

    private static ScopeDecision Weigh(LoadedPolicySet policies, AuthorizationResult result, string scope, string binding)
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
            unbound |= !obligations.AllowsBinding(binding);
        }

        return Explained(policies, result.SatisfiedPermits, new ScopeDecision
        {
            Scope = scope,
            Outcome = unbound ? ScopeOutcome.BindingRequired : ScopeOutcome.Granted,
            Errors = errors,
            MaxLifetime = lifetime,
        });
    }

    private static ScopeDecision Explained(LoadedPolicySet policies, ImmutableArray<Policy> deciding, ScopeDecision decision)
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
    private static ImmutableArray<string> StepUp(LoadedPolicySet policies, ImmutableArray<Policy> forbids)
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

    private static TimeSpan? Smaller(TimeSpan? a, TimeSpan? b) => a is null || b < a ? b ?? a : a;

    // Whole seconds: exp is a whole number of them, and what is recorded is what is signed.
    private static TimeSpan Bounded(TimeSpan asked, TimeSpan? apiCeiling, TimeSpan clusterCeiling)
    {
        var life = Smaller(Smaller(asked, apiCeiling), clusterCeiling).GetValueOrDefault();
        return new TimeSpan(life.Ticks - life.Ticks % TimeSpan.TicksPerSecond);
    }
}
