namespace Assay.Silo.Hosting;

/// <summary>What differs between a silo with everything in its own folder and one of several over PostgreSQL.</summary>
internal interface ISiloSetup
{
    /// <summary>The authority's and the evidence's store.</summary>
    void AddStorage(IServiceCollection services);

    /// <summary>Membership, the grain directory, and where Orleans listens.</summary>
    void UseOrleans(ISiloBuilder silo);

    /// <summary>Before anything reads the store: it is there, fit for use, and of this program's schema.</summary>
    Task Prepare(IServiceProvider services, CancellationToken cancellationToken);

    /// <summary>The folder of the bundle that an empty store starts with; null for none.</summary>
    /// <param name="named">What the settings say.</param>
    string? Bundle(string? named);
}

internal static class BundleFolders
{
    public const string None = "none";

    /// <exception cref="InvalidOperationException">It does not exist.</exception>
    public static string Existing(string folder) =>
        Directory.Exists(folder) ? folder : throw new InvalidOperationException($"The bundle folder '{folder}' does not exist.");
}
