using Assay.Core.Revocation;

namespace Assay.Core.StatusLists;

/// <summary>What a token hangs on, as far as a revocation can end it.</summary>
/// <param name="Position">Of its record in the shard.</param>
/// <param name="Number">The feed number of its decision.</param>
/// <param name="IssuedAt">Its <c>iat</c>, in seconds.</param>
/// <param name="ExpiresAt">Its <c>exp</c>, in seconds.</param>
public readonly record struct StatusEntry(
    long Position, long Number, long IssuedAt, long ExpiresAt, ulong Identity, ulong Credential, ulong PolicyVersion, ulong Key);

/// <summary>
/// One list in memory: which tokens have which index, and which of them have ended. Any number of threads add; one thread at a time sweeps and restores.
/// </summary>
/// <remarks>32 bytes a token, in the order of issue, plus one bit an index once a token of the list has ended.</remarks>
public sealed class StatusTable
{
    /// <summary>Indices of a list.</summary>
    public const int Capacity = 1 << 20;

    /// <summary>64 KiB: below what the collector treats as large.</summary>
    private const int ChunkSize = 2048;

    private readonly Lock guard = new();
    private readonly Token[]?[] chunks = new Token[Capacity / ChunkSize][];
    private readonly IndexOrder order;
    private readonly long firstPosition;
    private readonly long firstNumber;
    private (ulong PolicyVersion, ulong Key)[] origins = [];
    private byte[]? bits;
    private long lastExpiry;
    private long version;
    private int taken;

    /// <param name="key">32 bytes of the cluster's, the same for every list.</param>
    /// <param name="list">Names the list: no two have the same name.</param>
    /// <param name="first">About the first token: the others are stored by their distance to it.</param>
    /// <param name="unknownIsInvalid">For a list that is restored: what is not restored was never given out, and is shown as invalid.</param>
    public StatusTable(ReadOnlySpan<byte> key, string list, in StatusEntry first, bool unknownIsInvalid = false)
    {
        order = new IndexOrder(key, list);
        (firstPosition, firstNumber) = (first.Position, first.Number);
        if (!unknownIsInvalid)
            return;
        bits = new byte[Capacity / 8];
        bits.AsSpan().Fill(0xFF);
    }

    /// <summary>Indices given out.</summary>
    public int Count => Math.Min(Volatile.Read(ref taken), Capacity);

    public bool IsFull => Volatile.Read(ref taken) >= Capacity;

    /// <summary>When the last of its tokens expires, in seconds.</summary>
    public long LastExpiry => Volatile.Read(ref lastExpiry);

    /// <summary>Rises when the list reads otherwise than before.</summary>
    public long Version => Volatile.Read(ref version);

    /// <summary>Gives a token the next index; -1 when there is none left.</summary>
    public int Add(in StatusEntry token)
    {
        if (IsFull)
            return -1; // also so that the counter does not run away
        var place = Interlocked.Increment(ref taken) - 1;
        if (place >= Capacity)
            return -1;
        Put(place, token);
        return order.IndexOf(place);
    }

    /// <summary>Puts a token back where it was when the list was kept elsewhere. False when the index is none, or taken.</summary>
    public bool Restore(int index, in StatusEntry token)
    {
        if (index is < 0 or >= Capacity)
            return false;
        var place = order.PlaceOf(index);
        if (chunks[place / ChunkSize]?[place % ChunkSize].Origin > 0)
            return false;
        Put(place, token);
        taken = Math.Max(taken, place + 1);
        if (bits is not null)
            bits[index / 8] &= (byte)~(1 << index % 8);
        Interlocked.Increment(ref version);
        return true;
    }

