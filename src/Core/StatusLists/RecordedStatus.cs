using System.Text.Json;

namespace Assay.Core.StatusLists;

/// <summary>
/// What of a stored record it takes to restore a token's place in its list. Read without the rest of the record: a silo that takes over another's lists reads very many.
/// </summary>
/// <param name="List">The id of the list.</param>
/// <param name="IssuedAt">Seconds of Unix time, as in the token.</param>
/// <param name="ExpiresAt">Seconds of Unix time, as in the token.</param>
/// <param name="Number">The feed number of the decision.</param>
public sealed record RecordedStatus(
    string List, int Index, long IssuedAt, long ExpiresAt, long Number, string ClientId, string Credential, string PolicyVersion, string KeyId)
{
    /// <summary>Null when the record is of no token, or of one without a status.</summary>
    /// <exception cref="FormatException">It is no whole record.</exception>
    public static RecordedStatus? Read(ReadOnlySpan<byte> record)
    {
        try
        {
            return ReadRecord(record);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new FormatException($"evidence: {fault.Message}", fault);
        }
    }

    private static RecordedStatus? ReadRecord(ReadOnlySpan<byte> record)
    {
        var json = new Utf8JsonReader(record);
        json.Read();
        string? keyId = null, client = null, credential = null, policy = null, list = null;
        long? expires = null, time = null, number = null;
        int? index = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("kind"u8))
            {
                json.Read();
                if (!json.ValueTextEquals("permit"u8))
                    return null;
            }
            else if (json.ValueTextEquals("input"u8))
            {
                json.Read();
                ReadInput(ref json, ref client, ref credential, ref policy, ref time, ref number);
            }
            else if (json.ValueTextEquals("kid"u8))
                keyId = Text(ref json);
            else if (json.ValueTextEquals("expiresAt"u8))
                expires = Long(ref json);
            else if (json.ValueTextEquals("status"u8))
            {
                json.Read();
                ReadStatus(ref json, ref list, ref index);
            }
            else
                json.Skip();
        }

        if (list is null)
            return null;
        return index is { } at && expires is { } until && time is { } decided && number is { } asOf && client is not null && credential is not null && policy is not null && keyId is not null
            ? new RecordedStatus(list, at, decided / 1000, until / 1000, asOf, client, credential, policy, keyId)
            : throw new FormatException("evidence: a permit with a status needs an input, a kid, a status with list and index, and expiresAt");
    }

    private static void ReadInput(ref Utf8JsonReader json, ref string? client, ref string? credential, ref string? policy, ref long? time, ref long? number)
    {
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("clientId"u8))
                client = Text(ref json);
            else if (json.ValueTextEquals("credential"u8))
                credential = Text(ref json);
            else if (json.ValueTextEquals("policyVersion"u8))
                policy = Text(ref json);
            else if (json.ValueTextEquals("time"u8))
                time = Long(ref json);
            else if (json.ValueTextEquals("directoryNumber"u8))
                number = Long(ref json);
            else
                json.Skip();
        }
    }

    private static void ReadStatus(ref Utf8JsonReader json, ref string? list, ref int? index)
    {
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("list"u8))
                list = Text(ref json);
            else if (json.ValueTextEquals("index"u8))
                index = (int)Long(ref json);
            else
                json.Skip();
        }
    }

    private static string? Text(ref Utf8JsonReader json)
    {
        json.Read();
        return json.GetString();
    }

    private static long Long(ref Utf8JsonReader json)
    {
        json.Read();
        return json.GetInt64();
    }
}
