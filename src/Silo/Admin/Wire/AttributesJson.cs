using System.Text.Json;
using Assay.Cedar;

namespace Assay.Silo.Admin.Wire;

/// <summary>Cedar attributes in Cedar's JSON form.</summary>
internal static class AttributesJson
{
    /// <summary>Null when there are none.</summary>
    public static JsonElement? Of(RecordValue attributes)
    {
        if (attributes.Count == 0)
            return null;

        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
            CedarJson.WriteValue(writer, attributes);
        return JsonDocument.Parse(stream.ToArray()).RootElement;
    }
}
