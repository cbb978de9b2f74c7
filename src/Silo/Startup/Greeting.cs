using Assay.Core.Registry;
using Assay.Silo.Storage.Sqlite;

namespace Assay.Silo.Startup;

/// <summary>What a silo says once it serves: where it is, where its data lies, and the command that gets a first token.</summary>
internal static class Greeting
{
    public static async Task Write(IServiceProvider services, DataFolder folder, SiloIdentity self, string? http2Url, string? newKekFile)
    {
        var view = services.GetRequiredService<Assay.Grains.Authority.SiloView>().Newest;
        Console.WriteLine();
        Console.WriteLine($"Assay is ready at {self.Issuer}");
        if (http2Url is not null)
            Console.WriteLine($"  HTTP/2          {http2Url}");
        Console.WriteLine($"  data            {folder.Folder}");
        if (newKekFile is not null)
            Console.WriteLine($"  key-encryption  {newKekFile} (made now; without it the data folder cannot be opened: keep a copy elsewhere)");
        if (await services.GetRequiredService<BootstrapKey>().InForce(CancellationToken.None) is { } bootstrap)
            Console.WriteLine($"  administrator   {bootstrap}");
        if (FirstToken(folder, view?.Directory) is { } command)
        {
            Console.WriteLine();
            Console.WriteLine("Get a first token (in another terminal, from this folder):");
            Console.WriteLine();
            Console.WriteLine("  " + command);
        }

        Console.WriteLine();
    }

    private static string? FirstToken(DataFolder folder, DirectorySnapshot? directory)
    {
        if (directory is null || !Directory.Exists(folder.KeysFolder))
            return null;
        // The last by name: in the quickstart the one whose whole request is granted.
        var key = Directory.EnumerateFiles(folder.KeysFolder, "*.jwk").Order(StringComparer.Ordinal).LastOrDefault();
        var api = directory.Apis.Where(api => api.PolicyDomain == PolicyDomains.Tokens).OrderBy(api => api.Resource, StringComparer.Ordinal).FirstOrDefault();
        if (key is null || api is null)
            return null;

        var data = Path.GetRelativePath(Directory.GetCurrentDirectory(), folder.Folder);
        var where = data == ".assay" ? "" : $" --data \"{data}\"";
        var identity = Uri.UnescapeDataString(Path.GetFileNameWithoutExtension(key));
        return $"dotnet run --project src/Cli -- token {identity} --resource {api.Resource}{where}";
    }
}
