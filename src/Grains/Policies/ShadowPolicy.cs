using System.Collections.Immutable;
using Assay.Core.Shadowing;

namespace Assay.Grains.Policies;

/// <summary>
/// The set that is asked beside the one in force in a domain, and what this silo counted of it. It may cost a bounded share of a silo's time: when
/// decisions take long with it, each is followed by a rest in which it is not asked.
/// </summary>
/// <param name="domain">The policy domain.</param>
/// <param name="policies">The set.</param>
/// <param name="number">The feed number at which it became the shadow; counts begin with it.</param>
public sealed class ShadowPolicy(string domain, ShadowPolicySet policies, long number)
{
    /// <summary>How long a decision may take, the shadow included, before the shadow rests.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(1);

    /// <summary>It rests so many times as long as the decision took: a slow set takes about a hundredth of the time.</summary>
    public const int RestFactor = 100;

    /// <summary>So many in a row have to take long: one that does may have waited for a compiler or a collector.</summary>
    public const int SlowInARow = 3;

    private readonly long[] counts = new long[ShadowCounts.Kinds.Length];
    private long restsUntil = long.MinValue;
    private int slow;

    public string Domain { get; } = domain;

    public ShadowPolicySet Policies { get; } = policies;

    public string Version => Policies.Policies.Version;

    public long Number { get; } = number;

    /// <summary>What was counted on this silo since it took this shadow up.</summary>
    public ShadowCounts Counts => new([.. counts.Select((_, kind) => Interlocked.Read(ref counts[kind]))]);

    /// <summary>The shadow of a domain; null when there is none, or it is the set in force.</summary>
    /// <param name="key"><c>realm/domain</c></param>
    public static ShadowPolicy? Of(ImmutableDictionary<string, ShadowPolicy> shadows, string key, string inForce) =>
        !shadows.IsEmpty && shadows.TryGetValue(key, out var shadow) && shadow.Version != inForce ? shadow : null;

    /// <param name="now">By a monotonic clock, in its ticks.</param>
    internal bool RestsAt(long now) => now < Volatile.Read(ref restsUntil);

    internal void Took(TimeSpan time, long now, long frequency)
    {
        if (time <= Patience)
            Volatile.Write(ref slow, 0);
        else if (Interlocked.Increment(ref slow) >= SlowInARow)
            Volatile.Write(ref restsUntil, now + (long)(time.TotalSeconds * RestFactor * frequency));
    }

    internal void Count(int kind) => Interlocked.Increment(ref counts[kind]);
}
