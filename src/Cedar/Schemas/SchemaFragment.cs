using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>
/// A schema text, read but not resolved: everything it declares, with places and annotations (comments are not kept). Resolve one
/// or several together with <see cref="Schema.Of"/>. Immutable.
/// </summary>
public sealed class SchemaFragment
{
    internal SchemaFragment(ImmutableArray<SchemaNamespace> namespaces) => Namespaces = namespaces;

    /// <summary>The namespaces in the order of the text; declarations outside of every namespace form one of their own.</summary>
    public ImmutableArray<SchemaNamespace> Namespaces { get; }

    /// <summary>A fragment of declarations that were read before, some of them perhaps left out or changed. What they say is checked when it is resolved.</summary>
    public static SchemaFragment Of(ImmutableArray<SchemaNamespace> namespaces) => new(namespaces);

    /// <summary>
    /// Reads the Cedar syntax of schemas. Every faulty declaration is reported with its first syntax fault and all its other
    /// faults; the fragment is there only when there is none. Never throws on bad text, however large, deep or malformed.
    /// </summary>
    /// <param name="text">At most <see cref="CedarLimits.PolicyTextLength"/> long.</param>
    /// <param name="source">The name positions carry, usually a file path.</param>
    public static SchemaFragmentParse Parse(string text, string source)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(source);
        return new SchemaParser(text, source).Parse();
    }

    /// <summary>Reads the JSON syntax of schemas, reporting all faults. Never throws on bad text, however large, deep or malformed.</summary>
    /// <param name="utf8">JSON, at most <see cref="CedarLimits.PolicyTextLength"/> bytes.</param>
    /// <param name="source">The name positions carry, usually a file path.</param>
    public static SchemaFragmentParse FromJson(ReadOnlyMemory<byte> utf8, string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return SchemaJsonReader.Read(utf8, source);
    }

    /// <summary>
    /// The Cedar syntax, formatted: two spaces a level, declarations apart by an empty line. An action whose principals or
    /// resources are empty is written without <c>appliesTo</c>, which means the same.
    /// </summary>
    /// <exception cref="CedarDataException">
    /// The fragment was read from JSON and says what the Cedar syntax cannot: an entity type whose attributes are a common type, or
    /// a name of a kind that another declaration hides.
    /// </exception>
    public string ToCedar() => new SchemaTextWriter(this).Write();

    /// <summary>The JSON syntax, indented.</summary>
    public string ToJson() => SchemaJsonWriter.Write(this);
}

/// <summary>What reading a schema text gave: a fragment, or the faults.</summary>
/// <param name="Fragment">What it declares; null when there is any fault.</param>
/// <param name="Faults">What is wrong, in the order of the text.</param>
public sealed record SchemaFragmentParse(SchemaFragment? Fragment, ImmutableArray<PolicyFault> Faults);
