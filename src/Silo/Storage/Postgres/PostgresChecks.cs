using System.Globalization;
using Npgsql;

namespace Assay.Silo.Storage.Postgres;

/// <summary>What must be true of the server and of the very sessions a silo works in. A silo refuses to start with a sentence for each fault.</summary>
internal static class PostgresChecks
{
    private const int LeastVersion = 14;

    /// <exception cref="InvalidOperationException">Something is unfit; every fault is a sentence of the message.</exception>
    public static async Task Run(PostgresSettings settings, CancellationToken cancellationToken)
    {
        var faults = new SortedSet<string>(StringComparer.Ordinal);
        try
        {
            foreach (var connectionString in new[] { settings.State, settings.Evidence })
            {
                await using var source = NpgsqlDataSource.Create(connectionString);
                await using var connection = await source.OpenConnectionAsync(cancellationToken);
                await Session(connection, settings, faults, cancellationToken);
                await Server(connection, settings, faults, cancellationToken);
            }
        }
        catch (NpgsqlException fault)
        {
            throw new InvalidOperationException($"The database {settings.Place} cannot be used: {fault.Message}", fault);
        }

        if (faults.Count > 0)
            throw new InvalidOperationException($"The database {settings.Place} is not fit:\n       " + string.Join("\n       ", faults));
    }

    private static async Task Session(NpgsqlConnection connection, PostgresSettings settings, SortedSet<string> faults, CancellationToken cancellationToken)
    {
        if (await Show(connection, "fsync", cancellationToken) == "off")
            faults.Add("fsync is off: a power cut would lose evidence of tokens that were issued. Turn it on.");
        if (await Show(connection, "synchronous_commit", cancellationToken) == "off")
            faults.Add("synchronous_commit is off: a crash would lose evidence of tokens that were issued. Turn it on, also for this role and this database.");
        if (await Show(connection, "default_transaction_isolation", cancellationToken) is not "read committed" and var isolation)
            faults.Add($"default_transaction_isolation is '{isolation}': the statements here rely on 'read committed'. Set it, also for this role and this database.");
        if (await Show(connection, "transaction_read_only", cancellationToken) == "on")
            faults.Add("It takes no writes: it is a standby, or default_transaction_read_only is on. Name the primary.");

        foreach (var timeout in new[] { "statement_timeout", "idle_in_transaction_session_timeout" })
        {
            var milliseconds = await connection.Scalar<string>(
                cancellationToken, "SELECT setting FROM pg_settings WHERE name = $1", Parameter.Of(timeout));
            if (milliseconds != settings.StatementTimeoutMilliseconds.ToString(CultureInfo.InvariantCulture))
                faults.Add($"{timeout} is {milliseconds} ms and not the {settings.StatementTimeoutMilliseconds} ms this silo asked for: a pooler between drops it. Connect to the server itself.");
        }
    }

    private static async Task Server(NpgsqlConnection connection, PostgresSettings settings, SortedSet<string> faults, CancellationToken cancellationToken)
    {
        if (connection.PostgreSqlVersion.Major < LeastVersion)
            faults.Add($"It is PostgreSQL {connection.PostgreSqlVersion}: {LeastVersion} or newer is needed.");
        if (await Show(connection, "server_encoding", cancellationToken) is not "UTF8" and var encoding)
            faults.Add($"Its encoding is {encoding}: make the database with ENCODING 'UTF8'.");

        var free = await connection.Scalar<int>(
            cancellationToken,
            "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int - coalesce(current_setting('reserved_connections', true), '0')::int");
        if (free < settings.Connections)
            faults.Add($"It takes {free} connections, and this silo alone may need {settings.Connections}: raise max_connections, or lower Maximum Pool Size in Assay:Postgres.");
    }

    private static Task<string?> Show(NpgsqlConnection connection, string name, CancellationToken cancellationToken) =>
        connection.Scalar<string>(cancellationToken, "SELECT current_setting($1)", Parameter.Of(name));
}
