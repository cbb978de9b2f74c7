using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Assay.Silo.Storage.Sqlite.Subjects;

/// <summary>Rows in the order of a run: by hash, by name, and oldest first.</summary>
internal interface IRowSource
{
    /// <summary>Adds rows until the writer has so many whole pieces, or there are no more.</summary>
    /// <returns>Whether there are more.</returns>
    bool Fill(PieceWriter writer, int pieces);
}

/// <summary>A part of a run, of the size of a page: subjects one after the other, each its hash, its name, the length of what follows, and what its rows say, oldest first.</summary>
/// <param name="Hash">Of its first subject.</param>
/// <param name="Since">The oldest moment in it.</param>
/// <param name="Until">The newest moment in it, and of what pieces before it say of its first subject.</param>
/// <param name="SpentUntil">When the last assertion that is spent in it expires; <see cref="long.MinValue"/> when there is none.</param>
internal sealed record Piece(long Hash, long Since, long Until, long SpentUntil, ReadOnlyMemory<byte> Rows);

/// <summary>Cuts sorted rows into pieces.</summary>
internal sealed class PieceWriter
{
    // With what SQLite keeps beside it, a row of one page of 16 KB.
    internal const int PieceBytes = 16_000;

    private readonly ArrayBufferWriter<byte> bytes = new(PieceBytes);
    private readonly Stack<byte[]> free = []; // of PieceBytes each
    private List<Piece> whole = [];
    private readonly ArrayBufferWriter<byte> name = new(256);
    private long hash;
    private int saidAt; // of the subject at the end
    private long first, since = long.MaxValue, until = long.MinValue, spentUntil = long.MinValue;
    private long untilOfSubject;

    /// <summary>Pieces that are ready to be taken.</summary>
    public int Whole => whole.Count;

    public long Rows { get; private set; }

    /// <summary>Of all rows, as of a piece.</summary>
    public (long Since, long Until, long SpentUntil) Span { get; private set; } = (long.MaxValue, long.MinValue, long.MinValue);

    public void Add(long hash, ReadOnlySpan<byte> name, ReadOnlySpan<byte> said)
    {
        var goesOn = Rows > 0 && hash == this.hash && name.SequenceEqual(this.name.WrittenSpan);
        if (!goesOn)
        {
            (this.hash, untilOfSubject) = (hash, long.MinValue);
            this.name.ResetWrittenCount();
            this.name.Write(name);
        }

        var header = sizeof(long) + name.Length + sizeof(int);
        if (bytes.WrittenCount > 0 && bytes.WrittenCount + said.Length + (goesOn ? 0 : header) > PieceBytes)
            End();
        if (!goesOn || bytes.WrittenCount == 0)
            Begin(header);

        bytes.Write(said);
        Rows++;
        var (at, spent) = (PackedRow.At(said), PackedRow.SpentUntil(said));
        untilOfSubject = Math.Max(untilOfSubject, at);
        (since, until, spentUntil) = (Math.Min(since, at), Math.Max(until, untilOfSubject), Math.Max(spentUntil, spent));
        Span = (Math.Min(Span.Since, at), Math.Max(Span.Until, at), Math.Max(Span.SpentUntil, spent));
    }

    /// <summary>The pieces that are whole.</summary>
    /// <param name="all">What is begun is a piece too.</param>
    public List<Piece> Take(bool all)
    {
        if (all && bytes.WrittenCount > 0)
            End();
        var taken = whole;
        whole = [];
        return taken;
    }

    /// <summary>Pieces that were taken are not needed any more: their memory is used for the next.</summary>
    public void GiveBack(List<Piece> taken)
    {
        foreach (var piece in taken)
        {
            if (MemoryMarshal.TryGetArray(piece.Rows, out var rows) && rows.Array!.Length == PieceBytes)
                free.Push(rows.Array);
        }
    }

    /// <summary>Shows the rows of a subject that are in a piece, newest first.</summary>
    /// <exception cref="InvalidDataException">The piece is damaged.</exception>
    public static void Show(ReadOnlySpan<byte> piece, RowVisitor visitor)
    {
        while (!piece.IsEmpty)
        {
            var (hash, isWanted) = (TakeHash(ref piece), PackedRow.TakeName(ref piece).SequenceEqual(visitor.Name));
            var said = TakeSaid(ref piece);
            if (hash > visitor.Hash)
                return;
            if (isWanted)
                ShowBackwards(said, visitor);
        }
    }

    /// <summary>Takes the beginning of a subject off a piece, up to its name.</summary>
    public static long TakeHash(ref ReadOnlySpan<byte> piece)
    {
        if (piece.Length < sizeof(long))
            throw Damaged();
        var hash = BinaryPrimitives.ReadInt64LittleEndian(piece);
        piece = piece[sizeof(long)..];
        return hash;
    }

    /// <summary>After hash and name: takes what all its rows say.</summary>
    public static ReadOnlySpan<byte> TakeSaid(ref ReadOnlySpan<byte> piece)
    {
        if (piece.Length < sizeof(int) || BinaryPrimitives.ReadInt32LittleEndian(piece) is var length && (length < 0 || length > piece.Length - sizeof(int)))
            throw Damaged();
        var said = piece.Slice(sizeof(int), length);
        piece = piece[(sizeof(int) + length)..];
        return said;
    }

    private static void ShowBackwards(ReadOnlySpan<byte> said, RowVisitor visitor)
    {
        var starts = new List<Range>();
        for (var rest = said; !rest.IsEmpty;)
        {
            var start = said.Length - rest.Length;
            starts.Add(start..(start + PackedRow.TakeSaid(ref rest).Length));
        }

        for (var i = starts.Count - 1; i >= 0; i--)
            visitor.Visit(said[starts[i]]);
    }

    private void Begin(int header)
    {
        if (bytes.WrittenCount == 0)
            (first, until) = (hash, untilOfSubject);
        var to = bytes.GetSpan(header);
        BinaryPrimitives.WriteInt64LittleEndian(to, hash);
        name.WrittenSpan.CopyTo(to[sizeof(long)..]);
        EndSubject();
        bytes.Advance(header);
        saidAt = bytes.WrittenCount;
    }

    private void EndSubject()
    {
        if (bytes.WrittenCount > 0)
            BinaryPrimitives.WriteInt32LittleEndian(MemoryMarshal.AsMemory(bytes.WrittenMemory).Span[(saidAt - sizeof(int))..], bytes.WrittenCount - saidAt);
    }

    private void End()
    {
        EndSubject();
        var rows = bytes.WrittenCount > PieceBytes ? new byte[bytes.WrittenCount] : free.TryPop(out var kept) ? kept : new byte[PieceBytes];
        bytes.WrittenSpan.CopyTo(rows);
        whole.Add(new Piece(first, since, until, spentUntil, rows.AsMemory(0, bytes.WrittenCount)));
        bytes.ResetWrittenCount();
        (since, until, spentUntil) = (long.MaxValue, long.MinValue, long.MinValue);
    }

    private static InvalidDataException Damaged() => new("a piece of the index of evidence is damaged");
}
