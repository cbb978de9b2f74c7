using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Assay.Cedar;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Shadowing;

namespace Assay.Core.Decisions;

/// <summary>
/// One Cedar authorization per scope, and the obligations of the policies that were satisfied. A pure function of its arguments: evidence
/// holds them all, so every decision can be made again.
/// </summary>
public static class Decider
{
    /// <summary>Asks policy about every requested scope. The moment, the risk and all else that changes comes in with <paramref name="input"/>.</summary>
    /// <exception cref="ArgumentException">The resource is not in the directory, or the identity is not the one that asks: nothing to decide about.</exception>
    public static Verdict Decide(LoadedPolicySet policies, DirectorySnapshot directory, Identity identity, DecisionInput input) =>
        DecideBeside(policies, StageOf(directory, identity, input), input, null, out _);

    /// <summary>The same on a stage that was set before: of that identity, API and moment.</summary>
    /// <exception cref="ArgumentException">The stage is not that of the identity that asks.</exception>
    public static Verdict Decide(LoadedPolicySet policies, DecisionStage stage, DecisionInput input) => DecideBeside(policies, stage, input, null, out _);

    /// <summary>The same, and beside it what a shadow set would have said, which has no part in the verdict.</summary>
    /// <param name="shadow">Asked when the verdict stands; null for none.</param>
    /// <param name="beside">Its answer; null when there is no shadow.</param>
    /// <exception cref="ArgumentException">The stage is not that of the identity that asks; never because of the shadow.</exception>
    public static Verdict DecideBeside(LoadedPolicySet policies, DecisionStage stage, DecisionInput input, ShadowPolicySet? shadow, out ShadowAnswer? beside)
    {
        var evaluation = Evaluation.Rent();
        var verdict = DecideBy(evaluation, policies, stage, input, shadow, out beside);
        if (beside?.Fault is null)
            evaluation.Return(); // not when anything threw: memory in an unknown state is not used again
        return verdict;
    }

    /// <summary>
    /// The same by the interpreter, which is slower and was written and is tested apart from the compiled form that <c>Decide</c> uses: who decides a
    /// recorded decision again this way checks that form too.
    /// </summary>
    /// <exception cref="ArgumentException">The resource is not in the directory, or the identity is not the one that asks.</exception>
    public static Verdict DecideByReference(LoadedPolicySet policies, DirectorySnapshot directory, Identity identity, DecisionInput input) =>
        DecideBy(null, policies, StageOf(directory, identity, input), input, null, out _);

    private static DecisionStage StageOf(DirectorySnapshot directory, Identity identity, DecisionInput input) =>
        DecisionStage.Of(directory, identity, input.Resource, input.Time) ?? throw new ArgumentException($"'{input.Resource}' is not in the directory", nameof(input));

    private static Verdict DecideBy(
        Evaluation? evaluation, LoadedPolicySet policies, DecisionStage stage, DecisionInput input, ShadowPolicySet? shadow, out ShadowAnswer? beside)
    {
        var (api, principal, entities) = (stage.View, stage.Principal, stage.Entities);
        if (principal.Id != input.ClientId)
            throw new ArgumentException($"the request is of '{input.ClientId}', not of '{principal.Id}'", nameof(stage));

        var conformance = stage.ConformanceTo(policies);
        var context = DecisionContext.Of(input, stage);
        evaluation?.Begin(policies.Compiled, principal, api.Uid, context, entities);

        var few = new FewScopes();
        Span<ScopeDecision?> decided = input.Scopes.Length <= FewScopes.Most ? few[..input.Scopes.Length] : new ScopeDecision?[input.Scopes.Length];
        TimeSpan? lifetime = null;
        for (var i = 0; i < decided.Length; i++)
        {
            var scope = input.Scopes[i];
            var decision = decided[i] = !api.TryGetAction(scope, out var action) ? new ScopeDecision { Scope = scope, Outcome = ScopeOutcome.UnknownScope }
                : conformance.FaultOf(scope) is { } fault ? new ScopeDecision { Scope = scope, Outcome = ScopeOutcome.PolicyError, Errors = [fault] }
                : evaluation is not null ? Weigh(policies, evaluation, action, scope, input.Binding)
                : Weigh(policies, new Request(principal, action, api.Uid, context), entities, scope, input.Binding);
            // A scope about whose life no permit speaks asks for the default, so that it never lives longer in company than alone.
            if (decision.Granted)
                lifetime = ScopeWeight.Smaller(lifetime, decision.MaxLifetime ?? input.DefaultLifetime);
        }

        var bounded = lifetime is { } life ? ScopeWeight.Bounded(life, api.Api.MaxTokenLifetime, input.MaxLifetime) : TimeSpan.Zero;
        var verdict = evaluation is null ? new Verdict([.. decided!], bounded) : policies.Known.Of(decided, bounded);
        beside = shadow is null || evaluation is null ? null : shadow.Ask(evaluation, stage, context, input, verdict);
        return verdict;
    }

