namespace Assay.Cedar;

/// <summary>
/// A policy set made ready for many decisions: conditions as trees of operations, heads in an index, so that a decision looks only at
/// policies whose head fits. It decides exactly as <see cref="Authorizer"/> does, which stays the reference. Immutable, shared by all
/// threads, and ordinary memory: a set that nobody refers to is collected whole.
/// </summary>
public sealed class CompiledPolicySet
{
    private readonly CompiledPolicy[] policies;

    private CompiledPolicySet(PolicySet source, CompiledPolicy[] policies, int places, HeadIndex principals, HeadIndex actions, HeadIndex resources) =>
        (Source, this.policies, Places, Principals, Actions, Resources) = (source, policies, places, principals, actions, resources);

    /// <summary>What it was compiled from.</summary>
    public PolicySet Source { get; }

    internal ReadOnlySpan<CompiledPolicy> Policies => policies;

    /// <summary>Attributes that an evaluation keeps from one policy to the next.</summary>
    internal int Places { get; }

    internal HeadIndex Principals { get; }

    internal HeadIndex Actions { get; }

    internal HeadIndex Resources { get; }

    /// <summary>Compiles a set. Takes time and memory in proportion to its text; cannot fail.</summary>
    public static CompiledPolicySet Compile(PolicySet policies)
    {
        ArgumentNullException.ThrowIfNull(policies);
        var compiler = new Compiler();
        var all = policies.Policies.AsSpan();
        var compiled = new CompiledPolicy[all.Length];
        for (var i = 0; i < compiled.Length; i++)
            compiled[i] = new CompiledPolicy(all[i], compiler.Compile(all[i].Body), TypeOf(all[i].Principal), TypeOf(all[i].Resource));

        return new CompiledPolicySet(
            policies,
            compiled,
            compiler.Places,
            HeadIndex.Of(all, policy => policy.Principal),
            HeadIndex.Of(all, policy => policy.Action),
            HeadIndex.Of(all, policy => policy.Resource));
    }

    /// <summary>
    /// Decides one request, as <see cref="Authorizer.Authorize"/>. Allocates the result; callers that decide often keep an
    /// <see cref="Evaluation"/> instead.
    /// </summary>
    public AuthorizationResult Authorize(Request request, Entities entities)
    {
        ArgumentNullException.ThrowIfNull(request);
        var evaluation = Evaluation.Rent();
        evaluation.Begin(this, request.Principal, request.Resource, request.Context, entities);
        evaluation.Decide(request.Action);
        var result = evaluation.ToResult();
        evaluation.Return();
        return result;
    }

    // The index keeps only the second half of "is Type in Entity".
    private static string? TypeOf(ScopeConstraint constraint) => constraint is ScopeConstraint.IsIn both ? both.Type : null;
}

/// <summary>A policy as it is evaluated once the index has found it.</summary>
/// <param name="Policy">The policy.</param>
/// <param name="Clauses">Its conditions, in order.</param>
/// <param name="PrincipalType">What the principal must still be; null when the index has said all.</param>
/// <param name="ResourceType">What the resource must still be; null when the index has said all.</param>
internal readonly record struct CompiledPolicy(Policy Policy, Clause[] Clauses, string? PrincipalType, string? ResourceType);
