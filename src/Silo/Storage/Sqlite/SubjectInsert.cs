using Assay.Grains.Authority;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Storage.Sqlite;

/// <summary>Puts rows into the index, one after the other.</summary>
internal sealed class SubjectInsert(SqliteConnection connection) : IDisposable
{
    private const string Values = "$realm, $subject, $at, $shard, $positions, $spent, $until";
    private readonly Statement any = new(connection, $"INSERT INTO subject VALUES ({Values})", Parameters);

    private readonly Statement missing = new(
        connection,
        $"""
        INSERT INTO subject SELECT {Values}
        WHERE NOT EXISTS (SELECT 1 FROM subject WHERE realm = $realm AND subject = $subject AND at = $at AND shard = $shard AND positions = $positions)
        """,
        Parameters);

    private static (string, SqliteType)[] Parameters =>
    [
        ("$realm", SqliteType.Text), ("$subject", SqliteType.Text), ("$at", SqliteType.Integer), ("$shard", SqliteType.Integer), ("$positions", SqliteType.Blob), ("$spent", SqliteType.Blob),
        ("$until", SqliteType.Integer),
    ];

    /// <param name="onlyNew">Looks first whether it is there.</param>
    public void Run(SqliteTransaction transaction, EvidenceIndexRow row, bool onlyNew)
    {
        var last = 0L;
        var spent = row.Spent.IsEmpty ? null : EvidencePacking.WriteSpent(row.Spent, out last);
        (onlyNew ? missing : any).With(
            transaction, row.Realm, row.Subject, row.At.ToUnixTimeMilliseconds(), row.Shard, EvidencePacking.WritePositions(row.Positions),
            spent is null ? DBNull.Value : spent, spent is null ? DBNull.Value : last).ExecuteNonQuery();
    }

    public void Dispose()
    {
        any.Dispose();
        missing.Dispose();
    }
}
