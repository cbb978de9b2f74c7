using System.Collections.Immutable;
using Assay.Core.Revocation;
using Assay.Core.StatusLists;

namespace Assay.Silo.StatusLists;

/// <summary>A list of a shard, and what was last signed of it.</summary>
internal sealed class ListedTable(StatusListName name, StatusListAddress address, StatusTable table)
{
    public StatusListName Name { get; } = name;

    public StatusListAddress Address { get; } = address;

    public StatusTable Table { get; } = table;

    public PublishedList? Published { get; set; }
}

/// <param name="Version">Of the table, read before its bits were.</param>
internal sealed record PublishedList(long Version, string KeyId, DateTimeOffset SignedAt, ReadOnlyMemory<byte> Token);

/// <summary>A revocation that is still to be looked for.</summary>
/// <param name="Position">For a single token of this shard, that of its record.</param>
internal readonly record struct PendingEnd(RevocationEntry Entry, long? Position);

/// <summary>All status lists of one shard: this silo's own, or one that it restored. Lists are by expiry, so that they retire whole.</summary>
/// <param name="isRestored">Indices without a token are shown as invalid.</param>
internal sealed class StatusShard(long shard, StatusListNames names, bool isRestored = false)
{
    /// <summary>Tokens that expire in the same five minutes share a list.</summary>
    private const int WindowMinutes = 5;

    /// <summary>How long a list is served after its last token has expired, for clocks that differ.</summary>
    private static readonly TimeSpan Afterlife = TimeSpan.FromMinutes(1);

    private readonly Lock guard = new();
    private readonly List<PendingEnd> pending = [];
    private ImmutableDictionary<StatusListName, ListedTable> lists = ImmutableDictionary<StatusListName, ListedTable>.Empty;
    private ListedTable[] open = [];
    private int opened;

    public long Shard => shard;

    /// <summary>Those that are not retired.</summary>
    public ICollection<ListedTable> Lists => [.. Volatile.Read(ref lists).Values];

    public ListedTable? Find(StatusListName name) => Volatile.Read(ref lists).GetValueOrDefault(name);

    /// <summary>Tokens that have a place in the lists.</summary>
    public long Held
    {
        get
        {
            var held = 0L;
            foreach (var (_, list) in Volatile.Read(ref lists))
                held += list.Table.Count;
            return held;
        }
    }

    public bool HasPending
    {
        get
        {
            lock (guard)
                return pending.Count > 0;
        }
    }

    /// <summary>Whether no list of that name is of use any more, whoever holds it.</summary>
    public static bool IsRetired(StatusListName name, DateTimeOffset now) => now >= DateTimeOffset.UnixEpoch + TimeSpan.FromMinutes(name.Retires) + Afterlife;

    /// <summary>Gives a token its place. No place is given twice, whatever becomes of the token. Null when the shard can open no more lists.</summary>
    public StatusReference? Take(in StatusEntry token)
    {
        var retires = RetirementOf(token.ExpiresAt);
        while (true)
        {
            foreach (var list in Volatile.Read(ref open))
            {
                if (list.Name.Retires == retires && list.Table.Add(token) is var index and >= 0)
                    return new StatusReference(list.Address, index);
            }

            if (!Open(retires, token))
                return null;
        }
    }

    /// <summary>Puts a token back. For one thread, before the lists are served.</summary>
    public void Restore(StatusListName name, int index, in StatusEntry token)
    {
        if (Find(name) is not { } list)
            lists = lists.Add(name, list = Make(name, token));
        list.Table.Restore(index, token);
    }

    /// <summary>To be looked for from now on.</summary>
    public void Add(ReadOnlySpan<PendingEnd> ends)
    {
        lock (guard)
            pending.AddRange(ends);
    }

    /// <summary>
    /// Marks what was revoked, one caller at a time; answers how many tokens ended. What was decided before a revocation may get its place after it was
    /// looked for, so a revocation is looked for until nothing older is on its way.
    /// </summary>
    /// <param name="drained">Nothing decided before this feed number can leave any more.</param>
    public int Sweep(long drained)
    {
        PendingEnd[] ends;
        lock (guard)
            ends = [.. pending];
        if (ends.Length == 0)
            return 0;

        var ended = 0;
        var sweep = new StatusSweep(
            [.. ends.Where(static end => end.Position is null).Select(static end => end.Entry)], ends.Where(static end => end.Position is not null).Select(static end => end.Position!.Value));
        foreach (var (_, list) in Volatile.Read(ref lists))
            ended += list.Table.Apply(sweep);
        lock (guard)
        {
            pending.RemoveRange(0, ends.Length); // others were added behind them meanwhile
            pending.InsertRange(0, ends.Where(end => end.Entry.Number > drained));
        }

        return ended;
    }

    /// <summary>Drops the lists whose tokens have all expired.</summary>
    public void Retire(DateTimeOffset now)
    {
        lock (guard)
        {
            foreach (var (name, list) in lists)
            {
                var isOver = DateTimeOffset.FromUnixTimeSeconds(list.Table.LastExpiry) + Afterlife <= now && (list.Table.IsFull || isRestored);
                if (!isOver && !IsRetired(name, now))
                    continue;
                Volatile.Write(ref lists, lists.Remove(name));
                Volatile.Write(ref open, [.. open.Where(other => other != list)]);
            }
        }
    }

    private static long RetirementOf(long expiresAt) => ((expiresAt + WindowMinutes * 60 - 1) / (WindowMinutes * 60)) * WindowMinutes;

    /// <summary>True when there is a list with room now.</summary>
    private bool Open(long retires, in StatusEntry first)
    {
        lock (guard)
        {
            foreach (var list in open)
            {
                if (list.Name.Retires == retires && !list.Table.IsFull)
                    return true;
            }

            // Counted over the shard's life: also a clock that is set back opens no list twice.
            if (opened > StatusListNames.MaxOrdinal)
                return false;
            var made = Make(new StatusListName(shard, retires, opened++), first);
            Volatile.Write(ref lists, lists.Add(made.Name, made));
            Volatile.Write(ref open, [.. open.Where(list => list.Name.Retires != retires), made]);
            return true;
        }
    }

    private ListedTable Make(StatusListName name, in StatusEntry first)
    {
        var address = names.AddressOf(name);
        return new ListedTable(name, address, new StatusTable(names.OrderKey, address.Id, first, isRestored));
    }
}
