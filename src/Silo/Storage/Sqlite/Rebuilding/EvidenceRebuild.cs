using System.Globalization;
using Assay.Grains.Authority;
using Assay.Silo.Storage.Sqlite.Subjects;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Assay.Silo.Storage.Sqlite.Rebuilding;

/// <summary>
/// Makes the index of the evidence anew from the records. Of a file that is damaged no page is trusted that is not checked: a new file is made beside it, of every batch as it lies and the rows that
/// its records give, and takes its place when all of it is durable. Whatever ends this before that leaves the folder as it was, and it can be run again. While no silo runs.
/// </summary>
/// <param name="mostUnsorted">Index rows in memory beyond which they are sorted.</param>
internal sealed class EvidenceRebuild(DataFolder folder, TimeProvider clock, int mostUnsorted = SubjectIndex.MostUnsorted)
{
    private const int BytesAtOnce = 4 * 1024 * 1024;

    /// <summary>What was there before, from when the new file is in its place.</summary>
    public string OldFile => folder.EvidenceFile + ".old";

    private string NewFile => folder.EvidenceFile + ".new";

    /// <param name="progress">Is told how many records were read, and which part of the file that is (0 to 1).</param>
    /// <exception cref="InvalidDataException">What is there cannot be read, or is not what was committed; the message names the place. Nothing was changed.</exception>
    /// <exception cref="InvalidOperationException">It cannot be done for some minutes more. Nothing was changed.</exception>
    /// <exception cref="IOException">There is no room, or the files cannot be written. Nothing was changed.</exception>
    /// <exception cref="SqliteException">The new file cannot be written. Nothing was changed.</exception>
    public async Task<RebuiltIndex> Run(Action<long, double> progress)
    {
        Clear(); // of a run that was cut short
        CheckRoom();
        RebuiltIndex rebuilt;
        try
        {
            rebuilt = await Build(progress);
            RequireWhole(folder.EvidenceFile);
            RequireWhole(NewFile);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(NewFile, File.GetUnixFileMode(folder.EvidenceFile));
        }
        catch (Exception fault)
        {
            Clear();
            if (fault is InvalidDataException)
                throw new InvalidDataException($"{fault.Message} No index was made, and '{folder.EvidenceFile}' is as it was.", fault);
            throw;
        }

        // One rename, after which the old one has its second name only. It is durable with the first commit of a silo: with that SQLite flushes the folder.
        File.Replace(NewFile, folder.EvidenceFile, OldFile);
        return rebuilt;
    }

    private async Task<RebuiltIndex> Build(Action<long, double> progress)
    {
        using var source = new EvidenceSource(folder.EvidenceFile);
        using var target = SqliteStorage.OpenEvidence(NewFile);
        using var index = new SubjectIndex(target, NullLogger.Instance, int.MaxValue); // sorts when it is told to: reading waits for it, or memory would have no bound
        var (checks, subjects) = (new BatchChecks(), new RecordSubjects(clock));
        var (chunk, bytes, unsorted) = (new List<BatchRow>(), 0L, 0);
        var rebuilt = new RebuiltIndex(0, 0, 0, 0, 0);
        foreach (var row in source.Batches())
        {
            var batch = checks.Check(row);
            var rows = subjects.Of(batch);
            index.Remember(batch, PackedRow.Pack(rows));
            rebuilt = rebuilt.With(batch, rows.Length);
            chunk.Add(row);
            bytes += row.Size;
            unsorted += rows.Length;
            if (bytes >= BytesAtOnce)
            {
                await Store(target, chunk);
                (chunk, bytes) = ([], 0);
                Say(row);
            }

            if (unsorted >= mostUnsorted)
            {
                await index.SortOrFail();
                unsorted = 0;
                Say(row);
            }
        }

        await Store(target, chunk);
        await index.SortOrFail();

        // Flushed, and with it all that came before. Only now it is the file of this folder.
        await target.Write((connection, transaction) => connection.Run(transaction, "UPDATE pair SET id = $id", ("$id", source.Pair)));
        return rebuilt with { ActsOfBefore = subjects.ActsOfBefore };

        void Say(BatchRow row) => progress(rebuilt.Records + rebuilt.Dropped, (double)row.Id / source.LastId);
    }

    private static Task Store(SqliteDatabase target, List<BatchRow> rows) => target.WriteUnflushed((connection, _) =>
    {
        using var insert = new Statement(connection, BatchRow.Insert);
        foreach (var row in rows)
            row.Write(insert);
        return rows.Count;
    });

    /// <summary>A file whose log was not taken into it when it was closed is not whole without it.</summary>
    private static void RequireWhole(string file)
    {
        if (new FileInfo(file + "-wal") is { Exists: true, Length: > 0 } log)
            throw new IOException($"'{log.FullName}' was not taken into the file it belongs to. Nothing was changed: is another program using the data folder?");
    }

    private void CheckRoom()
    {
        var needed = new FileInfo(folder.EvidenceFile).Length + (new FileInfo(folder.EvidenceFile + "-wal") is { Exists: true } log ? log.Length : 0);
        var free = new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(folder.Folder)! : folder.Folder).AvailableFreeSpace;
        if (free < needed)
        {
            throw new IOException(string.Create(
                CultureInfo.InvariantCulture,
                $"The evidence is written anew beside the old file, which takes {needed / 1_000_000:N0} MB, and '{folder.Folder}' has room for {free / 1_000_000:N0}. Nothing was changed: make room, or move the data folder."));
        }
    }

    private void Clear()
    {
        foreach (var end in (ReadOnlySpan<string>)["", "-wal", "-shm"])
            File.Delete(NewFile + end);
    }
}

/// <param name="Batches">All that there are.</param>
/// <param name="Records">Those that the index was made of.</param>
/// <param name="Dropped">Those that retention dropped; the index does not name them.</param>
/// <param name="Rows">Of the index: one for each identity and each credential in each batch.</param>
/// <param name="ActsOfBefore">See <see cref="RecordSubjects.ActsOfBefore"/>.</param>
internal readonly record struct RebuiltIndex(long Batches, long Records, long Dropped, long Rows, long ActsOfBefore)
{
    public RebuiltIndex With(EvidenceBatch batch, int rows) => this with
    {
        Batches = Batches + 1,
        Records = Records + batch.Records.Length,
        Dropped = Dropped + (batch.IsDropped ? batch.Count : 0),
        Rows = Rows + rows,
    };
}
