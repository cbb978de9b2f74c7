namespace Assay.Bundle.Tests;

/// <summary>The sample bundles of the checkout the tests run in.</summary>
internal static class Samples
{
    public static string Path(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Cluster.sln")))
                return System.IO.Path.Combine(folder.FullName, "samples", name);
        }

        throw new DirectoryNotFoundException("the tests do not run inside a checkout");
    }
}
