using System.Data;
using Npgsql;

namespace Assay.Silo.Storage.Postgres;

/// <summary>
/// A pool of connections, and the patience with which it is used: whatever the server or the network does, an operation ends within it, with an
/// answer or an exception. After an exception from a write the outcome is unknown.
/// </summary>
internal sealed class PostgresDatabase(string connectionString, TimeSpan patience, TimeProvider clock) : IDisposable
{
    private readonly NpgsqlDataSource source = NpgsqlDataSource.Create(connectionString);

    /// <summary>One try.</summary>
    public Task<T> Once<T>(Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellationToken) =>
        WithPatience(token => OnConnection(work, token), cancellationToken);

    /// <summary>For what changes nothing: tried once more when the connection turns out to be dead, as those in the pool do after the server was away.</summary>
    public Task<T> Read<T>(Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellationToken) => WithPatience(
        async token =>
        {
            try
            {
                return await OnConnection(work, token);
            }
            catch (NpgsqlException fault) when (fault.IsTransient)
            {
                return await OnConnection(work, token);
            }
        },
        cancellationToken);

    /// <summary>In a transaction that is rolled back unless <paramref name="work"/> commits it.</summary>
    public Task<T> Transact<T>(Func<NpgsqlConnection, NpgsqlTransaction, CancellationToken, Task<T>> work, CancellationToken cancellationToken) => Once(
        async (connection, token) =>
        {
            await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, token);
            return await work(connection, transaction, token);
        },
        cancellationToken);

    public void Dispose() => source.Dispose();

    private async Task<T> OnConnection<T>(Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await work(connection, cancellationToken);
    }

    private async Task<T> WithPatience<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            // The driver asks the server to cancel and waits a while for it; half as long again and we do not wait for the driver either.
            return await work(either.Token).WaitAsync(patience * 1.5, clock, cancellationToken);
        }
        catch (OperationCanceledException fault) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"PostgreSQL did not answer within {patience}", fault);
        }
    }
}
