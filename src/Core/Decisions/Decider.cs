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

        var principal = PrincipalEntity.UidOf(identity);
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
                lifetime = ScopeWeight.Smaller(lifetime, decision.MaxLifetime ?? input.DefaultLifetime);
        }

        return new Verdict(decided.MoveToImmutable(), lifetime is { } life ? ScopeWeight.Bounded(life, api.Api.MaxTokenLifetime, input.MaxLifetime) : TimeSpan.Zero);
    }

    private static ScopeDecision Weigh(LoadedPolicySet policies, AuthorizationResult result, string scope, string binding)
    {
        var weight = ScopeWeight.Of(policies, result.SatisfiedPermits.AsSpan(), result.SatisfiedForbids.AsSpan(), HasForbid(result.Errors), binding);
        var decision = new ScopeDecision
        {
            Scope = scope,
            Outcome = weight.Outcome,
            Errors = result.Errors.IsEmpty ? [] : Errors(result.Errors),
            StepUp = weight.StepUp,
            MaxLifetime = weight.MaxLifetime,
        };
        return weight.Outcome is ScopeOutcome.PolicyError or ScopeOutcome.NoPermit
            ? decision
            : Explained(policies, result.SatisfiedForbids.IsEmpty ? result.SatisfiedPermits : result.SatisfiedForbids, decision);
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
}
