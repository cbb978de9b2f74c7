using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Decisions;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Replay;

namespace Assay.Core.Shadowing;

/// <summary>A policy set that is asked beside the one in force and never instead of it. Immutable; shared by all decisions.</summary>
public sealed class ShadowPolicySet(LoadedPolicySet policies)
{
    private readonly ShadowAnswer same = new(policies.Version, []);

    public LoadedPolicySet Policies { get; } = policies;

    /// <summary>
    /// What it says to the question that a verdict just answered. Never throws; allocates only for what differs. The evaluation is that of the verdict,
    /// whose principal, context and entities are taken again, and is cleared.
    /// </summary>
    internal ShadowAnswer Ask(Evaluation evaluation, DecisionStage stage, RecordValue context, DecisionInput input, Verdict verdict)
    {
        try
        {
            evaluation.Begin(Policies.Compiled, stage.Principal, stage.View.Uid, context, stage.Entities);
            return Compare(evaluation, stage, input, verdict);
        }
        catch (Exception fault)
        {
            return new ShadowAnswer(Policies.Version, [], null, fault.GetType().Name);
        }
    }

    private ShadowAnswer Compare(Evaluation evaluation, DecisionStage stage, DecisionInput input, Verdict verdict)
    {
        var (api, conformance) = (stage.View, stage.ConformanceTo(Policies));
        ImmutableArray<ScopeAnswer>.Builder? differing = null;
        TimeSpan? asked = null;
        foreach (var was in verdict.Scopes)
        {
            if (!api.TryGetAction(was.Scope, out var action))
                continue; // policy is not asked about it

            var weight = ScopeWeight.Withheld;
            if (conformance.FaultOf(was.Scope) is null)
            {
                evaluation.Decide(action);
                weight = ScopeWeight.Of(Policies, evaluation.SatisfiedPermits, evaluation.SatisfiedForbids, HasForbid(evaluation.Failures), input.Binding);
            }

            if (weight.Outcome == ScopeOutcome.Granted)
                asked = ScopeWeight.Smaller(asked, weight.MaxLifetime ?? input.DefaultLifetime);

            var would = new ScopeAnswer(was.Scope, weight.Outcome, weight.StepUp);
            if (!would.Equals(new ScopeAnswer(was.Scope, was.Outcome, was.StepUp)))
                (differing ??= ImmutableArray.CreateBuilder<ScopeAnswer>(1)).Add(would);
        }

        var life = asked is { } span ? ScopeWeight.Bounded(span, api.Api.MaxTokenLifetime, input.MaxLifetime) : TimeSpan.Zero;
        return differing is null && life == verdict.Lifetime
            ? same
            : new ShadowAnswer(Policies.Version, differing?.DrainToImmutable() ?? [], life == verdict.Lifetime ? null : life);
    }

    private static bool HasForbid(ReadOnlySpan<EvaluationFailure> failures)
    {
        foreach (var failure in failures)
        {
            if (failure.Policy.Effect == Effect.Forbid)
                return true;
        }

        return false;
    }
}
