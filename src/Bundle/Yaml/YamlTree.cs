using System.Collections.Immutable;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Assay.Bundle.Yaml;

/// <summary>
/// Reads a YAML file into nodes with positions. Of YAML it takes mappings, lists and scalars; anchors, aliases, tags and merge keys are
/// refused, so that a file means what it shows and is no larger than it looks.
/// </summary>
internal sealed class YamlTree
{
    public const int DeepestNesting = 32;
    public const int MostNodes = 50_000;
    public const int MostDocuments = 1_000;

    private readonly string path;
    private readonly FaultList faults;
    private readonly Parser parser;
    private int nodes;

    private YamlTree(string path, string text, FaultList faults)
    {
        (this.path, this.faults) = (path, faults);
        parser = new Parser(new StringReader(text));
    }

    /// <summary>The documents of the file, without empty ones. What could not be read is a fault and null: nothing of the file can be trusted.</summary>
    public static ImmutableArray<YamlNode>? Read(string path, string text, FaultList faults)
    {
        var before = faults.Count;
        try
        {
            var documents = new YamlTree(path, text, faults).ReadDocuments();
            return faults.Count == before ? documents : null;
        }
        catch (YamlException exception)
        {
            faults.Add(Position(path, exception.Start), Explain(exception.Message, text, (int)exception.Start.Line));
            return null;
        }
        catch (TooMuchException exception)
        {
            faults.Add(exception.At, exception.Message);
            return null;
        }
    }

    private ImmutableArray<YamlNode> ReadDocuments()
    {
        var documents = ImmutableArray.CreateBuilder<YamlNode>();
        while (Advance())
        {
            if (parser.Current is not DocumentStart)
                continue;

            Advance();
            var start = Position(path, parser.Current!.Start);
            if (documents.Count == MostDocuments)
                throw new TooMuchException(start, $"the file has more than {MostDocuments} documents; split it");

            var node = ReadNode(0);
            if (node is not YamlScalar { Meaning: ScalarMeaning.Nothing })
                documents.Add(node);
        }

        return documents.DrainToImmutable();
    }

    // The library answers some broken texts with exceptions of other kinds, without a place: the last good one is near.
    private bool Advance()
    {
        try
        {
            return parser.MoveNext();
        }
        catch (Exception exception) when (exception is not (YamlException or OutOfMemoryException))
        {
            var last = parser.Current?.End ?? Mark.Empty;
            throw new YamlException(last, last, "what follows cannot be read");
        }
    }

    private YamlNode ReadNode(int depth)
    {
        var current = parser.Current!;
        var at = Position(path, current.Start);
        if (++nodes > MostNodes)
            throw new TooMuchException(at, $"the file has more than {MostNodes} values; split it");
        if (depth > DeepestNesting)
            throw new TooMuchException(at, $"the file is nested deeper than {DeepestNesting} levels; nothing in a bundle needs that");

        if (current is NodeEvent node)
        {
            if (!node.Anchor.IsEmpty)
                faults.Add(at, $"the anchor '&{node.Anchor}' is not used in bundles; write values out where they belong");
            if (!node.Tag.IsEmpty)
                faults.Add(at, $"the tag '{node.Tag}' is not used in bundles; leave it out (quotes make text of a number)");
        }

        switch (current)
        {
            case Scalar scalar:
                return new YamlScalar(at, scalar.Value, scalar.Style == ScalarStyle.Plain);
            case SequenceStart:
                return ReadList(at, depth);
            case MappingStart:
                return ReadMap(at, depth);
            case AnchorAlias alias:
                faults.Add(at, $"the alias '*{alias.Value}' is not used in bundles; write the value out");
                return new YamlScalar(at, "", isPlain: true);
            default:
                throw new YamlException(current.Start, current.End, "a value is missing here");
        }
    }

    private YamlList ReadList(FilePosition at, int depth)
    {
        var items = ImmutableArray.CreateBuilder<YamlNode>();
        while (Advance() && parser.Current is not SequenceEnd)
            items.Add(ReadNode(depth + 1));

        return new YamlList(at, items.DrainToImmutable());
    }

    private YamlMap ReadMap(FilePosition at, int depth)
    {
        var entries = ImmutableArray.CreateBuilder<(YamlScalar, YamlNode)>();
        var seen = new Dictionary<string, FilePosition>(StringComparer.Ordinal);
        while (Advance() && parser.Current is not MappingEnd)
        {
            var key = ReadNode(depth + 1);
            Advance();
            var value = ReadNode(depth + 1);
            if (key is not YamlScalar name)
                faults.Add(key.At, $"a key must be a word, not {key.Description}");
            else if (name is { Value: "<<", Meaning: ScalarMeaning.Text })
                faults.Add(key.At, "the merge key '<<' is not used in bundles; write the values out");
            else if (!seen.TryAdd(name.Value, name.At))
                faults.Add(key.At, $"'{name.Value}' stands twice in this mapping (first in line {seen[name.Value].Line}); keep one");
            else
                entries.Add((name, value));
        }

        return new YamlMap(at, entries.DrainToImmutable());
    }

    private static FilePosition Position(string path, Mark mark) => new(path, (int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column));

    private static string Explain(string message, string text, int line)
    {
        var lines = text.Split('\n');
        var hint = lines.Skip(line - 1).Take(2).Any(l => l.TrimStart(' ').StartsWith('\t')) ? "; indent with spaces, not tabs"
            : "; look at this line's indentation, colons and quotes";
        return $"this is not YAML: {char.ToLowerInvariant(message[0])}{message[1..].TrimEnd('.')}{hint}";
    }

    private sealed class TooMuchException(FilePosition at, string message) : Exception(message)
    {
        public FilePosition At { get; } = at;
    }
}
