using System.Text;

namespace Assay.Bundle.Tests;

/// <summary>A bundle folder made for one test, with as little in it as is valid until the test adds to it.</summary>
internal sealed class TestBundle : IDisposable
{
    /// <summary>The P-256 key of RFC 7517 §A.1.</summary>
    public const string Jwk =
        """{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}""";

    private readonly string parent = Directory.CreateTempSubdirectory("bundle-").FullName;

    public TestBundle()
    {
        Folder = System.IO.Path.Combine(parent, "shop");
        Directory.CreateDirectory(Folder);
        Write("roles.yaml", "roles:\n  - id: reader\n  - id: writer\n");
        Write("teams.yaml", "teams:\n  - id: treasury\n");
    }

    public string Folder { get; }

    public TestBundle Write(string path, string text) => Write(path, Encoding.UTF8.GetBytes(text));

    public TestBundle Write(string path, byte[] content)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path(path))!);
        File.WriteAllBytes(Path(path), content);
        return this;
    }

    public TestBundle Link(string path, string target)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path(path))!);
        File.CreateSymbolicLink(Path(path), target);
        return this;
    }

    public TestBundle Without(string path)
    {
        File.Delete(Path(path));
        return this;
    }

    public string Path(string path) => System.IO.Path.Combine(Folder, path);

    public BundleReading Read() => BundleReader.Read(Folder);

    /// <summary>The faults as a terminal shows them.</summary>
    public string[] Faults() => [.. Read().Faults.Select(fault => fault.ToString())];

    public void Dispose() => Directory.Delete(parent, recursive: true);
}
