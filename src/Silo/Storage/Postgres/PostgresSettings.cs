using System.Globalization;
using Npgsql;

namespace Assay.Silo.Storage.Postgres;

/// <summary>
/// What the operator's connection string becomes for each use. Timeouts come from the lease: whatever hangs gives up well before the lease it
/// would outlive, also on the server, so that a paused silo holds no lock for longer. Statements are short and many: compiling one (jit) takes longer
/// than running it.
/// </summary>
internal sealed class PostgresSettings
{
    /// <summary>Connections for reads and changes when the operator names no number.</summary>
    public const int DefaultPool = 24;

    /// <summary>Fewer starve a silo.</summary>
    public const int LeastPool = 8;

    /// <summary>One append at a time, and one more while the server still works on one that was given up.</summary>
    private const int EvidencePool = 3;

    /// <summary>Orleans reads, writes and votes side by side.</summary>
    private const int MembershipPool = 4;

    private readonly NpgsqlConnectionStringBuilder given;

    private PostgresSettings(NpgsqlConnectionStringBuilder given, TimeSpan leaseLife)
    {
        this.given = given;
        Patience = leaseLife / 2;
        Pool = given.ShouldSerialize("Maximum Pool Size") ? given.MaxPoolSize : DefaultPool;
        State = Derive("state", Pool);
        Evidence = Derive("evidence", EvidencePool);
        Membership = Derive("membership", MembershipPool, builder => builder.SearchPath = "assay"); // Orleans names its table of queries without a schema
        News = Derive("news", 1, builder =>
        {
            builder.Pooling = false;
            builder.KeepAlive = Seconds(leaseLife / 5);
        });
        Migrations = Derive("migrations", 1, builder =>
        {
            builder.Pooling = false;
            builder.CommandTimeout = 0; // a script may take long, and so may the one who has the lock
            builder.Options = given.Options;
        });
    }

    /// <summary>How long one operation may take in all. Half a lease.</summary>
    public TimeSpan Patience { get; }

    public int Pool { get; }

    /// <summary>Connections this silo may hold at once: those of the pools, and the one that listens.</summary>
    public int Connections => Pool + EvidencePool + MembershipPool + 1;

    public string State { get; }

    /// <summary>Appends have connections of their own, so that no read starves them.</summary>
    public string Evidence { get; }

    public string Membership { get; }

    public string News { get; }

    public string Migrations { get; }

    /// <summary>Where it is, for messages; never a password.</summary>
    public string Place => string.Create(CultureInfo.InvariantCulture, $"'{given.Database}' at {given.Host}:{given.Port}");

    public int StatementTimeoutMilliseconds => (int)Patience.TotalMilliseconds;

    /// <exception cref="InvalidOperationException">The string is malformed or unfit; every fault is a sentence of the message, and none shows a password.</exception>
    public static PostgresSettings Of(string connectionString, TimeSpan leaseLife)
    {
        NpgsqlConnectionStringBuilder given;
        try
        {
            given = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException or KeyNotFoundException)
        {
            throw new InvalidOperationException("Assay:Postgres is not an Npgsql connection string, as in: Host=127.0.0.1;Database=assay;Username=assay;Password=…", fault);
        }

        var faults = Faults(given);
        return faults.Count == 0
            ? new PostgresSettings(given, leaseLife)
            : throw new InvalidOperationException(string.Join("\n       ", faults));
    }

    private static List<string> Faults(NpgsqlConnectionStringBuilder given)
    {
        var faults = new List<string>();
        if (string.IsNullOrEmpty(given.Host))
            faults.Add("Assay:Postgres names no Host.");
        if (string.IsNullOrEmpty(given.Database))
            faults.Add("Assay:Postgres names no Database.");
        if (!given.Pooling)
            faults.Add("Assay:Postgres says Pooling=false; every request would open a connection. Leave it out.");
        if (given.Multiplexing)
            faults.Add("Assay:Postgres says Multiplexing=true; transactions need connections of their own. Leave it out.");
        if (given.NoResetOnClose)
            faults.Add("Assay:Postgres says No Reset On Close=true; a session would carry over what the one before left. Leave it out.");
        if (given.ShouldSerialize("Maximum Pool Size") && given.MaxPoolSize < LeastPool)
            faults.Add($"Assay:Postgres says Maximum Pool Size={given.MaxPoolSize}; a silo needs at least {LeastPool}.");
        return faults;
    }

    private string Derive(string use, int pool, Action<NpgsqlConnectionStringBuilder>? more = null)
    {
        var builder = new NpgsqlConnectionStringBuilder(given.ConnectionString)
        {
            ApplicationName = $"assay {use}",
            MinPoolSize = 0,
            MaxPoolSize = pool,
            Timeout = Seconds(Patience / 2.5),
            CommandTimeout = Seconds(Patience),
            CancellationTimeout = Math.Max(200, (int)(Patience / 5).TotalMilliseconds),
            TcpKeepAlive = true,
            TcpKeepAliveTime = Seconds(Patience),
            TcpKeepAliveInterval = 1,
            MaxAutoPrepare = 50,
            AutoPrepareMinUsages = 2,
            Options = string.Create(
                CultureInfo.InvariantCulture,
                $"{given.Options} -c jit=off -c statement_timeout={StatementTimeoutMilliseconds} -c idle_in_transaction_session_timeout={StatementTimeoutMilliseconds}").TrimStart(),
        };
        more?.Invoke(builder);
        return builder.ConnectionString;
    }

    private static int Seconds(TimeSpan time) => Math.Max(1, (int)time.TotalSeconds);
}
