using Assay.Silo.Storage.Postgres;
using Npgsql;

[assembly: AssemblyFixture(typeof(Assay.Cluster.Tests.Postgres.PostgresServer))]

namespace Assay.Cluster.Tests.Postgres;

public sealed class MigrationTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly int Newest = PostgresSchema.Scripts.Length;

    private string database = "";

    public async ValueTask InitializeAsync()
    {
        PostgresServer.SkipIfMissing();
        database = await server.CreateDatabase();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task An_empty_database_is_set_up_once()
    {
        Assert.Equal((0, Newest), await Migrations().SetUpOrCheck(default));
        Assert.Equal((Newest, Newest), await Migrations().SetUpOrCheck(default));
        Assert.Equal((Newest, Newest), await Migrations().Migrate(default));
    }

    [Fact]
    public async Task Three_that_set_up_an_empty_database_at_once_make_one_schema()
    {
        var versions = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => Migrations().SetUpOrCheck(default))));

        Assert.All(versions, version => Assert.Equal(Newest, version.To));
        Assert.Equal(Newest, await PostgresServer.Scalar<long>(database, "SELECT count(*) FROM assay.schema_version"));
        Assert.Equal(1, await PostgresServer.Scalar<long>(database, "SELECT count(*) FROM assay.head"));
    }

    [Fact]
    public async Task An_older_database_is_left_to_the_migrate_command()
    {
        await Migrations().Migrate(default);
        var next = new PostgresMigrations(Settings(), [.. PostgresSchema.Scripts, new SchemaScript(Newest + 1, "more", "CREATE TABLE assay.more (one integer)")]);

        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => next.SetUpOrCheck(default));
        Assert.EndsWith($"is of schema version {Newest}, and this program needs {Newest + 1}; run: Assay.Silo migrate --postgres …", fault.Message, StringComparison.Ordinal);

        Assert.Equal((Newest, Newest + 1), await next.Migrate(default));
        Assert.Equal((Newest + 1, Newest + 1), await next.SetUpOrCheck(default));
    }

    [Fact]
    public async Task A_newer_database_is_left_to_the_newer_program()
    {
        await Migrations().Migrate(default);
        await PostgresServer.Execute(database, $"INSERT INTO assay.schema_version (version, name) VALUES ({Newest + 1}, 'more')");

        foreach (var attempt in new Func<CancellationToken, Task>[] { Migrations().SetUpOrCheck, Migrations().Migrate })
        {
            var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => attempt(default));
            Assert.EndsWith($"is of schema version {Newest + 1}, and this program knows up to {Newest}; run the newer program.", fault.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_script_that_fails_leaves_everything_as_it_was()
    {
        var broken = new PostgresMigrations(Settings(), [.. PostgresSchema.Scripts, new SchemaScript(Newest + 1, "broken", "CREATE TABLE assay.more (one integer); SELECT 1 / 0")]);

        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => broken.Migrate(default));

        Assert.Contains("division by zero", fault.Message, StringComparison.Ordinal);
        Assert.True(await PostgresServer.Scalar<bool>(database, "SELECT to_regnamespace('assay') IS NULL"));
    }

    [Fact]
    public async Task A_role_that_may_not_make_schemas_uses_the_one_it_was_given()
    {
        await PostgresServer.Execute(database, "CREATE ROLE modest LOGIN; CREATE SCHEMA assay AUTHORIZATION modest");
        database = new NpgsqlConnectionStringBuilder(database) { Username = "modest" }.ConnectionString;

        Assert.Equal((0, Newest), await Migrations().SetUpOrCheck(default));
    }

    [Fact]
    public async Task A_database_that_cannot_be_reached_is_named_without_its_password()
    {
        database = "Host=127.0.0.1;Port=1;Database=assay;Username=assay;Password=hunter2";

        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => Migrations().SetUpOrCheck(default));

        Assert.StartsWith("The database 'assay' at 127.0.0.1:1 cannot be set up: ", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", fault.ToString(), StringComparison.Ordinal);
    }

    private PostgresSettings Settings() => PostgresSettings.Of(database, TimeSpan.FromSeconds(10));

    private PostgresMigrations Migrations() => new(Settings(), PostgresSchema.Scripts);
}
