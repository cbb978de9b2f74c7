using System.Collections.Immutable;
using Assay.Grains.Authority;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Assay.Silo.Storage.Sqlite.Subjects;

/// <summary>
/// Which records are about whom. Subjects come in no order, so a row for each at its place would touch a page of the file for each token. A commit stores its rows as they come,
/// in one piece; they are kept in memory too, and many at once are sorted into a run. Runs are merged when there are several of a size, so that a subject is looked for in few
/// of them. Opening the file sorts what an earlier process left.
/// </summary>
internal sealed class SubjectIndex : IDisposable
{
    public const string Schema = "CREATE TABLE unsorted (id INTEGER PRIMARY KEY, shard INTEGER NOT NULL, first INTEGER NOT NULL, rows BLOB NOT NULL);";

    /// <summary>Rows in memory beyond which they are sorted: some 10 MB.</summary>
    public const int MostUnsorted = 65_536;

    /// <summary>Runs of one level that are merged into one of the next. Those of the highest, some four million rows, stay as they are.</summary>
    private const int MergedAtOnce = 8;
    private const int HighestLevel = 2;

    // 128 KB written by one transaction: what tokens wait for comes in between, and waits for one of these at most.
    private const int PiecesAtOnce = 8;
    private const int SweptAtOnce = 32;

    private const string Remedy = "The index can be made anew from the records: stop the silo, and run 'Assay.Silo reindex' with the same data folder.";

    private readonly SqliteDatabase database;
    private readonly ILogger log;
    private readonly int mostUnsorted;

    // Held to read by whoever reads file and memory together, to write when rows go from one to the other.
    private readonly ReaderWriterLockSlim moving = new();
    private readonly Lock guard = new();
    private readonly SemaphoreSlim turn = new(1); // of whoever changes runs
    private readonly Dictionary<long, long> ends = []; // of shards, as far as they were taken note of; of the writer's thread
    private UnsortedRows fresh = new();
    private Sorting? sorting;
    private Task underWay = Task.CompletedTask;

    /// <exception cref="InvalidDataException">What an earlier process left cannot be read; the message names the file.</exception>
    public SubjectIndex(SqliteDatabase database, ILogger log, int mostUnsorted)
    {
        (this.database, this.log, this.mostUnsorted) = (database, log, mostUnsorted);
        try
        {
            database.WriteNow(static (connection, transaction) =>
            {
                IndexByName.TakeOver(connection, transaction, StoreAtOnce);
                SortAll(connection, transaction);
            });
            if (database.Read(static connection => Several(SortedRuns.List(connection))).Length > 0)
                _ = Sort();
        }
        catch (Exception fault) when (IsDamage(fault))
        {
            throw new InvalidDataException($"'{database.File}' cannot be opened: {fault.Message}. It was left as it is. {Remedy}", fault);
        }
    }

    /// <summary>A batch is durable. On the writer's thread, in the order of the commits; a batch that was tried again is not taken twice.</summary>
    /// <param name="rows">Its rows, packed.</param>
    public void Remember(EvidenceBatch batch, byte[] rows)
    {
        if (batch.FirstPosition < ends.GetValueOrDefault(batch.Shard))
            return;

        ends[batch.Shard] = batch.FirstPosition + batch.Count;
        lock (guard)
        {
            fresh.Add(rows);
            if (fresh.Count < mostUnsorted)
                return;
        }

        _ = Sort();
    }

    /// <summary>Sorts, and merges what there is to merge, unless that is under way. Completes when it is done, or could not be. Throws nothing.</summary>
    public Task Sort()
    {
        lock (guard)
            return underWay.IsCompleted ? underWay = Task.Run(TrySort) : underWay;
    }

