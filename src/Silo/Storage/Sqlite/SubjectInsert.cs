using Assay.Grains.Authority;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Storage.Sqlite;

/// <summary>Puts rows into the index, one after the other.</summary>
/// <param name="onlyNew">Looks first whether a row is there.</param>
internal sealed class SubjectInsert(SqliteConnection connection, bool onlyNew) : IDisposable
{
    private const string Any = "INSERT INTO subject (realm, subject, at, shard, positions, spent, spent_until) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7";
    private const string Missing = Any + " WHERE NOT EXISTS (SELECT 1 FROM subject WHERE realm = ?1 AND subject = ?2 AND at = ?3 AND shard = ?4 AND positions = ?5)";

    private readonly Statement insert = new(connection, onlyNew ? Missing : Any);

    public void Run(EvidenceIndexRow row)
    {
        insert.Set(1, row.Realm).Set(2, row.Subject).Set(3, row.At.ToUnixTimeMilliseconds()).Set(4, row.Shard).Set(5, EvidencePacking.WritePositions(row.Positions));
        if (row.Spent.IsEmpty)
            insert.SetNull(6).SetNull(7);
        else
            insert.Set(6, EvidencePacking.WriteSpent(row.Spent, out var last)).Set(7, last);
        insert.Run();
    }

    public void Dispose() => insert.Dispose();
}
