using Assay.Silo.Storage.Postgres;

namespace Assay.Cluster.Tests.Postgres;

public sealed class PostgresChecksTests(PostgresServer server)
{
    [Theory]
    [InlineData("synchronous_commit", "off", "synchronous_commit is off: a crash would lose evidence of tokens that were issued.")]
    [InlineData("default_transaction_isolation", "serializable", "default_transaction_isolation is 'serializable': ")]
    [InlineData("default_transaction_read_only", "on", "It takes no writes: ")]
    public async Task A_setting_of_the_database_that_is_not_fit_stops_the_start(string name, string value, string sentence)
    {
        PostgresServer.SkipIfMissing();
        var database = await server.CreateDatabase();
        await PostgresServer.Execute(database, $"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {name} = {value}', current_database()); END $$");

        Assert.Contains(sentence, await Refused(database), StringComparison.Ordinal);
    }

    [Fact]
    public async Task So_does_one_of_the_role()
    {
        PostgresServer.SkipIfMissing();
        var database = await server.CreateDatabase();
        await PostgresServer.Execute(database, "CREATE ROLE careless LOGIN SUPERUSER; ALTER ROLE careless SET synchronous_commit = off");

        Assert.Contains("synchronous_commit is off", await Refused(database.Replace("Username=postgres", "Username=careless", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task So_does_one_that_the_connection_string_brings()
    {
        PostgresServer.SkipIfMissing();
        var database = await server.CreateDatabase();

        Assert.Contains("synchronous_commit is off", await Refused(database + ";Options=-c synchronous_commit=off"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_keeps_text_in_no_encoding_is_refused()
    {
        PostgresServer.SkipIfMissing();
        await PostgresServer.Execute(server.ConnectionString("postgres"), "CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0");

        Assert.Contains("Its encoding is SQL_ASCII: make the database with ENCODING 'UTF8'.", await Refused(server.ConnectionString("ascii")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_flushes_nothing_and_takes_few_connections_is_refused_with_both_reasons_and_left_as_it_is()
    {
        PostgresServer.SkipIfMissing();
        await using var careless = new PostgresServer();
        careless.Set("fsync", "off");
        careless.Set("max_connections", "20");
        await careless.InitializeAsync();
        var database = await careless.CreateDatabase();

        var message = await Refused(database);

        Assert.Contains("fsync is off: a power cut would lose evidence of tokens that were issued. Turn it on.", message, StringComparison.Ordinal);
        Assert.Contains("It takes 17 connections, and this silo alone may need 32: raise max_connections, or lower Maximum Pool Size in Assay:Postgres.", message, StringComparison.Ordinal);
        Assert.True(await PostgresServer.Scalar<bool>(database, "SELECT to_regnamespace('assay') IS NULL"));
    }

    [Fact]
    public async Task Sessions_carry_the_patience_of_the_lease_whatever_the_operator_wrote()
    {
        PostgresServer.SkipIfMissing();
        var settings = PostgresSettings.Of(
            await server.CreateDatabase() + ";Command Timeout=600;Timeout=100;Options=-c statement_timeout=0 -c work_mem=5MB", TimeSpan.FromSeconds(8));
        const string shown = "SELECT concat_ws(' ', current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout'), current_setting('jit'), current_setting('work_mem'))";

        Assert.Equal("4s 4s off 5MB", await PostgresServer.Scalar<string>(settings.State, shown));
        Assert.Equal("4s 4s off 5MB", await PostgresServer.Scalar<string>(settings.Evidence, shown));
        var client = new Npgsql.NpgsqlConnectionStringBuilder(settings.State);
        Assert.Equal((1, 4, 800), (client.Timeout, client.CommandTimeout, client.CancellationTimeout));
    }

    [Theory]
    [InlineData("Database=a", "names no Host.")]
    [InlineData("Host=h", "names no Database.")]
    [InlineData("Host=h;Database=a;Maximum Pool Size=4", "says Maximum Pool Size=4; a silo needs at least 8.")]
    [InlineData("Host=h;Database=a;Pooling=false", "says Pooling=false;")]
    [InlineData("Host=h;Database=a;Multiplexing=true", "says Multiplexing=true;")]
    [InlineData("Host=h;Database=a;No Reset On Close=true", "says No Reset On Close=true;")]
    [InlineData("Host=h;Pasword=hunter2", "is not an Npgsql connection string")]
    [InlineData("hunter2", "is not an Npgsql connection string")]
    [InlineData("Host=h;Database=a;Port=hunter2", "is not an Npgsql connection string")]
    public void A_connection_string_that_is_not_fit_is_refused_by_a_sentence_that_shows_no_secret(string given, string sentence)
    {
        var fault = Assert.Throws<InvalidOperationException>(() => PostgresSettings.Of(given, TimeSpan.FromSeconds(10)));

        Assert.Contains($"Assay:Postgres {sentence}", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_fault_of_a_connection_string_is_named_at_once()
    {
        var fault = Assert.Throws<InvalidOperationException>(() => PostgresSettings.Of("Pooling=false", TimeSpan.FromSeconds(10)));

        Assert.Equal(3, fault.Message.Split('\n').Length);
    }

    private static async Task<string> Refused(string database) =>
        (await Assert.ThrowsAsync<InvalidOperationException>(() => TestStorage.Open(database))).Message;
}
