using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Assay.Cedar;
using Assay.Core.Policies;

namespace Assay.Core.Decisions;

/// <summary>
/// What a policy set has said before: many ask, and few different answers are given. What becomes of a scope depends on the policies that are satisfied and on nothing else that
/// changes, so it is put into words once; and verdicts of the same scopes and life are one. Of a fixed size: what falls on the same place takes it, which costs the
/// words and nothing else. For any thread.
/// </summary>
internal sealed class KnownVerdicts
{
    private const int Places = 512; // a power of two

    private readonly KnownScope?[] scopes = new KnownScope?[Places];
    private readonly Verdict?[] verdicts = new Verdict?[Places];

    /// <summary>What was made of a scope when exactly these policies were satisfied and none failed; null when that is not known.</summary>
    public ScopeDecision? Find(ReadOnlySpan<Policy> permits, ReadOnlySpan<Policy> forbids, string scope, string binding) =>
        Volatile.Read(ref scopes[PlaceOf(permits, forbids, scope)]) is { } known
        && known.Decision.Scope == scope
        && known.Binding == binding
        && Same(known.Permits, permits)
        && Same(known.Forbids, forbids)
            ? known.Decision
            : null;

    /// <summary>Keeps it for the next who asks.</summary>
    public void Keep(ReadOnlySpan<Policy> permits, ReadOnlySpan<Policy> forbids, string binding, ScopeDecision decision) =>
        Volatile.Write(ref scopes[PlaceOf(permits, forbids, decision.Scope)], new KnownScope(permits.ToArray(), forbids.ToArray(), binding, decision));

    /// <summary>A verdict of these: the one that was made of them before, if it is still known.</summary>
    /// <param name="decisions">The same objects make the same verdict.</param>
    public Verdict Of(ReadOnlySpan<ScopeDecision?> decisions, TimeSpan lifetime)
    {
        var hash = lifetime.GetHashCode();
        foreach (var decision in decisions)
        {
            if (decision!.Outcome == ScopeOutcome.UnknownScope || !decision.Errors.IsEmpty)
                return new Verdict([.. decisions!], lifetime); // of its own: a caller's words, or a fault's, are not kept
            hash = (hash * 31) + RuntimeHelpers.GetHashCode(decision);
        }

        ref var place = ref verdicts[Place(hash)];
        if (Volatile.Read(ref place) is { } known && known.Lifetime == lifetime && Same(known.Scopes.AsSpan(), decisions))
            return known;

        var verdict = new Verdict([.. decisions!], lifetime);
        Volatile.Write(ref place, verdict);
        return verdict;
    }

    private static int PlaceOf(ReadOnlySpan<Policy> permits, ReadOnlySpan<Policy> forbids, string scope)
    {
        var hash = scope.GetHashCode(StringComparison.Ordinal);
        foreach (var policy in permits)
            hash = (hash * 31) + RuntimeHelpers.GetHashCode(policy);
        foreach (var policy in forbids)
            hash = (hash * 37) + RuntimeHelpers.GetHashCode(policy);
        return Place(hash);
    }

    private static int Place(int hash) => (int)((uint)hash * 0x9E3779B1u >> 23); // its upper 9 bits, in which all of it has a part

    private static bool Same<T>(ReadOnlySpan<T> known, ReadOnlySpan<T> asked)
        where T : class?
    {
        if (known.Length != asked.Length)
            return false;
        for (var i = 0; i < known.Length; i++)
        {
            if (!ReferenceEquals(known[i], asked[i]))
                return false;
        }

        return true;
    }

    private sealed record KnownScope(Policy[] Permits, Policy[] Forbids, string Binding, ScopeDecision Decision);
}