    private static ScopeDecision Weigh(LoadedPolicySet policies, Evaluation evaluation, EntityUid action, string scope, string binding)
    {
        evaluation.Decide(action);
        if (evaluation.Failures.IsEmpty)
            return WeighSatisfied(policies, evaluation.SatisfiedPermits, evaluation.SatisfiedForbids, scope, binding);

        var errors = new EvaluationError[evaluation.Failures.Length];
        for (var i = 0; i < errors.Length; i++)
            errors[i] = evaluation.Explain(evaluation.Failures[i]);
        return Weigh(policies, evaluation.SatisfiedPermits, evaluation.SatisfiedForbids, errors, scope, binding);
    }

    /// <summary>In words that were found before, if they were.</summary>
    private static ScopeDecision WeighSatisfied(LoadedPolicySet policies, ReadOnlySpan<Policy> permits, ReadOnlySpan<Policy> forbids, string scope, string binding)
    {
        if (policies.Known.Find(permits, forbids, scope, binding) is { } known)
            return known;

        var decision = Weigh(policies, permits, forbids, [], scope, binding);
        policies.Known.Keep(permits, forbids, binding, decision);
        return decision;
    }

    private static ScopeDecision Weigh(LoadedPolicySet policies, Request request, Entities entities, string scope, string binding)
    {
        var result = Authorizer.Authorize(policies.Policies, request, entities);
        return Weigh(policies, result.SatisfiedPermits.AsSpan(), result.SatisfiedForbids.AsSpan(), result.Errors.AsSpan(), scope, binding);
    }

    private static ScopeDecision Weigh(
        LoadedPolicySet policies, ReadOnlySpan<Policy> permits, ReadOnlySpan<Policy> forbids, ReadOnlySpan<EvaluationError> errors, string scope, string binding)
    {
        var weight = ScopeWeight.Of(policies, permits, forbids, HasForbid(errors), binding);
        var decision = new ScopeDecision
        {
            Scope = scope,
            Outcome = weight.Outcome,
            Errors = errors.IsEmpty ? [] : Errors(errors),
            StepUp = weight.StepUp,
            MaxLifetime = weight.MaxLifetime,
        };
        return weight.Outcome is ScopeOutcome.PolicyError or ScopeOutcome.NoPermit
            ? decision
            : Explained(policies, forbids.IsEmpty ? permits : forbids, decision);
    }

    private static ScopeDecision Explained(LoadedPolicySet policies, ReadOnlySpan<Policy> deciding, ScopeDecision decision)
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

    private static bool HasForbid(ReadOnlySpan<EvaluationError> errors)
    {
        foreach (var error in errors)
        {
            if (error.Policy.Effect == Effect.Forbid)
                return true;
        }

        return false;
    }

    private static ImmutableArray<string> Errors(ReadOnlySpan<EvaluationError> errors)
    {
        var texts = ImmutableArray.CreateBuilder<string>(errors.Length);
        foreach (var error in errors)
            texts.Add($"{error.Policy.Id}: {error.Message}");
        return texts.MoveToImmutable();
    }

    /// <summary>Room on the stack for what is asked of nearly every request.</summary>
    [InlineArray(Most)]
    private struct FewScopes
    {
        public const int Most = 8;

        private ScopeDecision? first;
    }
}
