using System.Globalization;
using Assay.Tests.Shared;
using Npgsql;

namespace Assay.Cluster.Tests.Postgres;

/// <summary>
/// A PostgreSQL server of the tests' own: its files in a new folder, its socket there too, on 127.0.0.1 at a free port that it keeps over restarts.
/// Everything is durable as in production.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private readonly Dictionary<string, string> settings = new() { ["max_connections"] = "200" };
    private string folder = "";
    private int databases;

    /// <summary>Where it listens.</summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>What it is run by, for instance in a network namespace that has that address.</summary>
    public IReadOnlyList<string> RunBy { get; init; } = [];

    public int Port { get; private set; }

    public bool IsRunning { get; private set; }

    /// <summary>What the server logged so far.</summary>
    public string Log => File.Exists(LogFile) ? File.ReadAllText(LogFile) : "";

    private string Data => Path.Combine(folder, "data");

    private string LogFile => Path.Combine(folder, "log");

    /// <summary>Skips the test, and says why, where there is no PostgreSQL.</summary>
    public static void SkipIfMissing() => Assert.SkipWhen(PostgresBinaries.Missing is not null, PostgresBinaries.Missing ?? "");

    /// <summary>Makes a server and starts it; does nothing where there is none (<see cref="SkipIfMissing"/>).</summary>
    public async ValueTask InitializeAsync()
    {
        if (PostgresBinaries.Missing is not null)
            return;
        folder = await PostgresBinaries.NewFolder();
        await PostgresBinaries.Run("initdb", "-D", Data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-instructions");
        if (Address != "127.0.0.1")
            await File.AppendAllTextAsync(Path.Combine(Data, "pg_hba.conf"), "host all all samenet trust\n");
        Port = Ports.Free();
        await Start();
    }

    /// <summary>Takes effect at the next start.</summary>
    public void Set(string name, string value) => settings[name] = value;

    /// <summary>Returns when it takes connections.</summary>
    public async Task Start()
    {
        var options = settings.Select(setting => $"-c {setting.Key}={setting.Value}").Prepend($"-c listen_addresses={Address}");
        await PostgresBinaries.RunBy(
            RunBy, "pg_ctl", "start", "-w", "-t", "60", "-D", Data, "-l", LogFile,
            "-o", string.Create(CultureInfo.InvariantCulture, $"-p {Port} -k {folder} {string.Join(' ', options)}"));
        IsRunning = true;
    }

    /// <summary>Returns when it is gone.</summary>
    /// <param name="mode"><c>fast</c> ends the sessions and writes everything out; <c>immediate</c> is a crash.</param>
    public async Task Stop(string mode = "fast")
    {
        await PostgresBinaries.Run("pg_ctl", "stop", "-w", "-t", "60", "-D", Data, "-m", mode);
        IsRunning = false;
    }

    public async Task Restart(string mode = "fast")
    {
        await Stop(mode);
        await Start();
    }

    /// <summary>A new database; returns the connection string for it.</summary>
    public async Task<string> CreateDatabase()
    {
        var name = $"test{Interlocked.Increment(ref databases)}";
        await Execute(ConnectionString("postgres"), $"CREATE DATABASE {name}");
        return ConnectionString(name);
    }

    public string ConnectionString(string database) =>
        string.Create(CultureInfo.InvariantCulture, $"Host={Address};Port={Port};Database={database};Username=postgres;SSL Mode=Disable");

    /// <summary>Ends every session of a database but the one that asks; returns how many.</summary>
    public Task<long> KillConnections(string connectionString) => KillConnections(connectionString, "true");

    /// <param name="which">A condition on <c>pg_stat_activity</c>.</param>
    public async Task<long> KillConnections(string connectionString, string which) => await Scalar<long>(
        connectionString,
        $"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND ({which})");

    public static async Task Execute(string connectionString, string sql)
    {
        await using var connection = await Connect(connectionString);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public static async Task<T> Scalar<T>(string connectionString, string sql)
    {
        await using var connection = await Connect(connectionString);
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>A session outside every pool.</summary>
    public static async Task<NpgsqlConnection> Connect(string connectionString)
    {
        var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    public async ValueTask DisposeAsync()
    {
        if (IsRunning)
            await Stop("immediate");
        if (folder.Length > 0)
            Directory.Delete(folder, recursive: true);
    }
}
