using System.Collections.Immutable;

namespace Assay.Bundle.Yaml;

/// <summary>A place in a file of the bundle, 1-based.</summary>
internal readonly record struct FilePosition(string Path, int Line, int Column);

/// <summary>A node of a YAML document, with the place where it begins.</summary>
internal abstract class YamlNode(FilePosition at)
{
    public FilePosition At { get; } = at;

    /// <summary>What it is, for messages: <c>a list</c>, <c>the number 5</c>.</summary>
    public abstract string Description { get; }
}

/// <summary>A scalar. What a plain one means is told by YAML's core schema; a quoted one is always text.</summary>
internal sealed class YamlScalar(FilePosition at, string value, bool isPlain) : YamlNode(at)
{
    public string Value { get; } = value;

    public ScalarMeaning Meaning { get; } = isPlain ? ScalarMeanings.Of(value) : ScalarMeaning.Text;

    public override string Description => Meaning switch
    {
        ScalarMeaning.Nothing => "nothing",
        ScalarMeaning.Boolean or ScalarMeaning.AlmostBoolean => $"the word {Value}",
        ScalarMeaning.Integer or ScalarMeaning.OtherNumber => $"the number {Value}",
        _ => $"the text '{(Value.Length > 60 ? Value[..60] + "…" : Value)}'",
    };
}

internal sealed class YamlList(FilePosition at, ImmutableArray<YamlNode> items) : YamlNode(at)
{
    public ImmutableArray<YamlNode> Items { get; } = items;

    public override string Description => "a list";
}

internal sealed class YamlMap(FilePosition at, ImmutableArray<(YamlScalar Key, YamlNode Value)> entries) : YamlNode(at)
{
    public ImmutableArray<(YamlScalar Key, YamlNode Value)> Entries { get; } = entries;

    public override string Description => "a mapping";
}

internal enum ScalarMeaning
{
    Text,
    Nothing,
    Boolean,

    /// <summary>A decimal integer without leading zeros.</summary>
    Integer,

    /// <summary>A number of another form: with a point, an exponent, a leading zero, hexadecimal.</summary>
    OtherNumber,

    /// <summary><c>yes</c>, <c>off</c>, …: a truth value to YAML 1.1, text to YAML 1.2.</summary>
    AlmostBoolean,
}
