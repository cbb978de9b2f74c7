using System.Collections.Immutable;
using Assay.Grains.Authority;

namespace Assay.Silo.Storage.Sqlite.Subjects;

/// <summary>Whoever is shown the rows of one subject, newest first, and can say what need not be read. Moments are in milliseconds since 1970.</summary>
internal abstract class RowVisitor(string realm, string subject)
{
    public byte[] Name { get; } = PackedRow.Name(realm, subject);

    public long Hash => hash ??= PackedRow.Hash(Name);

    private long? hash;

    public abstract void Visit(ReadOnlySpan<byte> said);

    /// <summary>Whether some rows are to be read that are not older than <paramref name="since"/>, not newer than <paramref name="until"/>, and whose assertions expire by <paramref name="spentUntil"/>.</summary>
    public abstract bool Wants(long since, long until, long spentUntil);

    /// <summary>Whether nothing is wanted of rows not newer than a moment.</summary>
    public abstract bool IsDone(long until);
}

/// <summary>The newest rows between two moments.</summary>
internal sealed class NewestRows(string realm, string subject, long from, long to, int limit) : RowVisitor(realm, subject)
{
    private readonly SubjectKey key = new(realm, subject);
    private readonly List<EvidenceIndexRow> found = [];
    private readonly PriorityQueue<long, long> newest = new(); // moments of the newest that were found, the oldest of them in front

    public override void Visit(ReadOnlySpan<byte> said)
    {
        var at = PackedRow.At(said);
        if (at < from || at > to || IsFull(at))
            return;
        found.Add(PackedRow.Unpack(key, said));
        newest.Enqueue(at, at);
        if (newest.Count > limit)
            newest.Dequeue();
    }

    public override bool Wants(long since, long until, long spentUntil) => until >= from && since <= to && !IsFull(until);

    public override bool IsDone(long until) => until < from || IsFull(until);

    /// <summary>A clock may have gone back while they were written. The order of those of one moment stays.</summary>
    public ImmutableArray<EvidenceIndexRow> Rows() => [.. found.OrderByDescending(static row => row.At).Take(limit)];

    private bool IsFull(long until) => newest.Count >= limit && (limit <= 0 || until <= newest.Peek());
}

/// <summary>The spent assertions that are not expired.</summary>
internal sealed class LiveAssertions(string realm, string subject, DateTimeOffset now) : RowVisitor(realm, subject)
{
    private readonly long moment = now.ToUnixTimeMilliseconds();
    private ImmutableArray<SpentAssertion>.Builder? live; // of most there are none

    public ImmutableArray<SpentAssertion> Found => live?.ToImmutable() ?? [];

    public override void Visit(ReadOnlySpan<byte> said)
    {
        if (PackedRow.SpentUntil(said) >= moment)
            EvidencePacking.AddLive(PackedRow.Spent(said), now, ref live);
    }

    public override bool Wants(long since, long until, long spentUntil) => spentUntil >= moment;

    public override bool IsDone(long until) => false;
}
