using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Assay.Core.Json;

/// <summary>Reads and writes whole documents: UTF-8 JSON objects that carry their version as <c>"v"</c>.</summary>
internal static class StrictDocument
{
    // Stored text is no web page, and people read it: quotes as \", other letters as they are.
    public static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static readonly JsonDocumentOptions ReaderOptions = new() { AllowDuplicateProperties = false, MaxDepth = 128 };

    /// <summary>Writes one document; the object is opened with its version and closed here.</summary>
    public static byte[] Encode<T>(T value, int version, Action<Utf8JsonWriter, T> writeMembers)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteNumber("v"u8, version);
            writeMembers(writer, value);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads one document of exactly this version; <paramref name="read"/> takes the other members.</summary>
    /// <exception cref="FormatException">It is not one; see <see cref="StrictObject"/>.</exception>
    public static T Decode<T>(ReadOnlySpan<byte> utf8, string kind, int version, Func<StrictObject, T> read)
    {
        using var document = Parse(utf8, kind);
        var members = new StrictObject(document.RootElement, kind);
        var found = members.Int("v");
        if (found != version)
            throw new FormatException($"{kind}: version {found.ToString(CultureInfo.InvariantCulture)} is not known here; expected {version}");

        try
        {
            var value = read(members);
            members.End();
            return value;
        }
        catch (InvalidOperationException exception) // bytes of a name that are no text
        {
            throw new FormatException($"{kind}: not valid Unicode", exception);
        }
    }

    private static JsonDocument Parse(ReadOnlySpan<byte> utf8, string kind)
    {
        try
        {
            return JsonDocument.Parse(utf8.ToArray(), ReaderOptions);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException) // the second for a name with half a surrogate pair
        {
            throw new FormatException($"{kind}: not JSON, or a member appears twice: {exception.Message}", exception);
        }
    }
}
