using Assay.Silo.Tests.Running;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Tests.Faults;

/// <summary>Until disposed, whoever inserts into a table fails, in the middle of the transaction.</summary>
internal sealed class BrokenTable : IDisposable
{
    private readonly SqliteConnection connection;

    private BrokenTable(string file)
    {
        connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ToString());
        connection.Open();
    }

    public static BrokenTable Break(RunningSilo silo, string file, string table)
    {
        var broken = new BrokenTable(Path.Combine(silo.Data, file));
        broken.Run($"CREATE TRIGGER injected BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'injected'); END");
        return broken;
    }

    public void Dispose()
    {
        Run("DROP TRIGGER injected");
        connection.Dispose();
    }

    private void Run(string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
