using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Assay.Silo.Storage.Sqlite;

/// <summary>
/// A statement that is compiled once and run many times, below ADO.NET: for rows by the thousand, its objects for each parameter and each run cost more than SQLite does.
/// For the thread of its connection, inside a transaction that somebody else holds.
/// </summary>
internal sealed class Statement : IDisposable
{
    private readonly sqlite3 database;
    private readonly sqlite3_stmt statement;

    /// <param name="sql">Its parameters are <c>?1</c>, <c>?2</c> …</param>
    public Statement(SqliteConnection connection, string sql)
    {
        database = connection.Handle ?? throw new InvalidOperationException("the connection is closed");
        Check(raw.sqlite3_prepare_v2(database, sql, out statement));
    }

    /// <summary>Parameters not set before a run are as in the run before; the first has the number 1.</summary>
    public Statement Set(int parameter, long value)
    {
        Check(raw.sqlite3_bind_int64(statement, parameter, value));
        return this;
    }

    public Statement Set(int parameter, string text)
    {
        const int most = 512;
        if (text.Length == 0 || Encoding.UTF8.GetMaxByteCount(text.Length) > most)
        {
            Check(raw.sqlite3_bind_text(statement, parameter, text)); // an empty span would be NULL
        }
        else
        {
            Span<byte> utf8 = stackalloc byte[most]; // SQLite takes a copy
            Check(raw.sqlite3_bind_text(statement, parameter, utf8[..Encoding.UTF8.GetBytes(text, utf8)]));
        }

        return this;
    }

    /// <summary>An empty one is an empty BLOB.</summary>
    public Statement Set(int parameter, ReadOnlySpan<byte> bytes)
    {
        Check(bytes.IsEmpty ? raw.sqlite3_bind_zeroblob(statement, parameter, 0) : raw.sqlite3_bind_blob(statement, parameter, bytes));
        return this;
    }

    public Statement SetNull(int parameter)
    {
        Check(raw.sqlite3_bind_null(statement, parameter));
        return this;
    }

    /// <summary>Runs it.</summary>
    /// <returns>The first column of the first row; null when there is no row.</returns>
    /// <exception cref="SqliteException">As of any statement.</exception>
    public long? Run()
    {
        try
        {
            var result = raw.sqlite3_step(statement);
            if (result == raw.SQLITE_ROW)
                return raw.sqlite3_column_int64(statement, 0);
            return result == raw.SQLITE_DONE ? null : throw Fault(result);
        }
        finally
        {
            raw.sqlite3_reset(statement);
        }
    }

    /// <summary>Runs a query of one row.</summary>
    /// <returns>Its first column; null when that is NULL.</returns>
    /// <exception cref="SqliteException">As of any statement.</exception>
    public long? First()
    {
        try
        {
            return Step() && !IsNull(0) ? Long(0) : null;
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Goes to the first or the next row. Reset it before it is run anew.</summary>
    /// <returns>False when there is none.</returns>
    /// <exception cref="SqliteException">As of any statement.</exception>
    public bool Step() => raw.sqlite3_step(statement) switch
    {
        raw.SQLITE_ROW => true,
        raw.SQLITE_DONE => false,
        var result => throw Fault(result),
    };

    /// <summary>Gives up the row it is at; the parameters stay.</summary>
    public void Reset() => raw.sqlite3_reset(statement);

    /// <summary>Of the row it is at; the first column has the number 0.</summary>
    public long Long(int column) => raw.sqlite3_column_int64(statement, column);

    public bool IsNull(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_NULL;

    /// <summary>Good until the next step or reset.</summary>
    public ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(statement, column);

    public void Dispose() => statement.Dispose();

    private void Check(int result)
    {
        if (result != raw.SQLITE_OK)
            throw Fault(result);
    }

    private SqliteException Fault(int result) => new(raw.sqlite3_errmsg(database).utf8_to_string(), result, raw.sqlite3_extended_errcode(database));
}
