using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace Assay.Core.Policies;

/// <summary>A policy set as text: what an author writes, named by what it says.</summary>
/// <param name="Files">Cedar files by path, in the order of their paths.</param>
/// <param name="Schema">The Cedar schema; null when there is none.</param>
public sealed record PolicyDocument(ImmutableArray<PolicyFile> Files, string? Schema)
{
    /// <summary>The version: SHA-256 over paths and texts, lower-case hex. The same content is the same version.</summary>
    public string ContentHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, "assay-policy-set-1");
        foreach (var file in Files.Sort(static (a, b) => string.CompareOrdinal(a.Path, b.Path)))
        {
            Add(hash, file.Path);
            Add(hash, file.Text);
        }

        Add(hash, Schema is null ? "" : "schema");
        Add(hash, Schema ?? "");
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public bool Equals(PolicyDocument? other) => other is not null && Schema == other.Schema && Files.AsSpan().SequenceEqual(other.Files.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Schema, Files.Length);

    private static void Add(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }
}

public sealed record PolicyFile(string Path, string Text);
