using System.Numerics;
using System.Runtime.InteropServices;

namespace Assay.Cedar;

/// <summary>
/// Working memory and result of decisions by a <see cref="CompiledPolicySet"/>, to be used again and again: once its buffers have grown
/// to what the policies need, a decision allocates nothing. (Policies that strict validation refuses may: those that construct
/// extension values of what is not a literal. So does a set or record written in a policy when a part of it is not constant and it has
/// more than 16 parts, or another such set or record among them.) For one thread at a time. It refers to what it was given last until
/// it begins anew or is cleared.
/// </summary>
public sealed partial class Evaluation
{
    [ThreadStatic]
    private static Evaluation? spare;

    private CompiledPolicySet? policies;
    private Entities entities = Entities.Empty;
    private ulong[] fitting = [];
    private ulong[] candidates = [];
    private Policy[] permits = [];
    private Policy[] forbids = [];
    private EvaluationFailure[] failures = [];
    private int permitCount, forbidCount, failureCount;

    /// <summary>Allow when a permit and no forbid is satisfied.</summary>
    public Decision Decision => permitCount > 0 && forbidCount == 0 ? Decision.Allow : Decision.Deny;

    /// <summary>All satisfied permits, in the order of the policy set, also when a forbid overrides them. Valid until the next call that changes this object.</summary>
    public ReadOnlySpan<Policy> SatisfiedPermits => permits.AsSpan(0, permitCount);

    /// <summary>All satisfied forbids, in the order of the policy set. Valid until the next call that changes this object.</summary>
    public ReadOnlySpan<Policy> SatisfiedForbids => forbids.AsSpan(0, forbidCount);

    /// <summary>The policies whose evaluation failed; they count as not satisfied here. Valid until the next call that changes this object.</summary>
    public ReadOnlySpan<EvaluationFailure> Failures => failures.AsSpan(0, failureCount);

    internal BoundEntity Principal { get; } = new();

    internal BoundEntity Action { get; } = new();

    internal BoundEntity Resource { get; } = new();

    internal RecordValue Context { get; private set; } = RecordValue.Empty;

    /// <summary>The evaluation that was last returned on this thread, or a new one. For callers without a place to keep their own.</summary>
    public static Evaluation Rent()
    {
        var evaluation = spare ?? new Evaluation();
        spare = null;
        return evaluation;
    }

    /// <summary>Clears this and leaves it to the next <see cref="Rent"/> on this thread. Whoever returns it must not use it again.</summary>
    public void Return()
    {
        Clear();
        spare = this;
    }

    /// <summary>Takes up who asks and about what; decisions about any number of actions can follow.</summary>
    public void Begin(CompiledPolicySet policies, EntityUid principal, EntityUid resource, RecordValue context, Entities entities)
    {
        ArgumentNullException.ThrowIfNull(policies);
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(entities);
        (this.policies, this.entities, Context) = (policies, entities, context);
        permitCount = forbidCount = failureCount = 0;
        Principal.Bind(principal, entities);
        Resource.Bind(resource, entities);

        if (known.Length < policies.Places)
            known = new Slot[policies.Places];

        Array.Clear(known, 0, policies.Places);
        var words = HeadIndex.WordsFor(policies.Policies.Length);
        if (fitting.Length < words)
            (fitting, candidates) = (new ulong[words], new ulong[words]);

        policies.Principals.Mark(Principal, Cleared(fitting, words));
        policies.Resources.Mark(Resource, Cleared(candidates, words));
        for (var i = 0; i < words; i++)
            fitting[i] &= candidates[i];
    }

    /// <summary>
    /// Decides about an action, and replaces the result of the last decision. Never throws on any combination of policies, request
    /// and entities. Callers that must fail closed look at <see cref="Failures"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">Nothing was begun.</exception>
    public Decision Decide(EntityUid action)
    {
        if (policies is null)
            throw new InvalidOperationException("an evaluation decides between Begin and Clear");

        permitCount = forbidCount = failureCount = 0;
        Action.Bind(action, entities);
        var all = policies.Policies;
        var mask = Cleared(candidates, HeadIndex.WordsFor(all.Length));
        policies.Actions.Mark(Action, mask);
        for (var word = 0; word < mask.Length; word++)
        {
            for (var bits = mask[word] & fitting[word]; bits != 0; bits &= bits - 1)
                Weigh(all[(word << 6) + BitOperations.TrailingZeroCount(bits)]);
        }

        return Decision;
    }

    /// <summary>What went wrong, in words and with the place, for one of <see cref="Failures"/>. Evaluates the policy again, by the reference.</summary>
    public EvaluationError Explain(EvaluationFailure failure)
    {
        var interpreter = new Interpreter(new Request(Principal.Uid, Action.Uid, Resource.Uid, Context), entities);
        interpreter.Satisfies(failure.Policy);
        return interpreter.Error(failure.Policy) with { Kind = failure.Kind };
    }

    /// <summary>The result as a value that stays.</summary>
    public AuthorizationResult ToResult()
    {
        var errors = new EvaluationError[failureCount];
        for (var i = 0; i < errors.Length; i++)
            errors[i] = Explain(failures[i]);

        return new AuthorizationResult(Decision, [.. SatisfiedPermits], [.. SatisfiedForbids], ImmutableCollectionsMarshal.AsImmutableArray(errors));
    }

    /// <summary>Forgets policies, request and result, and keeps the memory: what is kept between decisions keeps nothing else alive.</summary>
    public void Clear()
    {
        (policies, entities, Context) = (null, Entities.Empty, RecordValue.Empty);
        permitCount = forbidCount = failureCount = 0;
        Array.Clear(permits);
        Array.Clear(forbids);
        Array.Clear(failures);
        Array.Clear(parts);
        Array.Clear(known);
        Principal.Clear();
        Action.Clear();
        Resource.Clear();
    }

    private void Weigh(in CompiledPolicy policy)
    {
        if ((policy.PrincipalType is { } principal && principal != Principal.Uid.Type) || (policy.ResourceType is { } resource && resource != Resource.Uid.Type))
            return;

        used = 0;
        foreach (var clause in policy.Clauses)
        {
            var truth = clause.Condition.Test(this);
            if (truth == clause.Wanted)
                continue;

            if (truth == Truth.Failed)
                Add(ref failures, ref failureCount, new EvaluationFailure(policy.Policy, FailedKind));

            return;
        }

        if (policy.Policy.Effect == Effect.Permit)
            Add(ref permits, ref permitCount, policy.Policy);
        else
            Add(ref forbids, ref forbidCount, policy.Policy);
    }

    private static Span<ulong> Cleared(ulong[] mask, int words)
    {
        var used = mask.AsSpan(0, words);
        used.Clear();
        return used;
    }

    private static void Add<T>(ref T[] items, ref int count, T item)
    {
        if (count == items.Length)
            Array.Resize(ref items, Math.Max(8, count * 2));

        items[count++] = item;
    }
}

/// <summary>A policy that could not be evaluated. <see cref="Evaluation.Explain"/> has the words.</summary>
/// <param name="Policy">The policy.</param>
/// <param name="Kind">What went wrong.</param>
public readonly record struct EvaluationFailure(Policy Policy, EvaluationErrorKind Kind);
