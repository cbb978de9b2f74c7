using Assay.Grains.Authority;

namespace Assay.Silo.Storage;

/// <summary>What every store asks of a change before it opens a transaction.</summary>
internal static class ChangeRules
{
    /// <exception cref="ArgumentException">A mistake of the caller's.</exception>
    public static void Check(Change change)
    {
        if (change.Writes.IsEmpty)
            throw new ArgumentException("a change writes something", nameof(change));
        if (change.Writes.DistinctBy(write => write.Key).Count() != change.Writes.Length)
            throw new ArgumentException("a change writes each object once", nameof(change));
        if (change.Writes.Any(write => write.Body is { IsEmpty: true }))
            throw new ArgumentException("an object has a body, and null deletes it", nameof(change));
    }
}
