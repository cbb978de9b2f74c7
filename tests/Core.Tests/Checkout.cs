namespace Assay.Core.Tests;

/// <summary>Files of the repository that tests hold the code against.</summary>
internal static class Checkout
{
    public static string Path(params ReadOnlySpan<string> parts)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(System.IO.Path.Combine(folder.FullName, "Cluster.sln")))
            folder = folder.Parent ?? throw new DirectoryNotFoundException("The tests do not lie in a checkout.");
        return System.IO.Path.Combine([folder.FullName, .. parts]);
    }
}
