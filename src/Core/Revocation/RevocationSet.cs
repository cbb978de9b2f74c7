using System.Collections.Immutable;

namespace Assay.Core.Revocation;

/// <summary>A revocation as the feed has it.</summary>
/// <param name="Number">Its feed number: it ends tokens that were decided before it.</param>
/// <param name="LearnedAt">Not before it was made, or so little before it that <see cref="RevocationSet.Retention"/> makes up for it.</param>
public readonly record struct RevocationEntry(ulong Handle, long Number, IssueWindow? Window, DateTimeOffset LearnedAt);

/// <summary>
/// The revocations that can still end a token: what a silo holds to tell a dead one without asking anybody. Immutable; the next one shares what did not
/// change, so a step costs what it brings, and asking costs the same however many tokens and revocations there are.
/// </summary>
public sealed class RevocationSet
{
    /// <summary>How long an entry is kept: longer than any token lives, with room for clocks that differ and for a query that took its time.</summary>
    public static readonly TimeSpan Retention = TimeSpan.FromMinutes(18);

    private readonly ImmutableDictionary<ulong, Ends> ends;
    private readonly ImmutableQueue<RevocationEntry> byAge;

    private RevocationSet(ImmutableDictionary<ulong, Ends> ends, ImmutableQueue<RevocationEntry> byAge) => (this.ends, this.byAge) = (ends, byAge);

    public static RevocationSet Empty { get; } = new(ImmutableDictionary<ulong, Ends>.Empty, []);

    /// <summary>Handles that are revoked.</summary>
    public int Count => ends.Count;

    /// <summary>Whether a token is dead that hangs on this handle.</summary>
    /// <param name="number">The feed number of the token's decision.</param>
    /// <param name="issuedAt">Its <c>iat</c>, in seconds.</param>
    public bool IsEnded(ulong handle, long number, long issuedAt) => ends.TryGetValue(handle, out var end) && end.Includes(number, issuedAt);

    /// <summary>With more entries, in the order in which they were learned, and without those that are too old to matter at <paramref name="now"/>.</summary>
    public RevocationSet Next(ReadOnlySpan<RevocationEntry> added, DateTimeOffset now)
    {
        if (added.IsEmpty && !HasOld(byAge, now))
            return this;

        var next = ends.ToBuilder();
        var queue = byAge;
        foreach (var entry in added)
        {
            next[entry.Handle] = next.GetValueOrDefault(entry.Handle).With(entry);
            queue = queue.Enqueue(entry);
        }

        while (HasOld(queue, now))
        {
            queue = queue.Dequeue(out var old);
            var left = next.GetValueOrDefault(old.Handle).Without(old);
            if (left.IsNone)
                next.Remove(old.Handle);
            else
                next[old.Handle] = left;
        }

        return new RevocationSet(next.ToImmutable(), queue);
    }

    private static bool HasOld(ImmutableQueue<RevocationEntry> queue, DateTimeOffset now) => !queue.IsEmpty && queue.PeekRef().LearnedAt < now - Retention;

    /// <summary>What ends the tokens of one handle.</summary>
    /// <param name="Number">The newest revocation without a window; 0 for none.</param>
    /// <param name="InWindows">Those with one; default for none.</param>
    private readonly record struct Ends(long Number, ImmutableArray<RevocationEntry> InWindows)
    {
        public bool IsNone => Number == 0 && InWindows.IsDefaultOrEmpty;

        public bool Includes(long number, long issuedAt)
        {
            if (number < Number)
                return true;
            if (InWindows.IsDefault)
                return false;
            foreach (var entry in InWindows)
            {
                if (number < entry.Number && entry.Window!.Contains(issuedAt))
                    return true;
            }

            return false;
        }

        public Ends With(RevocationEntry entry) => entry.Window is null
            ? this with { Number = Math.Max(Number, entry.Number) }
            : this with { InWindows = InWindows.IsDefault ? [entry] : InWindows.Add(entry) };

        public Ends Without(RevocationEntry entry) => entry.Window is null
            ? this with { Number = Number == entry.Number ? 0 : Number }
            : this with { InWindows = InWindows.Remove(entry) };
    }
}
