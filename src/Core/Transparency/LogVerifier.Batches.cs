using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.IO.Hashing;
using Assay.Core.Evidence;

namespace Assay.Core.Transparency;

// A batch, held against its own leaves, root and signature, and against what was saved of its shard.
public sealed partial class LogVerifier
{
    private LogFault? Check(Shard shard, LoggedBatch batch)
    {
        LogFault Fault(LogFaultKind kind, long position, string what) => new(kind, batch.Shard, position, what);

        var next = shard.Tree.Size;
        if (batch.First > next)
            return Fault(LogFaultKind.Missing, next, $"records up to position {batch.First - 1} are missing: the next batch begins at {batch.First}");
        if (batch.First < next)
            return Fault(LogFaultKind.Misplaced, batch.First, $"a batch begins here, and the one before it goes to position {next - 1}");
        if (batch.Leaves.IsEmpty || batch.Root.Length != TreeHash.Size)
            return Fault(LogFaultKind.NoTree, batch.First, "the batch has no leaves or no root: it was written before the log had proofs, or was stripped of them");
        if (batch.Count < 1 || batch.Leaves.Length != (long)batch.Count * TreeHash.Size)
            return Fault(LogFaultKind.Damaged, batch.First, $"the batch says that it has {batch.Count} records, and has leaves for {batch.Leaves.Length / TreeHash.Size}");
        if (!batch.IsDropped)
        {
            if (batch.Records is not { } present)
                return Fault(LogFaultKind.Damaged, batch.First, "the records of the batch cannot be told apart: it was changed or is damaged");
            if (CheckRecords(batch, present) is { } wrong)
                return wrong;
        }

        // Only what fits its leaves is worth appending; a root that does not fit then means that leaves were changed too.
        var leaves = LeafHashes(batch);
        while (!leaves.IsEmpty)
        {
            var here = (int)Math.Min(leaves.Length, shard.SavedNext - shard.Tree.Size);
            shard.Tree.Append(leaves[..here], hashes);
            leaves = leaves[here..];
            if (CheckSaved(shard) is { } changed)
                return changed;
        }

        var root = shard.Tree.Root;
        if (TreeHash.From(batch.Root.Span) != root)
        {
            return Displaced(batch) ?? Fault(
                LogFaultKind.Root, batch.First, $"the root after this batch, at {shard.Tree.Size} records, is not the one of its leaves: records and leaves were changed together, or the root was");
        }

        shard.Ends[shard.Tree.Size] = root;
        shard.Unchecked.Add((batch.First, shard.Tree.Size, root, batch.Signature));
        if (shard.Unchecked.Count >= SignaturesApart && CheckSignatures(shard, isEnd: false) is { } unsigned)
            return unsigned;

        if (!batch.IsDropped)
            return Learn(batch);
        Drop(batch);
        return null;
    }

    private Span<TreeHash> LeafHashes(LoggedBatch batch)
    {
        var leaves = Room(batch.Count);
        for (var i = 0; i < leaves.Length; i++)
        {
            var message = hashes.Add(1 + TreeHash.Size);
            message[0] = 0;
            batch.Leaves.Span.Slice(i * TreeHash.Size, TreeHash.Size).CopyTo(message[1..]);
        }

        hashes.Take(leaves);
        return leaves;
    }