    /// <summary>As <see cref="Sort"/>, of all that is in memory by now.</summary>
    /// <exception cref="SqliteException">It could not be done, for the moment or for good; nothing is lost.</exception>
    /// <exception cref="InvalidDataException">A part of the index is damaged.</exception>
    public async Task SortOrFail()
    {
        await turn.WaitAsync();
        try
        {
            await Sweep(); // of an attempt that failed, or of an earlier process
            if (await database.Write(Begin) is { } rows)
                await Bring(rows);
            while (Several(database.Read(SortedRuns.List)) is { IsEmpty: false } several)
                await Replace(several, several[0].Level + 1, long.MinValue);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Shows each visitor the rows of its subject: those that are in memory only and, after them, those in the file; both as of one moment.</summary>
    /// <exception cref="InvalidDataException">A part of the index is damaged; the message names the file.</exception>
    public void Show(params RowVisitor[] visitors)
    {
        moving.EnterReadLock();
        try
        {
            lock (guard)
            {
                foreach (var visitor in visitors)
                {
                    fresh.Show(visitor);
                    sorting?.Rows.Show(visitor);
                }
            }

            database.Read(connection =>
            {
                SortedRuns.Show(connection, visitors);
                return true;
            });
        }
        catch (Exception fault) when (IsDamage(fault))
        {
            throw new InvalidDataException($"'{database.File}': {fault.Message}. What is damaged in it says which assertions were spent, so nobody whom it may name gets a token. {Remedy}", fault);
        }
        finally
        {
            moving.ExitReadLock();
        }
    }

    /// <summary>Removes the rows of before a moment.</summary>
    /// <exception cref="SqliteException">Some may still be there.</exception>
    public async Task Drop(DateTimeOffset before)
    {
        var from = before.ToUnixTimeMilliseconds();
        await Sort();
        await turn.WaitAsync();
        try
        {
            foreach (var run in database.Read(SortedRuns.List))
            {
                if (run.Since < from)
                    await Replace([run], run.Level, from);
            }
        }
        finally
        {
            turn.Release();
        }
    }

    public void Dispose()
    {
        moving.Dispose();
        turn.Dispose();
    }

    private async Task TrySort()
    {
        try
        {
            await SortOrFail();
        }
        catch (Exception fault) when (IsDamage(fault))
        {
            Log.EvidenceIndexDamaged(log, fault, database.File, Remedy);
        }
        catch (Exception fault) when (fault is SqliteException or InvalidOperationException or ObjectDisposedException)
        {
            Log.EvidenceNotSorted(log, fault); // nothing is lost: it is read from where it is until it can be done
        }
    }

    /// <summary>On the writer's thread, so that what is in memory is what is in the file.</summary>
    private Sorting? Begin(SqliteConnection connection, SqliteTransaction transaction)
    {
        using var query = connection.Command(transaction, "SELECT coalesce(max(id), 0) FROM unsorted");
        var (last, id) = ((long)query.ExecuteScalar()!, SortedRuns.NextId(connection));
        lock (guard)
        {
            if (sorting is { } left && !SortedRuns.IsThere(connection, left.RunId))
                return sorting = left with { RunId = id };
            sorting = null; // if there is one, its last commit was made and not heard of
            if (fresh.Count == 0)
                return null;
            sorting = new Sorting(fresh, last, id);
            fresh = new UnsortedRows(fresh);
            return sorting;
        }
    }

    private Task Bring(Sorting rows) => Store(
        rows.Rows.Sort(), rows.RunId,
        (connection, transaction, stored) =>
        {
            if (stored is { } run)
                SortedRuns.Add(connection, run with { Age = SortedRuns.NextAge(connection) });
            connection.Run(transaction, "DELETE FROM unsorted WHERE id <= $last", ("$last", rows.LastId));
        },
        commit =>
        {
            moving.EnterWriteLock();
            try
            {
                commit();
                lock (guard)
                    sorting = null;
            }
            finally
            {
                moving.ExitWriteLock();
            }
        });

    /// <summary>Makes one run of several.</summary>
    private async Task Replace(ImmutableArray<Run> newestFirst, int level, long from)
    {
        var id = await database.Write(static (connection, _) => SortedRuns.NextId(connection));
        await Store(
            new RunMerge(database, [.. newestFirst.Reverse()], from), id,
            (connection, _, stored) =>
            {
                SortedRuns.Remove(connection, newestFirst);
                if (stored is { } run)
                    SortedRuns.Add(connection, run with { Level = level, Age = newestFirst[0].Age });
            },
            static commit => commit());
        await Sweep();
    }

    /// <summary>Writes pieces until there are no more rows; the run is there with the last of them. Not flushed: until it is durable, so is what it was made of.</summary>
    private async Task Store(IRowSource rows, long id, Action<SqliteConnection, SqliteTransaction, Run?> last, Action<Action> around)
    {
        var (writer, first, end) = (new PieceWriter(), (long?)null, 0L);
        for (var isLast = false; !isLast;)
        {
            isLast = !rows.Fill(writer, PiecesAtOnce);
            var (pieces, ends) = (writer.Take(all: isLast), isLast);
            await database.WriteUnflushed(
                (connection, transaction) =>
                {
                    if (SortedRuns.Add(connection, id, pieces) is { } added)
                        (first, end) = (first ?? added.First, added.Last);
                    if (ends)
                        last(connection, transaction, first is { } start ? new Run(id, 0, 0, start, end, writer.Span.Since, writer.Span.Until, writer.Span.SpentUntil) : null);
                    return true;
                },
                isLast ? around : null);
            writer.GiveBack(pieces); // SQLite has its own copy
        }
    }

    private async Task Sweep()
    {
        while (await database.WriteUnflushed(static (connection, _) => SortedRuns.Sweep(connection, SweptAtOnce)))
        {
        }
    }

    /// <summary>Bytes that are not what was written: found by us, or by SQLite.</summary>
    private static bool IsDamage(Exception fault) => fault is InvalidDataException || (fault is SqliteException { SqliteErrorCode: var code } && (code & 0xFF) == raw.SQLITE_CORRUPT);

    /// <summary>Those of one level that are to be merged; none when there are not enough of any.</summary>
    private static ImmutableArray<Run> Several(ImmutableArray<Run> runs)
    {
        for (var level = 0; level < HighestLevel; level++)
        {
            var equal = runs.RemoveAll(run => run.Level != level);
            if (equal.Length >= MergedAtOnce)
                return equal;
        }

        return [];
    }

    /// <summary>What an earlier process left. It may have ended in the middle of sorting.</summary>
    private static void SortAll(SqliteConnection connection, SqliteTransaction transaction)
    {
        var rows = new UnsortedRows();
        using (var query = connection.Command(transaction, "SELECT rows FROM unsorted ORDER BY id"))
        {
            using var stored = query.ExecuteReader();
            while (stored.Read())
                rows.Add((byte[])stored[0]);
        }

        if (rows.Count == 0)
            return;

        StoreAtOnce(connection, rows);
        connection.Run(transaction, "DELETE FROM unsorted");
    }

    private static void StoreAtOnce(SqliteConnection connection, UnsortedRows rows)
    {
        var writer = new PieceWriter();
        rows.Sort().Fill(writer, int.MaxValue);
        var id = SortedRuns.NextId(connection);
        if (SortedRuns.Add(connection, id, writer.Take(all: true)) is var (first, last))
            SortedRuns.Add(connection, new Run(id, 0, SortedRuns.NextAge(connection), first, last, writer.Span.Since, writer.Span.Until, writer.Span.SpentUntil));
    }

    /// <summary>Rows on their way into a run.</summary>
    /// <param name="LastId">The newest of the pieces that they came in.</param>
    private sealed record Sorting(UnsortedRows Rows, long LastId, long RunId);
}
