using System.Buffers.Binary;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Assay.Client.Tests.Documentation;

namespace Assay.Client.Tests.Packaging;

/// <summary>What callers install.</summary>
public sealed class PackageTests(Packed packed) : IClassFixture<Packed>
{
    private static readonly Guid EmbeddedSource = new("0e8a571b-6926-466e-b4ad-8ab04611f5fe"); // Portable PDB: CustomDebugInformation kinds

    [Theory]
    [InlineData("Assay.Client")]
    [InlineData("Assay.Client.AspNetCore")]
    public void A_package_holds_the_assembly_its_documentation_a_readme_and_an_icon_and_nothing_else(string id)
    {
        using var package = packed.Open(id);
        using var symbols = packed.Open(id, ".snupkg");

        Assert.Equal([$"{id}.nuspec", "README.md", "icon.png", $"lib/net10.0/{id}.dll", $"lib/net10.0/{id}.xml"], package.Files);
        Assert.Equal([$"{id}.nuspec", $"lib/net10.0/{id}.pdb"], symbols.Files);
    }

    [Theory]
    [InlineData("Assay.Client", "src/Client/README.md")]
    [InlineData("Assay.Client.AspNetCore", "src/Client.AspNetCore/README.md")]
    public void It_says_what_it_is_under_which_licence_and_how_to_begin(string id, string readme)
    {
        using var package = packed.Open(id);

        var metadata = package.Metadata();

        Assert.Equal((id, "expression", "Apache-2.0"), (Text("id"), metadata.Element("license")!.Attribute("type")!.Value, Text("license")));
        Assert.Equal(("README.md", "icon.png", "git"), (Text("readme"), Text("icon"), metadata.Element("repository")!.Attribute("type")!.Value));
        Assert.Contains("authorization server for non-human identities", Text("description"));
        Assert.Contains("oauth2", Text("tags"));
        Assert.Equal(Checkout.Read(readme), System.Text.Encoding.UTF8.GetString(package.Read("README.md")).ReplaceLineEndings("\n"));
        string Text(string name) => metadata.Element(name)!.Value;
    }

    [Fact]
    public void The_icon_is_a_square_of_128_pixels()
    {
        using var package = packed.Open("Assay.Client");

        var icon = package.Read("icon.png");

        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G', (byte)'\r', (byte)'\n', 0x1a, (byte)'\n'], icon[..8]);
        Assert.Equal((128, 128), (BinaryPrimitives.ReadInt32BigEndian(icon.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(icon.AsSpan(20)))); // IHDR
    }

    [Fact]
    public void What_builds_a_package_does_not_come_with_it_and_the_two_go_together()
    {
        using var client = packed.Open("Assay.Client");
        using var api = packed.Open("Assay.Client.AspNetCore");

        Assert.DoesNotContain(Dependencies(client).Concat(Dependencies(api)), dependency => dependency.Id.Contains("Analyzer", StringComparison.Ordinal));
        Assert.Contains(("Assay.Client", client.Metadata().Element("version")!.Value), Dependencies(api));
        Assert.Equal("Microsoft.AspNetCore.App", api.Metadata().Descendants("frameworkReference").Single().Attribute("name")!.Value);
    }

    [Theory]
    [InlineData("Assay.Client")]
    [InlineData("Assay.Client.AspNetCore")]
    public void The_same_source_gives_the_same_assembly_and_what_the_build_wrote_is_in_the_symbols(string id)
    {
        using var package = packed.Open(id);
        using var symbols = packed.Open(id, ".snupkg");
        using var assembly = new PEReader(new MemoryStream(package.Read($"lib/net10.0/{id}.dll")));
        using var provider = MetadataReaderProvider.FromPortablePdbStream(new MemoryStream(symbols.Read($"lib/net10.0/{id}.pdb")));
        var pdb = provider.GetMetadataReader();

        Assert.Contains(assembly.ReadDebugDirectory(), entry => entry.Type == DebugDirectoryEntryType.Reproducible);
        var made = pdb.Documents.Where(document => pdb.GetString(pdb.GetDocument(document).Name).EndsWith(".AssemblyInfo.cs", StringComparison.Ordinal)).ToArray();
        Assert.All(made, document => Assert.Contains(pdb.GetCustomDebugInformation(document), about => pdb.GetGuid(pdb.GetCustomDebugInformation(about).Kind) == EmbeddedSource));
        Assert.Single(made);
    }

    private static IEnumerable<(string Id, string Version)> Dependencies(Package package) =>
        package.Metadata().Descendants("dependency").Select(dependency => (dependency.Attribute("id")!.Value, dependency.Attribute("version")!.Value));
}
