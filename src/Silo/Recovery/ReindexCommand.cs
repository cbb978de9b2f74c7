using System.Globalization;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Storage.Sqlite.Rebuilding;

namespace Assay.Silo.Recovery;

/// <summary><c>Assay.Silo reindex</c>: makes the index of the evidence in a data folder anew from the records. While the silo is stopped; the settings are those of the silo.</summary>
internal static class ReindexCommand
{
    private static readonly TimeSpan SayEvery = TimeSpan.FromSeconds(5);

    public static async Task<int> Run(string[] args)
    {
        var configuration = new ConfigurationManager();
        configuration.AddEnvironmentVariables();
        var options = ServerOptions.Read(configuration, args);
        if (options.Postgres is not null)
            throw new InvalidOperationException("reindex is for a silo alone, with SQLite in its data folder. PostgreSQL makes an index anew by itself: REINDEX TABLE assay.subject.");
        if (!Directory.Exists(options.Data))
            throw new InvalidOperationException($"There is no data folder '{Path.GetFullPath(options.Data)}'. Name it with --data.");
        using var folder = DataFolder.Open(options.Data);
        if (!File.Exists(folder.EvidenceFile))
            throw new InvalidOperationException($"'{folder.Folder}' holds no evidence. Name the data folder with --data.");

        var clock = TimeProvider.System;
        var rebuild = new EvidenceRebuild(folder, clock);
        var said = clock.GetTimestamp();
        Console.WriteLine($"Reading '{folder.EvidenceFile}'.");
        Say(rebuild.OldFile, await rebuild.Run((records, part) =>
        {
            if (clock.GetElapsedTime(said) < SayEvery)
                return;
            said = clock.GetTimestamp();
            Line($"{records:N0} records read, {part:P0} of the file.");
        }));
        return 0;
    }

    private static void Say(string oldFile, RebuiltIndex rebuilt)
    {
        Line($"The index is made anew: {rebuilt.Rows:N0} rows of {rebuilt.Records:N0} records in {rebuilt.Batches:N0} batches, each of which is what was committed.");
        if (rebuilt.Dropped > 0)
            Line($"{rebuilt.Dropped:N0} further records were dropped by retention; their leaves are kept, and the index does not name them.");
        if (rebuilt.ActsOfBefore > 0)
            Line($"{rebuilt.ActsOfBefore:N0} acts of administrators are of before records said whom they are about: they are found by who did it, and by what it was done to.");
        Console.WriteLine($"The file of before is '{oldFile}'. Delete it once the silo runs: what retention drops from now on stays in it.");
    }

    private static void Line(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