    private LogFault? CheckRecords(LoggedBatch batch, ImmutableArray<ReadOnlyMemory<byte>> present)
    {
        var checksum = new XxHash3();
        Span<byte> length = stackalloc byte[sizeof(int)];
        for (var first = 0; first < present.Length; first += SideBySide)
        {
            var last = Math.Min(first + SideBySide, present.Length);
            for (var i = first; i < last; i++)
            {
                if (i >= batch.Count)
                    return new LogFault(LogFaultKind.Damaged, batch.Shard, batch.First + i, $"there is a record here, and its batch says that it has {batch.Count}");
                var record = present[i].Span;
                BinaryPrimitives.WriteInt32LittleEndian(length, record.Length);
                checksum.Append(length);
                checksum.Append(record);

                // As EvidenceLeaf.Commit has it. A salt that is not there is none: the record will not fit its leaf.
                var message = hashes.Add(EvidenceLeaf.SaltSize + record.Length);
                if (batch.Salts.Length >= (i + 1) * EvidenceLeaf.SaltSize)
                    batch.Salts.Span.Slice(i * EvidenceLeaf.SaltSize, EvidenceLeaf.SaltSize).CopyTo(message);
                else
                    message[..EvidenceLeaf.SaltSize].Clear();
                record.CopyTo(message[EvidenceLeaf.SaltSize..]);
            }

            var entries = Room(last - first);
            hashes.Take(entries);
            for (var i = first; i < last; i++)
            {
                if (entries[i - first] != TreeHash.From(batch.Leaves.Span.Slice(i * TreeHash.Size, TreeHash.Size)))
                    return Displaced(batch, i) ?? new LogFault(LogFaultKind.Changed, batch.Shard, batch.First + i, "the record is not the one that was written: it does not fit its leaf");
            }
        }

        if (present.Length < batch.Count)
            return new LogFault(LogFaultKind.Missing, batch.Shard, batch.First + present.Length, $"the batch at {batch.First} holds {present.Length} records and says {batch.Count}");
        return checksum.GetCurrentHashAsUInt64() == batch.Checksum
            ? null
            : new LogFault(LogFaultKind.Damaged, batch.Shard, batch.First, "the checksum of the batch does not fit its records, which fit their leaves");
    }

    private Span<TreeHash> Room(int count)
    {
        if (room.Length < count)
            room = new TreeHash[Math.Max(count, 2 * room.Length)];
        return room.AsSpan(0, count);
    }

    /// <summary>The first record of a batch, from one on, that says that it is another one.</summary>
    private static LogFault? Displaced(LoggedBatch batch, int from = 0)
    {
        if (batch.Records is not { } present)
            return null;
        for (var i = from; i < present.Length; i++)
        {
            try
            {
                var record = EvidenceRecord.Decode(present[i].Span);
                if (record.Position != batch.First + i || record.Shard != batch.Shard)
                {
                    return new LogFault(
                        LogFaultKind.Misplaced, batch.Shard, batch.First + i,
                        string.Create(CultureInfo.InvariantCulture, $"the record says that it is at position {record.Position} of shard {record.Shard}: records were reordered or moved"));
                }
            }
            catch (FormatException)
            {
                return null; // it was changed, whatever it says
            }
        }

        return null;
    }

    private static LogFault? CheckSaved(Shard shard)
    {
        foreach (var (head, source) in shard.Saved)
        {
            if (head.Size == shard.Tree.Size && head.Root != shard.Tree.Root)
                return new LogFault(LogFaultKind.Inconsistent, shard.Number, null, $"the first {head.Size} records are not those of {source}: something before position {head.Size} was changed since");
        }

        return null;
    }

    private LogFault? CheckSignatures(Shard shard, bool isEnd)
    {
        // The last one that is signed covers all before it.
        var last = shard.Unchecked.FindLastIndex(one => one.Signature.Length > 4);
        if (last >= 0 && !IsSigned(shard, shard.Unchecked[last]))
        {
            var first = shard.Unchecked.FindIndex(one => one.Signature.Length > 4 && !IsSigned(shard, one));
            return new LogFault(
                LogFaultKind.Signature, shard.Number, shard.Unchecked[first].First,
                $"the root after this batch, at {shard.Unchecked[first].Size} records, is not signed by a key of the log: the batch was forged, or changed with everything after it");
        }

        shard.Unchecked.RemoveRange(0, last + 1);
        return isEnd && shard.Unchecked.Count > 0
            ? new LogFault(LogFaultKind.Signature, shard.Number, shard.Unchecked[0].First, "no signature covers the records from here on: they were forged, or written while the log had no key")
            : null;
    }

    private bool IsSigned(Shard shard, (long First, long Size, TreeHash Root, ReadOnlyMemory<byte> Signature) head)
    {
        var id = BinaryPrimitives.ReadUInt32BigEndian(head.Signature.Span);
        var text = Checkpoint.TextOf(LogOrigin.OfShard(exported.Log, shard.Number), head.Size, head.Root);
        foreach (var key in keys)
        {
            if (key.Id == id && key.Verify(text, head.Signature.Span[4..]))
                return true;
        }

        return false;
    }
}
