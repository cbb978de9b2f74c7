using System.Text;
using System.Text.Json;

namespace Assay.Cedar;

/// <summary>JSON that knows where each of its parts stands, so that faults found later can say so.</summary>
internal sealed class PlacedJson
{
    private PlacedJson(JsonTokenType kind, SourcePosition position, string? text = null) => (Kind, Position, Text) = (kind, position, text);

    /// <summary>The token it begins with.</summary>
    public JsonTokenType Kind { get; }

    public SourcePosition Position { get; }

    /// <summary>The text of a string; null for everything else.</summary>
    public string? Text { get; }

    /// <summary>The members of an object in the order written; a name may repeat.</summary>
    public List<(string Name, SourcePosition Position, PlacedJson Value)> Members { get; } = [];

    /// <summary>The elements of an array.</summary>
    public List<PlacedJson> Items { get; } = [];

    /// <summary>Reads JSON.</summary>
    /// <returns>Null, with the fault, when it is none.</returns>
    public static PlacedJson? Read(ReadOnlySpan<byte> utf8, string source, int maxDepth, out PolicyFault? fault)
    {
        fault = null;
        var places = new Places(utf8, source);
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = maxDepth });
        try
        {
            reader.Read();
            var root = ReadValue(ref reader, ref places);
            reader.Read(); // nothing may follow
            return root;
        }
        catch (JsonException exception)
        {
            fault = new PolicyFault(places.At((int)reader.BytesConsumed), $"not readable as JSON: {Sentence(exception.Message)}");
        }
        catch (InvalidOperationException)
        {
            fault = new PolicyFault(places.At((int)reader.TokenStartIndex), "a string that is not valid Unicode");
        }

        return null;
    }

    // As deep as the reader's bound on depth.
    private static PlacedJson ReadValue(ref Utf8JsonReader reader, ref Places places)
    {
        var position = places.At((int)reader.TokenStartIndex);
        if (reader.TokenType == JsonTokenType.String)
            return new PlacedJson(JsonTokenType.String, position, reader.GetString());

        var value = new PlacedJson(reader.TokenType, position);
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                value.Items.Add(ReadValue(ref reader, ref places));
        }
        else if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                var (name, at) = (reader.GetString()!, places.At((int)reader.TokenStartIndex));
                reader.Read();
                value.Members.Add((name, at, ReadValue(ref reader, ref places)));
            }
        }

        return value;
    }

    // The reader's message ends in its own idea of a position.
    private static string Sentence(string message)
    {
        var end = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return (end < 0 ? message : message[..end]).TrimEnd('.', ' ');
    }

    /// <summary>Turns byte offsets into positions; ascending questions cost what lies between them.</summary>
    private ref struct Places(ReadOnlySpan<byte> utf8, string source)
    {
        private readonly ReadOnlySpan<byte> utf8 = utf8;
        private int offset;
        private int line = 1;
        private int column = 1;

        public SourcePosition At(int index)
        {
            for (; offset < index; offset++)
            {
                if (utf8[offset] == '\n')
                    (line, column) = (line + 1, 1);
                else if ((utf8[offset] & 0xC0) != 0x80)
                    column++; // a byte that continues a character is no column
            }

            return new SourcePosition(source, offset, line, column);
        }
    }
}
