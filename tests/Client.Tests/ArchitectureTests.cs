namespace Assay.Client.Tests;

/// <summary>What callers install brings little with it, and nothing of ours.</summary>
public sealed class ArchitectureTests
{
    [Fact]
    public void The_client_refers_to_the_base_class_library_and_the_abstractions_of_hosting_alone()
    {
        var baseClassLibrary = Path.GetDirectoryName(typeof(object).Assembly.Location)!;

        var others = typeof(AssayClient).Assembly.GetReferencedAssemblies()
            .Select(reference => reference.Name!)
            .Where(name => !File.Exists(Path.Combine(baseClassLibrary, name + ".dll")));

        Assert.Equal(["Microsoft.Extensions.DependencyInjection.Abstractions", "Microsoft.Extensions.Http", "Microsoft.Extensions.Logging.Abstractions", "Microsoft.Extensions.Options"], others.Order());
    }
}
