using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Assay.Cedar;

namespace Assay.Core.Policies;

/// <summary>A policy set as text: what an author writes, named by what it says. Equality is by content; the order of files does not matter.</summary>
/// <param name="Files">Cedar files by path; paths are distinct.</param>
/// <param name="Schema">The author's Cedar schema, <c>schema.cedarschema</c>; null when there is none.</param>
public sealed record PolicyDocument(ImmutableArray<PolicyFile> Files, string? Schema)
{
    /// <summary>Where a link stands when its faults are reported.</summary>
    public const string LinksPath = "links.yaml";

    private const string HashDomain = "assay-policy-set-1";
    private const string HashDomainWithActions = "assay-policy-set-2";

    /// <summary>
    /// The declarations of the actions the set decides about, as <see cref="ActionDeclarations"/> makes them: the set's validity depends on nothing but its content.
    /// Null in sets that were stored before policies were checked against a schema; such a set still loads where it is stored, and cannot be stored anew.
    /// </summary>
    public string? Actions { get; init; }

    /// <summary>The policies made from templates of <see cref="Files"/>, in the order written.</summary>
    public ImmutableArray<PolicyLink> Links { get; init; } = [];

    /// <summary>Test files (<c>tests/*.yaml</c>) by path; paths are distinct. They decide nothing, but belong to the set: another test is another version.</summary>
    public ImmutableArray<PolicyFile> Tests { get; init; } = [];

    /// <summary>
    /// The version: SHA-256 over paths and texts in the order of the paths, each behind its length, lower-case hex. The same content is the
    /// same version wherever and whenever it is uploaded.
    /// </summary>
    public string ContentHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        if (Actions is null && Links.IsEmpty && Tests.IsEmpty)
        {
            Add(hash, HashDomain); // as the versions of sets of that time were made
            Add(hash, InOrder());
            Add(hash, Schema is null ? "" : "schema");
            Add(hash, Schema ?? "");
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }

        Add(hash, HashDomainWithActions);
        Add(hash, Files.Length);
        Add(hash, InOrder());
        AddOptional(hash, Schema);
        AddOptional(hash, Actions);
        Add(hash, Links.Length);
        foreach (var link in Links)
        {
            Add(hash, link.Id);
            Add(hash, link.Template);
            AddOptional(hash, link.Principal?.ToString());
            AddOptional(hash, link.Resource?.ToString());
            Add(hash, link.Line);
            Add(hash, link.Column);
        }

        Add(hash, Tests.Length);
        Add(hash, InOrder(Tests));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The files by path, compared as UTF-16 code units, so that no culture changes a version.</summary>
    public ImmutableArray<PolicyFile> InOrder() => InOrder(Files);

    public bool Equals(PolicyDocument? other) =>
        other is not null && Schema == other.Schema && Actions == other.Actions && InOrder().AsSpan().SequenceEqual(other.InOrder().AsSpan()) &&
        Links.AsSpan().SequenceEqual(other.Links.AsSpan()) && InOrder(Tests).AsSpan().SequenceEqual(InOrder(other.Tests).AsSpan());

    public override int GetHashCode() => HashCode.Combine(Schema, Actions, Files.Length, Links.Length, Tests.Length);

    private static ImmutableArray<PolicyFile> InOrder(ImmutableArray<PolicyFile> files) => files.Sort(static (a, b) => string.CompareOrdinal(a.Path, b.Path));

    private static void Add(IncrementalHash hash, ImmutableArray<PolicyFile> files)
    {
        foreach (var file in files)
        {
            Add(hash, file.Path);
            Add(hash, file.Text);
        }
    }

    private static void AddOptional(IncrementalHash hash, string? text)
    {
        Add(hash, text is null ? "" : "+");
        Add(hash, text ?? "");
    }

    private static void Add(IncrementalHash hash, int number) => Add(hash, number.ToString(CultureInfo.InvariantCulture));

    private static void Add(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }
}

/// <summary>One file of a set.</summary>
/// <param name="Path">Where it lies in its bundle, with <c>/</c> between folders: what faults and default names are called by.</param>
public sealed record PolicyFile(string Path, string Text);

/// <summary>A policy made from a template, whose annotations it has too.</summary>
/// <param name="Id">The policy's name.</param>
/// <param name="Template">The template's <c>@id</c>.</param>
/// <param name="Principal">What stands for <c>?principal</c>; null when the template has no such slot.</param>
/// <param name="Resource">What stands for <c>?resource</c>; null when the template has no such slot.</param>
/// <param name="Line">Where it stands in <c>links.yaml</c>, from 1; where there is no such file, its place in the list.</param>
/// <param name="Column">Likewise, from 1.</param>
public sealed record PolicyLink(string Id, string Template, EntityUid? Principal, EntityUid? Resource, int Line, int Column);
