using System.Reflection;

namespace Assay.Core.Tests;

/// <summary>Policy and token rules stand on the base class library alone, so anyone can read, embed and audit them.</summary>
public sealed class ArchitectureTests
{
    [Theory]
    [InlineData("Assay.Cedar")]
    [InlineData("Assay.Core", "Assay.Cedar", "System.IO.Hashing")]
    public void Only_the_base_class_library_is_referred_to(string assembly, params string[] allowed)
    {
        var baseClassLibrary = Path.GetDirectoryName(typeof(object).Assembly.Location)!;

        var others = Assembly.Load(assembly).GetReferencedAssemblies()
            .Select(reference => reference.Name!)
            .Where(name => !File.Exists(Path.Combine(baseClassLibrary, name + ".dll")))
            .Except(allowed);

        Assert.Empty(others);
    }
}
