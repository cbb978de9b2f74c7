namespace Assay.Tests.Shared;

/// <summary>
/// The command line where it was built: beside a test it would lack what the test takes from the web framework, which the command line does not refer to.
/// </summary>
internal static class BuiltCli
{
    public static string Path { get; } = Find();

    private static string Find()
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory); // …/tests/X.Tests/bin/Debug/net10.0
        var checkout = output;
        while (!File.Exists(System.IO.Path.Combine(checkout.FullName, "Cluster.sln")))
            checkout = checkout.Parent ?? throw new InvalidOperationException("the tests do not run from a checkout");
        var path = System.IO.Path.Combine(checkout.FullName, "src", "Cli", "bin", output.Parent!.Name, output.Name, "assay.dll");
        return File.Exists(path) ? path : throw new InvalidOperationException($"{path} is not built");
    }
}
