using System.Collections.Immutable;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Storage.Sqlite.Subjects;

/// <summary>Rows that were sorted together.</summary>
/// <param name="Level">How often they were merged.</param>
/// <param name="Age">Greater than of all runs whose rows came before its own.</param>
/// <param name="First">Of its pieces, and the last: no piece of another run lies between them.</param>
/// <param name="Since">The oldest moment in it, in milliseconds since 1970, as the others; the newest; and when the last assertion that is spent in it expires.</param>
internal readonly record struct Run(long Id, int Level, long Age, long First, long Last, long Since, long Until, long SpentUntil);

/// <summary>The sorted part of the index in the file. A run is there with its row in <c>run</c>; pieces without one are of a run that never became whole, or is no more.</summary>
internal static class SortedRuns
{
    public const string Schema = """
        CREATE TABLE run (
            id INTEGER PRIMARY KEY, level INTEGER NOT NULL, age INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
            since INTEGER NOT NULL, until INTEGER NOT NULL, spent_until INTEGER NOT NULL);
        CREATE TABLE piece (
            id INTEGER PRIMARY KEY, run INTEGER NOT NULL, hash INTEGER NOT NULL,
            since INTEGER NOT NULL, until INTEGER NOT NULL, spent_until INTEGER NOT NULL, rows BLOB NOT NULL);
        CREATE UNIQUE INDEX piece_of_subject ON piece (run, hash, id, since, until, spent_until);
        """;

    /// <summary>Newest first.</summary>
    public static ImmutableArray<Run> List(SqliteConnection connection)
    {
        using var query = new Statement(connection, "SELECT id, level, age, first, last, since, until, spent_until FROM run ORDER BY age DESC");
        var runs = ImmutableArray.CreateBuilder<Run>();
        while (query.Step())
            runs.Add(new Run(query.Long(0), (int)query.Long(1), query.Long(2), query.Long(3), query.Long(4), query.Long(5), query.Long(6), query.Long(7)));
        return runs.DrainToImmutable();
    }

    /// <summary>Shows the visitors, each, what is in the runs.</summary>
    /// <exception cref="InvalidDataException">A piece is damaged.</exception>
    public static void Show(SqliteConnection connection, ReadOnlySpan<RowVisitor> visitors)
    {
        var runs = List(connection);
        if (!IsAnyWanted(runs, visitors))
            return;

        using var places = new Statement(connection, "SELECT id, hash, since, until, spent_until FROM piece WHERE run = ?1 AND hash <= ?2 ORDER BY hash DESC, id DESC");
        using var rows = new Statement(connection, "SELECT rows FROM piece WHERE id = ?1");
        foreach (var visitor in visitors)
        {
            foreach (var run in runs)
            {
                if (visitor.Wants(run.Since, run.Until, run.SpentUntil))
                    Show(places.Set(1, run.Id).Set(2, visitor.Hash), rows, visitor);
            }
        }
    }

    /// <summary>A number that no run has, and no piece that is left of one.</summary>
    public static long NextId(SqliteConnection connection)
    {
        using var query = new Statement(connection, "SELECT max(coalesce((SELECT max(id) FROM run), 0), coalesce((SELECT max(run) FROM piece), 0)) + 1");
        return query.Run()!.Value;
    }

    public static bool IsThere(SqliteConnection connection, long id)
    {
        using var query = new Statement(connection, "SELECT 1 FROM run WHERE id = ?1");
        return query.Set(1, id).Run() is not null;
    }

    /// <returns>The first of them, and the last; null when there are none.</returns>
    public static (long First, long Last)? Add(SqliteConnection connection, long run, List<Piece> pieces)
    {
        using var insert = new Statement(connection, "INSERT INTO piece (run, hash, since, until, spent_until, rows) VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id");
        (long First, long Last)? added = null;
        foreach (var piece in pieces)
        {
            var id = insert.Set(1, run).Set(2, piece.Hash).Set(3, piece.Since).Set(4, piece.Until).Set(5, piece.SpentUntil).Set(6, piece.Rows.Span).Run()!.Value;
            added = (added?.First ?? id, id);
        }

        return added;
    }

    public static void Add(SqliteConnection connection, Run run)
    {
        using var insert = new Statement(connection, "INSERT INTO run (id, level, age, first, last, since, until, spent_until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
        insert.Set(1, run.Id).Set(2, run.Level).Set(3, run.Age).Set(4, run.First).Set(5, run.Last).Set(6, run.Since).Set(7, run.Until).Set(8, run.SpentUntil).Run();
    }

    /// <summary>Their pieces stay until they are swept.</summary>
    public static void Remove(SqliteConnection connection, ImmutableArray<Run> runs)
    {
        using var delete = new Statement(connection, "DELETE FROM run WHERE id = ?1");
        foreach (var run in runs)
            delete.Set(1, run.Id).Run();
    }

    public static long NextAge(SqliteConnection connection)
    {
        using var query = new Statement(connection, "SELECT coalesce(max(age), 0) + 1 FROM run");
        return query.Run()!.Value;
    }

    /// <summary>Removes some of the pieces that belong to no run.</summary>
    /// <returns>False when there were none.</returns>
    public static bool Sweep(SqliteConnection connection, int most)
    {
        using var next = new Statement(connection, "SELECT min(run) FROM piece WHERE run > ?1");
        using var delete = new Statement(connection, "DELETE FROM piece WHERE id IN (SELECT id FROM piece WHERE run = ?1 LIMIT ?2)");
        for (var run = long.MinValue; next.Set(1, run).First() is { } found; run = found)
        {
            if (IsThere(connection, found))
                continue;
            delete.Set(1, found).Set(2, most).Run();
            return true;
        }

        return false;
    }

    private static bool IsAnyWanted(ImmutableArray<Run> runs, ReadOnlySpan<RowVisitor> visitors)
    {
        foreach (var run in runs)
        {
            foreach (var visitor in visitors)
            {
                if (visitor.Wants(run.Since, run.Until, run.SpentUntil))
                    return true;
            }
        }

        return false;
    }

    private static void Show(Statement places, Statement rows, RowVisitor visitor)
    {
        try
        {
            while (places.Step())
            {
                var isWholeSubject = places.Long(1) != visitor.Hash; // otherwise it may begin in the piece before
                if (visitor.Wants(places.Long(2), places.Long(3), places.Long(4)))
                {
                    rows.Set(1, places.Long(0)).Step();
                    PieceWriter.Show(rows.Bytes(0), visitor);
                    rows.Reset();
                }

                if (isWholeSubject || visitor.IsDone(places.Long(3)))
                    return;
            }
        }
        finally
        {
            places.Reset();
            rows.Reset();
        }
    }
}
