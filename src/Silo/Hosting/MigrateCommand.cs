using Assay.Grains.Authority;
using Assay.Silo.Storage.Postgres;

namespace Assay.Silo.Hosting;

/// <summary><c>Assay.Silo migrate --postgres …</c>: brings the database to the schema of this program and exits. Any number may run at once.</summary>
internal static class MigrateCommand
{
    public static async Task<int> Run(string[] args)
    {
        var configuration = new ConfigurationManager();
        configuration.AddEnvironmentVariables();
        var options = ServerOptions.Read(configuration, args);
        if (options.Postgres is not { } connectionString)
            throw new InvalidOperationException("migrate needs --postgres or ASSAY_POSTGRES: an Npgsql connection string, as in: Host=127.0.0.1;Database=assay;Username=assay;Password=…");

        var settings = PostgresSettings.Of(connectionString, new AuthorityOptions().LeaseLife);
        var (from, to) = await new PostgresMigrations(settings, PostgresSchema.Scripts).Migrate(CancellationToken.None);
        Console.WriteLine(from == to
            ? $"The database {settings.Place} is of schema version {to} already."
            : $"The database {settings.Place} was of schema version {from} and is of {to} now.");
        return 0;
    }
}
