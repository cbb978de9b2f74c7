using System.Collections.Immutable;
using Assay.Grains.Authority;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Storage.Sqlite.Subjects;

/// <summary>The index of files of before schema version 5: a table with a row for each subject of each batch, at its place by name.</summary>
internal static class IndexByName
{
    private const int RowsAtOnce = 1024;

    /// <summary>Makes runs of its rows, and removes it. Nothing, when it is not there.</summary>
    /// <param name="store">Makes a run.</param>
    public static void TakeOver(SqliteConnection connection, SqliteTransaction transaction, Action<SqliteConnection, UnsortedRows> store)
    {
        using (var present = connection.Command(transaction, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'subject'"))
        {
            if ((long)present.ExecuteScalar()! == 0)
                return;
        }

        // A process that ended in the middle of sorting left rows here that are still among the unsorted, which are the newest of their shards.
        var left = new Dictionary<long, long>();
        using (var query = connection.Command(transaction, "SELECT shard, min(first) FROM unsorted GROUP BY shard"))
        using (var stored = query.ExecuteReader())
        {
            while (stored.Read())
                left.Add(stored.GetInt64(0), stored.GetInt64(1));
        }

        var unsorted = new UnsortedRows();
        using (var query = connection.Command(transaction, "SELECT realm, subject, shard, at, positions, spent FROM subject ORDER BY rowid"))
        using (var stored = query.ExecuteReader())
        {
            var rows = ImmutableArray.CreateBuilder<EvidenceIndexRow>(RowsAtOnce);
            while (stored.Read())
            {
                var (shard, positions) = (stored.GetInt64(2), EvidencePacking.ReadPositions((byte[])stored[4]));
                if (positions[0] >= left.GetValueOrDefault(shard, long.MaxValue))
                    continue;
                rows.Add(new EvidenceIndexRow(
                    stored.GetString(0), stored.GetString(1), shard, DateTimeOffset.FromUnixTimeMilliseconds(stored.GetInt64(3)), positions, stored.IsDBNull(5) ? [] : EvidencePacking.ReadSpent((byte[])stored[5])));
                if (rows.Count == RowsAtOnce)
                    unsorted.Add(PackedRow.Pack(rows.DrainToImmutable()));
                if (unsorted.Count >= SubjectIndex.MostUnsorted)
                {
                    store(connection, unsorted);
                    unsorted = new UnsortedRows();
                }
            }

            if (rows.Count > 0)
                unsorted.Add(PackedRow.Pack(rows.DrainToImmutable()));
        }

        if (unsorted.Count > 0)
            store(connection, unsorted);
        connection.Run(transaction, "DROP TABLE subject");
    }
}
