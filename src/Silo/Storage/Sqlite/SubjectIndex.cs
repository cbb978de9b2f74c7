using System.Collections.Immutable;
using Assay.Grains.Authority;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Storage.Sqlite;

/// <summary>
/// Which records are about whom. Subjects come in no order, so a row for each in the commit that tokens wait for would touch a page of the file for each token. A commit
/// stores its rows as they come, in one piece; they are kept in memory too, and sorted into the index many at once. Opening the file sorts what an earlier process left.
/// </summary>
internal sealed class SubjectIndex : IDisposable
{
    public const string Schema = "CREATE TABLE unsorted (id INTEGER PRIMARY KEY, shard INTEGER NOT NULL, first INTEGER NOT NULL, rows BLOB NOT NULL);";

    /// <summary>Rows in memory beyond which they are sorted: some 10 MB.</summary>
    public const int MostUnsorted = 32_768;

    /// <summary>Rows sorted by one transaction: what tokens wait for comes in between, and waits for one of these at most.</summary>
    private const int RowsAtOnce = 128;

    private readonly SqliteDatabase database;
    private readonly ILogger log;
    private readonly int mostUnsorted;

    // Held to read by whoever reads file and memory together, to write when rows go from one to the other.
    private readonly ReaderWriterLockSlim moving = new();
    private readonly Lock guard = new();
    private readonly Dictionary<long, long> ends = []; // of shards, as far as they were taken note of; of the writer's thread
    private SubjectRows fresh = new();
    private Sorting? sorting;
    private Task underWay = Task.CompletedTask;

    /// <exception cref="InvalidDataException">What an earlier process left cannot be read; the message names the file.</exception>
    public SubjectIndex(SqliteDatabase database, ILogger log, int mostUnsorted)
    {
        (this.database, this.log, this.mostUnsorted) = (database, log, mostUnsorted);
        try
        {
            database.WriteNow(SortAll);
        }
        catch (InvalidDataException fault)
        {
            throw new InvalidDataException($"'{database.File}' cannot be opened: {fault.Message}. It was left as it is; restore the data folder from a copy, or name another one.", fault);
        }
    }

    /// <summary>A batch is durable. On the writer's thread, in the order of the commits; a batch that was tried again is not taken twice.</summary>
    public void Remember(EvidenceBatch batch)
    {
        if (batch.FirstPosition < ends.GetValueOrDefault(batch.Shard))
            return;

        ends[batch.Shard] = batch.FirstPosition + batch.Records.Length;
        lock (guard)
        {
            foreach (var row in batch.Index)
                fresh.Add(row);
            if (fresh.Count < mostUnsorted)
                return;
        }

        _ = Sort();
    }

    /// <summary>Sorts, unless that is under way. Completes when it is done, or could not be. Throws nothing.</summary>
    public Task Sort()
    {
        lock (guard)
            return underWay.IsCompleted ? underWay = Task.Run(SortWhatIsThere) : underWay;
    }

    /// <summary>The rows of a subject that are in the file, and before them those that are in memory only; both as of one moment.</summary>
    public T Read<T>(string realm, string subject, Func<SqliteConnection, IReadOnlyCollection<EvidenceIndexRow>, T> read) =>
        Read([new SubjectKey(realm, subject)], (connection, unsorted) => read(connection, unsorted[0]));

    /// <summary>As the other, for several subjects: each one's rows in memory at its place.</summary>
    public T Read<T>(ImmutableArray<SubjectKey> keys, Func<SqliteConnection, IReadOnlyCollection<EvidenceIndexRow>[], T> read)
    {
        moving.EnterReadLock();
        try
        {
            var unsorted = new IReadOnlyCollection<EvidenceIndexRow>[keys.Length];
            lock (guard)
            {
                for (var i = 0; i < keys.Length; i++)
                {
                    List<EvidenceIndexRow>? found = null; // of most there are none
                    fresh.CopyTo(ref found, keys[i].Realm, keys[i].Subject);
                    sorting?.CopyTo(ref found, keys[i].Realm, keys[i].Subject);
                    unsorted[i] = found is null ? [] : found;
                }
            }

            return database.Read(connection => read(connection, unsorted));
        }
        finally
        {
            moving.ExitReadLock();
        }
    }

    public void Dispose() => moving.Dispose();

    private async Task SortWhatIsThere()
    {
        try
        {
            if (sorting is { } left) // of an attempt that failed, whose last commit may have been made
                await Bring(left, onlyNew: true);
            if (await database.Write(Begin) is { } rows)
                await Bring(rows, onlyNew: false);
        }
        catch (Exception fault) when (fault is SqliteException or InvalidOperationException or ObjectDisposedException)
        {
            Log.EvidenceNotSorted(log, fault); // nothing is lost: it is read from memory until it can be done
        }
    }

