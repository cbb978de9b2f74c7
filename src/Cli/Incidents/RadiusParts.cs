using System.Collections.Immutable;
using Assay.Cli.Admin;

namespace Assay.Cli.Incidents;

/// <summary>The parts of a blast radius, put together: a server answers for a bounded number of records at a time.</summary>
internal static class RadiusParts
{
    /// <param name="most">Live tokens that are listed.</param>
    public static BlastRadiusView Together(BlastRadiusView newer, BlastRadiusView older, int most) => newer with
    {
        LookedAt = newer.LookedAt + older.LookedAt,
        ReachedBackTo = older.ReachedBackTo ?? newer.ReachedBackTo,
        Damaged = newer.Damaged + older.Damaged,
        Total = Together(newer.Total, older.Total),
        Identities = Together(newer.Identities, older.Identities),
        Credentials = Together(newer.Credentials, older.Credentials),
        Resources = Together(newer.Resources, older.Resources),
        Addresses = Together(newer.Addresses, older.Addresses),
        LeftOut = newer.LeftOut + older.LeftOut,
        Tokens = [.. newer.Tokens.Concat(older.Tokens).Take(most)],
        Next = older.Next,
    };

    private static ImmutableArray<ReachView> Together(ImmutableArray<ReachView> newer, ImmutableArray<ReachView> older) =>
    [
        .. newer.Concat(older).GroupBy(row => row.Name, StringComparer.Ordinal).Select(rows => rows.Aggregate(Together))
            .OrderByDescending(row => row.Live).ThenByDescending(row => row.Tokens).ThenBy(row => row.Name, StringComparer.Ordinal),
    ];

    private static ReachView Together(ReachView newer, ReachView older) => newer with
    {
        Tokens = newer.Tokens + older.Tokens,
        Live = newer.Live + older.Live,
        Refused = newer.Refused + older.Refused,
        LiveUntil = Later(newer.LiveUntil, older.LiveUntil),
        First = older.First ?? newer.First,
        Last = newer.Last ?? older.Last,
        Scopes = [.. newer.Scopes.Union(older.Scopes).Order(StringComparer.Ordinal)],
    };

    private static DateTimeOffset? Later(DateTimeOffset? a, DateTimeOffset? b) => a is null || b > a ? b : a;
}
