using System.Diagnostics;
using System.IO.Compression;
using System.Xml.Linq;
using Assay.Client.Tests.Documentation;

namespace Assay.Client.Tests.Packaging;

/// <summary>What `dotnet pack` made of a project.</summary>
internal sealed class Package : IDisposable
{
    private readonly ZipArchive archive;

    public Package(string file)
    {
        archive = ZipFile.OpenRead(file);
        // What the format itself needs is not ours.
        Files = [.. archive.Entries.Select(entry => entry.FullName).Where(name => !name.StartsWith("_rels/", StringComparison.Ordinal) && !name.StartsWith("package/", StringComparison.Ordinal) && name != "[Content_Types].xml").Order(StringComparer.Ordinal)];
    }

    public string[] Files { get; }

    public byte[] Read(string name)
    {
        using var content = archive.GetEntry(name)!.Open();
        using var copy = new MemoryStream();
        content.CopyTo(copy);
        return copy.ToArray();
    }

    /// <summary>The metadata element of the manifest, without its namespace.</summary>
    public XElement Metadata()
    {
        var manifest = XDocument.Load(new MemoryStream(Read(Files.Single(name => name.EndsWith(".nuspec", StringComparison.Ordinal)))));
        foreach (var element in manifest.Descendants())
            element.Name = element.Name.LocalName;
        return manifest.Root!.Element("metadata")!;
    }

    public void Dispose() => archive.Dispose();
}

/// <summary>Both packages and their symbols, made of what is built beside these tests.</summary>
public sealed class Packed : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("assay-packages-").FullName;

    public async ValueTask InitializeAsync()
    {
        var start = new ProcessStartInfo("dotnet", [
            "msbuild", Path.Combine(Checkout.Root, "tests", "Client.Tests", "Packaging", "pack.proj"), "-nologo", "-verbosity:quiet", "-maxCpuCount:1", "-nodeReuse:false",
            $"-p:Configuration={Checkout.Configuration}", $"-p:PackageOutputPath={folder}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var pack = Process.Start(start)!;
        var (output, errors) = (pack.StandardOutput.ReadToEndAsync(), pack.StandardError.ReadToEndAsync());
        await pack.WaitForExitAsync();
        Assert.True(pack.ExitCode == 0, await output + await errors);
        Assert.Equal("", (await output).Trim()); // no warning either
    }

    internal Package Open(string id, string extension = ".nupkg") => new(Directory.GetFiles(folder, $"{id}.?.?.?{extension}").Single());

    public ValueTask DisposeAsync()
    {
        Directory.Delete(folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}
