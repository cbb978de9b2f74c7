using System.Text.Json;

namespace Assay.Silo.SharedSignals;

/// <summary>What a receiver says of an event that it does not take (RFC 8935 §2.4), cut to what is kept of it.</summary>
internal static class SetError
{
    private const int MostError = 64;
    private const int MostDescription = 200;

    public static bool TryRead(JsonElement json, out string error, out string? description)
    {
        (error, description) = ("", null);
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty("err", out var err) || err.ValueKind != JsonValueKind.String)
            return false;
        error = Cut(err.GetString()!, MostError);
        if (json.TryGetProperty("description", out var said) && said.ValueKind == JsonValueKind.String)
            description = Cut(said.GetString()!, MostDescription);
        return error.Length > 0;
    }

    private static string Cut(string text, int most)
    {
        var printable = string.Concat(text.Where(static c => c is >= ' ' and <= '~'));
        return printable.Length <= most ? printable : printable[..most];
    }
}
