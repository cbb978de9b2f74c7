using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Decisions;
using Assay.Core.Policies;

namespace Assay.Core.Replay;

/// <summary>
/// Decides as <see cref="Decider"/> does, from the same inputs and by the same rules, but answers only what decisions are compared by, in memory that is used
/// again. For one thread.
/// </summary>
public sealed class CandidateDecider(LoadedPolicySet policies)
{
    private readonly Evaluation evaluation = new();

    /// <summary>What is answered instead of a recorded decision.</summary>
    /// <exception cref="ArgumentException">The stage is not that of the identity that asked.</exception>
    public void Decide(DecisionStage stage, RecordedDecision recorded, DecisionAnswers answers)
    {
        Begin(stage, recorded.ClientId, recorded.Context, answers);
        TimeSpan? lifetime = null;
        foreach (var asked in recorded.Answers.Scopes)
            Decide(stage, asked.Scope, recorded.Binding, recorded.DefaultLifetime, answers, ref lifetime);
        End(stage, lifetime, recorded.MaxLifetime, answers);
    }

    /// <summary>What is answered to an input.</summary>
    /// <exception cref="ArgumentException">The stage is not that of the identity that asked.</exception>
    public void Decide(DecisionStage stage, DecisionInput input, DecisionAnswers answers)
    {
        Begin(stage, input.ClientId, DecisionContext.Of(input), answers);
        TimeSpan? lifetime = null;
        foreach (var scope in input.Scopes)
            Decide(stage, scope, input.Binding, input.DefaultLifetime, answers, ref lifetime);
        End(stage, lifetime, input.MaxLifetime, answers);
    }

    private void Begin(DecisionStage stage, string clientId, RecordValue context, DecisionAnswers answers)
    {
        if (stage.Principal.Id != clientId)
            throw new ArgumentException($"the request is of '{clientId}', not of '{stage.Principal.Id}'", nameof(stage));
        answers.Clear();
        evaluation.Begin(policies.Compiled, stage.Principal, stage.View.Uid, context, stage.Entities);
    }

    private void Decide(DecisionStage stage, string scope, string binding, TimeSpan defaultLifetime, DecisionAnswers answers, ref TimeSpan? lifetime)
    {
        if (!stage.View.TryGetAction(scope, out var action))
        {
            answers.Add(new ScopeAnswer(scope, ScopeOutcome.UnknownScope, ImmutableArray<string>.Empty));
            return;
        }

        var weight = ScopeWeight.Withheld;
        if (stage.ConformanceTo(policies).FaultOf(scope) is null)
        {
            evaluation.Decide(action);
            weight = ScopeWeight.Of(policies, evaluation.SatisfiedPermits, evaluation.SatisfiedForbids, HasForbid(evaluation.Failures), binding);
        }

        answers.Add(new ScopeAnswer(scope, weight.Outcome, weight.StepUp));
        if (weight.Outcome == ScopeOutcome.Granted)
            lifetime = ScopeWeight.Smaller(lifetime, weight.MaxLifetime ?? defaultLifetime);
    }

    private void End(DecisionStage stage, TimeSpan? lifetime, TimeSpan ceiling, DecisionAnswers answers)
    {
        if (lifetime is { } life)
            answers.Lifetime = ScopeWeight.Bounded(life, stage.View.Api.MaxTokenLifetime, ceiling);
        evaluation.Clear();
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
