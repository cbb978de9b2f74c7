using Assay.Silo.Tests.Running;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Tests.Faults;

/// <summary>Until disposed, whoever inserts into a table fails in the middle of the transaction, or whoever reads it.</summary>
internal sealed class BrokenTable : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly string mend;

    private BrokenTable(string file, string harm, string mend)
    {
        this.mend = mend;
        connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ToString());
        connection.Open();
        Run(harm);
    }

    public static BrokenTable Break(RunningSilo silo, string file, string table) => new(
        Path.Combine(silo.Data, file), $"CREATE TRIGGER injected BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'injected'); END", "DROP TRIGGER injected");

    /// <summary>As if it were not there.</summary>
    public static BrokenTable Hide(RunningSilo silo, string file, string table) =>
        new(Path.Combine(silo.Data, file), $"ALTER TABLE {table} RENAME TO hidden", $"ALTER TABLE hidden RENAME TO {table}");

    public void Dispose()
    {
        Run(mend);
        connection.Dispose();
    }

    private void Run(string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
