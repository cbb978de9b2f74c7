using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>Decides requests (Cedar specification, <c>isAuthorized</c>): default deny, a forbid overrides every permit.</summary>
public static class Authorizer
{
    /// <summary>
    /// Evaluates every policy of the set and decides. A policy whose evaluation fails is reported and counts as not satisfied,
    /// also a forbid: callers that must fail closed look at <see cref="AuthorizationResult.Errors"/>. Never throws on any
    /// combination of policies, request and entities.
    /// </summary>
    public static AuthorizationResult Authorize(PolicySet policies, Request request, Entities entities)
    {
        ArgumentNullException.ThrowIfNull(policies);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(entities);

        var interpreter = new Interpreter(request, entities);
        Found<Policy> permits = default, forbids = default;
        Found<EvaluationError> errors = default;
        foreach (var policy in policies.Policies)
        {
            switch (interpreter.Satisfies(policy))
            {
                case true when policy.Effect == Effect.Permit:
                    permits.Add(policy);
                    break;
                case true:
                    forbids.Add(policy);
                    break;
                case null:
                    errors.Add(interpreter.Error(policy));
                    break;
            }
        }

        var decision = !permits.IsEmpty && forbids.IsEmpty ? Decision.Allow : Decision.Deny;
        return new AuthorizationResult(decision, permits.ToArray(), forbids.ToArray(), errors.ToArray());
    }

    /// <summary>Gathers few items out of many; costs nothing while there are none.</summary>
    private struct Found<T>
    {
        private ImmutableArray<T>.Builder? items;

        public readonly bool IsEmpty => items is null;

        public void Add(T item) => (items ??= ImmutableArray.CreateBuilder<T>(4)).Add(item);

        public readonly ImmutableArray<T> ToArray() => items is null ? [] : items.DrainToImmutable();
    }
}
