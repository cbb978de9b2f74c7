namespace Assay.Silo.Storage.Sqlite.Subjects;

/// <summary>Index rows in memory, in the bytes in which their batches wrote them, and where each subject's are. Not for two threads at once.</summary>
internal sealed class UnsortedRows
{
    private readonly List<byte[]> pieces = [];
    private readonly List<Row> rows;
    private readonly Dictionary<long, int> newest; // by hash; those before it by Row.Before

    /// <param name="before">Has been filled: there may be as many again, and growing to them would make twice that.</param>
    public UnsortedRows(UnsortedRows? before = null)
    {
        rows = new List<Row>(WithSlack(before?.rows.Count));
        newest = new Dictionary<long, int>(WithSlack(before?.newest.Count));
    }

    public int Count => rows.Count;

    /// <exception cref="InvalidDataException">They are no rows; those before the fault were added.</exception>
    public void Add(byte[] packed)
    {
        ReadOnlySpan<byte> rest = packed;
        var left = PackedRow.TakeCount(ref rest);
        if (left == 0)
            return; // a silo that nobody asks writes such batches, and never comes to sort

        pieces.Add(packed);
        for (; left > 0; left--)
        {
            var start = packed.Length - rest.Length;
            var name = PackedRow.TakeName(ref rest);
            var hash = PackedRow.Hash(name);
            var said = PackedRow.TakeSaid(ref rest);
            ref var last = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(newest, hash, out var isKnown);
            rows.Add(new Row(hash, pieces.Count - 1, start, name.Length, said.Length, isKnown ? last : -1));
            last = rows.Count - 1;
        }
    }

    public void Show(RowVisitor visitor)
    {
        if (!newest.TryGetValue(visitor.Hash, out var place))
            return;
        for (; place >= 0; place = rows[place].Before)
        {
            if (Name(rows[place]).SequenceEqual(visitor.Name))
                visitor.Visit(Said(rows[place]));
        }
    }

    /// <summary>As they lie in a run.</summary>
    public SortedRows Sort()
    {
        var (order, hashes) = (new int[rows.Count], new long[rows.Count]);
        for (var i = 0; i < order.Length; i++)
            (order[i], hashes[i]) = (i, rows[i].Hash);
        Array.Sort(hashes, order); // numbers, not rows: rows are compared where hashes are equal

        Comparison<int> compare = Compare;
        for (int start = 0, end; start < order.Length; start = end)
        {
            for (end = start + 1; end < order.Length && hashes[end] == hashes[start];)
                end++;
            if (end - start > 1)
                order.AsSpan(start..end).Sort(compare);
        }

        return new SortedRows(this, order);
    }

    private static int WithSlack(int? count) => count is { } known ? known + (known / 16) : 0;

    private int Compare(int one, int other) =>
        Name(rows[one]).SequenceCompareTo(Name(rows[other])) is var byName and not 0 ? byName : one.CompareTo(other);

    private ReadOnlySpan<byte> Name(in Row row) => pieces[row.Piece].AsSpan(row.Start, row.NameLength);

    private ReadOnlySpan<byte> Said(in Row row) => pieces[row.Piece].AsSpan(row.Start + row.NameLength, row.SaidLength);

    private readonly record struct Row(long Hash, int Piece, int Start, int NameLength, int SaidLength, int Before);

    public sealed class SortedRows(UnsortedRows rows, int[] order) : IRowSource
    {
        private int next;

        public bool Fill(PieceWriter writer, int pieces)
        {
            for (; next < order.Length && writer.Whole < pieces; next++)
            {
                var row = rows.rows[order[next]];
                writer.Add(row.Hash, rows.Name(row), rows.Said(row));
            }

            return next < order.Length;
        }
    }
}