    /// <summary>On the writer's thread, so that what is in memory is what is in the file.</summary>
    private Sorting? Begin(SqliteConnection connection, SqliteTransaction transaction)
    {
        using var query = connection.Command(transaction, "SELECT coalesce(max(id), 0) FROM unsorted");
        var last = (long)query.ExecuteScalar()!;
        lock (guard)
        {
            if (fresh.Count == 0)
                return null;
            sorting = new Sorting(fresh, last);
            fresh = new SubjectRows();
            return sorting;
        }
    }

    private async Task Bring(Sorting rows, bool onlyNew)
    {
        while (rows.Left > 0)
        {
            var (next, end) = (rows.Next(RowsAtOnce), rows.End(RowsAtOnce));
            await database.WriteUnflushed( // the pieces that the rows came in are there until the last of them is sorted
                (connection, transaction) =>
                {
                    using var insert = new SubjectInsert(connection, onlyNew);
                    foreach (var row in next.Span)
                        insert.Run(row);
                    if (end == rows.Count)
                        connection.Run(transaction, "DELETE FROM unsorted WHERE id <= $last", ("$last", rows.LastId));
                    return true;
                },
                commit => Move(commit, rows, end));
        }
    }

    private void Move(Action commit, Sorting rows, int end)
    {
        moving.EnterWriteLock();
        try
        {
            commit();
            lock (guard)
            {
                rows.Done(end);
                if (rows.Left == 0)
                    sorting = null;
            }
        }
        finally
        {
            moving.ExitWriteLock();
        }
    }

    /// <summary>What an earlier process left. It may have ended in the middle of sorting.</summary>
    private static void SortAll(SqliteConnection connection, SqliteTransaction transaction)
    {
        var rows = new SubjectRows();
        using (var query = connection.Command(transaction, "SELECT rows FROM unsorted ORDER BY id"))
        {
            using var stored = query.ExecuteReader();
            while (stored.Read())
            {
                foreach (var row in EvidencePacking.ReadRows((byte[])stored[0]))
                    rows.Add(row);
            }
        }

        if (rows.Count == 0)
            return;

        using var insert = new SubjectInsert(connection, onlyNew: true);
        foreach (var row in rows.Sorted())
            insert.Run(row);
        connection.Run(transaction, "DELETE FROM unsorted");
    }

    /// <summary>Rows on their way into the file, in the order of the index.</summary>
    /// <param name="lastId">The newest of the pieces that they came in.</param>
    private sealed class Sorting(SubjectRows rows, long lastId)
    {
        private readonly EvidenceIndexRow[] sorted = rows.Sorted();
        private int done;

        public long LastId { get; } = lastId;

        public int Count => sorted.Length;

        public int Left => sorted.Length - done;

        public ReadOnlyMemory<EvidenceIndexRow> Next(int most) => sorted.AsMemory(done, End(most) - done);

        /// <summary>Where the next transaction ends: a subject is not parted.</summary>
        public int End(int most)
        {
            var end = Math.Min(done + most, sorted.Length);
            while (end < sorted.Length && SubjectRows.Compare(sorted[end - 1], sorted[end]) == 0)
                end++;
            return end;
        }

        public void Done(int end) => done = end;

        public void CopyTo(ref List<EvidenceIndexRow>? found, string realm, string subject)
        {
            if (done < sorted.Length && SubjectRows.Compare(sorted[done].Realm, sorted[done].Subject, realm, subject) <= 0)
                rows.CopyTo(ref found, realm, subject);
        }
    }
}

/// <summary>Index rows by subject. Not for two threads at once.</summary>
internal sealed class SubjectRows
{
    private readonly Dictionary<(string Realm, string Subject), List<EvidenceIndexRow>> rows = [];

    public int Count { get; private set; }

    public void Add(EvidenceIndexRow row)
    {
        if (!rows.TryGetValue((row.Realm, row.Subject), out var own))
            rows.Add((row.Realm, row.Subject), own = []);
        own.Add(row);
        Count++;
    }

    /// <summary>Adds those of a subject, newest first, to a list that is made when there is one to add.</summary>
    public void CopyTo(ref List<EvidenceIndexRow>? found, string realm, string subject)
    {
        if (!rows.TryGetValue((realm, subject), out var own))
            return;
        found ??= new(own.Count);
        for (var i = own.Count - 1; i >= 0; i--)
            found.Add(own[i]);
    }

    /// <summary>In the order of the index.</summary>
    public EvidenceIndexRow[] Sorted()
    {
        var sorted = new List<EvidenceIndexRow>(Count);
        foreach (var own in rows.OrderBy(static pair => pair.Key, Comparer<(string Realm, string Subject)>.Create(static (one, other) => Compare(one.Realm, one.Subject, other.Realm, other.Subject))))
            sorted.AddRange(own.Value);
        return [.. sorted];
    }

    public static int Compare(EvidenceIndexRow one, EvidenceIndexRow other) => Compare(one.Realm, one.Subject, other.Realm, other.Subject);

    public static int Compare(string realm, string subject, string otherRealm, string otherSubject) =>
        string.CompareOrdinal(realm, otherRealm) is var byRealm and not 0 ? byRealm : string.CompareOrdinal(subject, otherSubject);
}
