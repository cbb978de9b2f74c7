using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace Assay.Core.Policies;

/// <summary>A policy set as text: what an author writes, named by what it says. Equality is by content; the order of files does not matter.</summary>
/// <param name="Files">Cedar files by path; paths are distinct.</param>
/// <param name="Schema">The Cedar schema; null when there is none.</param>
public sealed record PolicyDocument(ImmutableArray<PolicyFile> Files, string? Schema)
{
    private const string HashDomain = "assay-policy-set-1";

    /// <summary>
    /// The version: SHA-256 over paths and texts in the order of the paths, each behind its length, lower-case hex. The same content is the
    /// same version wherever and whenever it is uploaded.
    /// </summary>
    public string ContentHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, HashDomain);
        foreach (var file in InOrder())
        {
            Add(hash, file.Path);
            Add(hash, file.Text);
        }

        Add(hash, Schema is null ? "" : "schema");
        Add(hash, Schema ?? "");
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The files by path, compared as UTF-16 code units, so that no culture changes a version.</summary>
    public ImmutableArray<PolicyFile> InOrder() => Files.Sort(static (a, b) => string.CompareOrdinal(a.Path, b.Path));

    public bool Equals(PolicyDocument? other) => other is not null && Schema == other.Schema && InOrder().AsSpan().SequenceEqual(other.InOrder().AsSpan());

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

/// <summary>One Cedar file.</summary>
/// <param name="Path">Where it lies in its bundle, with <c>/</c> between folders: what faults and default names are called by.</param>
public sealed record PolicyFile(string Path, string Text);
