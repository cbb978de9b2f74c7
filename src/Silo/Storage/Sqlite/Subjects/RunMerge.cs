using System.Collections.Immutable;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Storage.Sqlite.Subjects;

/// <summary>The rows of several runs in one order. Reads pieces as they are needed, each time from a snapshot of its own: a run that is there does not change, and who merges removes it.</summary>
internal sealed class RunMerge : IRowSource
{
    private readonly Cursor[] cursors;
    private readonly long from;

    /// <param name="oldestFirst">Whose rows come first among those of one subject.</param>
    /// <param name="from">Rows before it are left out; in milliseconds since 1970.</param>
    public RunMerge(SqliteDatabase database, ImmutableArray<Run> oldestFirst, long from)
    {
        cursors = [.. oldestFirst.Select(run => new Cursor(database, run))];
        this.from = from;
    }

    /// <exception cref="InvalidDataException">A piece is damaged.</exception>
    public bool Fill(PieceWriter writer, int pieces)
    {
        while (writer.Whole < pieces)
        {
            Cursor? next = null;
            foreach (var cursor in cursors)
            {
                if (!cursor.IsAtEnd && (next is null || cursor.IsBefore(next)))
                    next = cursor;
            }

            if (next is null)
                return false;
            for (var rest = next.Said; !rest.IsEmpty;)
            {
                var said = PackedRow.TakeSaid(ref rest);
                if (PackedRow.At(said) >= from)
                    writer.Add(next.Hash, next.Name, said);
            }

            next.Move();
        }

        return true;
    }

    /// <summary>At one subject of one run.</summary>
    private sealed class Cursor
    {
        private const int PiecesAtOnce = 8;

        private readonly SqliteDatabase database;
        private readonly Run run;
        private readonly Queue<(byte[] Bytes, int Length)> pieces = [];
        private readonly Stack<byte[]> free = []; // what pieces that were gone through lay in
        private long read;
        private byte[] piece = [];
        private int length; // of the piece, at the beginning of its array
        private int at;
        private Range name;
        private Range said;

        public Cursor(SqliteDatabase database, Run run)
        {
            (this.database, this.run, read) = (database, run, run.First - 1);
            Move();
        }

        public bool IsAtEnd { get; private set; }

        public long Hash { get; private set; }

        public ReadOnlySpan<byte> Name => piece.AsSpan(name);

        public ReadOnlySpan<byte> Said => piece.AsSpan(said);

        public bool IsBefore(Cursor other) => Hash != other.Hash ? Hash < other.Hash : Name.SequenceCompareTo(other.Name) < 0;

        public void Move()
        {
            if (at == length && !Next())
            {
                IsAtEnd = true;
                return;
            }

            ReadOnlySpan<byte> rest = piece.AsSpan(at..length);
            Hash = PieceWriter.TakeHash(ref rest);
            name = Behind(PackedRow.TakeName(ref rest).Length, rest.Length);
            said = Behind(PieceWriter.TakeSaid(ref rest).Length, rest.Length);
            at = length - rest.Length;
        }

        private Range Behind(int size, int left) => (length - left - size)..(length - left);

        private bool Next()
        {
            if (length > 0)
                free.Push(piece);
            if (pieces.Count == 0 && read < run.Last)
                database.Read(Read);
            ((piece, length), at) = (pieces.TryDequeue(out var next) ? next : ([], 0), 0);
            return length > 0;
        }

        private bool Read(SqliteConnection connection)
        {
            using var query = new Statement(connection, "SELECT id, rows FROM piece WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3");
            query.Set(1, read).Set(2, run.Last).Set(3, PiecesAtOnce);
            while (query.Step())
            {
                read = query.Long(0);
                pieces.Enqueue(Copy(query.Bytes(1)));
            }

            return true;
        }

        private (byte[] Bytes, int Length) Copy(ReadOnlySpan<byte> rows)
        {
            var bytes = free.TryPop(out var kept) && kept.Length >= rows.Length ? kept : new byte[Math.Max(rows.Length, PieceWriter.PieceBytes)];
            rows.CopyTo(bytes);
            return (bytes, rows.Length);
        }
    }
}
