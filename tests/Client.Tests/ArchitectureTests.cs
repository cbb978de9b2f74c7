namespace Assay.Client.Tests;

/// <summary>What callers install brings nothing with it.</summary>
public sealed class ArchitectureTests
{
    [Fact]
    public void The_client_refers_to_the_base_class_library_alone()
    {
        var baseClassLibrary = Path.GetDirectoryName(typeof(object).Assembly.Location)!;

        var others = typeof(AssayClient).Assembly.GetReferencedAssemblies()
            .Select(reference => reference.Name!)
            .Where(name => !File.Exists(Path.Combine(baseClassLibrary, name + ".dll")));

        Assert.Empty(others);
    }
}