    /// <summary>Marks the tokens that a sweep ends. Those being added meanwhile may be missed. Answers how many ended that had not before.</summary>
    public int Apply(StatusSweep sweep)
    {
        var ended = 0;
        var ofOrigins = sweep.TouchedBy(Volatile.Read(ref origins));
        for (var i = 0; i * ChunkSize < Count; i++)
        {
            if (Volatile.Read(ref chunks[i]) is not { } chunk)
                continue;
            for (var at = 0; at < chunk.Length; at++)
            {
                ref var token = ref chunk[at];
                var origin = Volatile.Read(ref token.Origin); // last to be written
                if (origin > 0 && IsEnded(sweep, token, ofOrigins, origin - 1) && Mark(order.IndexOf(i * ChunkSize + at)))
                    ended++;
            }
        }

        if (ended > 0)
            Interlocked.Increment(ref version);
        return ended;
    }

    /// <summary>The list as it is now: <see cref="Capacity"/> statuses of one bit.</summary>
    public byte[] Read()
    {
        var copy = new byte[Capacity / 8];
        Volatile.Read(ref bits)?.CopyTo(copy, 0);
        return copy;
    }

    private bool IsEnded(StatusSweep sweep, in Token token, ReadOnlySpan<bool> ofOrigins, int origin)
    {
        var issuedAt = token.IssuedAt;
        return sweep.Ends(token.Identity, firstNumber + token.Number, issuedAt)
            || sweep.Ends(token.Credential, firstNumber + token.Number, issuedAt)
            || sweep.Names(firstPosition + token.Position)
            || (origin >= ofOrigins.Length || ofOrigins[origin]) && OriginIsEnded(sweep, origins[origin], firstNumber + token.Number, issuedAt);
    }

    private static bool OriginIsEnded(StatusSweep sweep, (ulong PolicyVersion, ulong Key) origin, long number, long issuedAt) =>
        sweep.Ends(origin.PolicyVersion, number, issuedAt) || sweep.Ends(origin.Key, number, issuedAt);

    private bool Mark(int index)
    {
        var list = bits ?? Interlocked.CompareExchange(ref bits, new byte[Capacity / 8], null) ?? bits;
        var bit = (byte)(1 << index % 8);
        if ((list[index / 8] & bit) != 0)
            return false;
        list[index / 8] |= bit;
        return true;
    }

    private void Put(int place, in StatusEntry token)
    {
        ref var entry = ref Chunk(place / ChunkSize)[place % ChunkSize];
        entry.Identity = token.Identity;
        entry.Credential = token.Credential;
        entry.Number = checked((int)(token.Number - firstNumber));
        entry.Position = checked((int)(token.Position - firstPosition));
        entry.IssuedAt = checked((uint)token.IssuedAt);
        Volatile.Write(ref entry.Origin, OriginOf((token.PolicyVersion, token.Key)) + 1);

        for (var last = Volatile.Read(ref lastExpiry); last < token.ExpiresAt;)
        {
            var seen = Interlocked.CompareExchange(ref lastExpiry, token.ExpiresAt, last);
            if (seen == last)
                break;
            last = seen;
        }
    }

    private Token[] Chunk(int number) =>
        Volatile.Read(ref chunks[number]) ?? Interlocked.CompareExchange(ref chunks[number], new Token[ChunkSize], null) ?? chunks[number]!;

    /// <summary>Policy versions and keys are few in the minutes of a list: the newest is nearly always the one.</summary>
    private int OriginOf((ulong, ulong) origin)
    {
        var known = Volatile.Read(ref origins);
        var found = Array.LastIndexOf(known, origin);
        if (found >= 0)
            return found;
        lock (guard)
        {
            found = Array.LastIndexOf(origins, origin);
            if (found >= 0)
                return found;
            Volatile.Write(ref origins, [.. origins, origin]);
            return origins.Length - 1;
        }
    }

    private struct Token
    {
        public ulong Identity;
        public ulong Credential;
        public int Number;
        public int Position;
        public uint IssuedAt;

        /// <summary>Place in <see cref="origins"/> plus one; 0 while the rest is not whole.</summary>
        public int Origin;
    }
}
