using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;

namespace Assay.Core.Jose;

/// <summary>A set of public keys (RFC 7517 §5).</summary>
public static class JsonWebKeySet
{
    public const int MaxBytes = 128 * 1024;

    public const int MaxKeys = 16;

    /// <summary>
    /// Reads a set handed over by value, such as a client's registration: 1 to 16 keys, every one of which must be usable, with distinct identifiers
    /// and distinct material. Returns null and the first fault otherwise.
    /// </summary>
    public static ImmutableArray<JsonWebKey>? ParsePublic(ReadOnlySpan<byte> json, out JwkFault fault)
    {
        using var document = JsonWebKeyReader.Parse(json, MaxBytes, out fault);
        if (document is null)
            return null;

        if (!document.RootElement.TryGetProperty("keys", out var members) || members.ValueKind != JsonValueKind.Array
            || members.GetArrayLength() is 0 or > MaxKeys)
        {
            fault = JwkFault.SetInvalid;
            return null;
        }

        var keys = ImmutableArray.CreateBuilder<JsonWebKey>(members.GetArrayLength());
        foreach (var member in members.EnumerateArray())
        {
            if (JsonWebKeyReader.Read(member, out fault) is not { } key)
                return null;

            if (keys.Any(other => other.Kid == key.Kid || other.Thumbprint == key.Thumbprint))
            {
                fault = JwkFault.DuplicateKey;
                return null;
            }

            keys.Add(key);
        }

        return keys.MoveToImmutable();
    }

    /// <summary>The set as UTF-8 JSON, in the order given.</summary>
    public static byte[] ToUtf8Json(IEnumerable<JsonWebKey> keys)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("keys"u8);
            foreach (var key in keys)
                key.WriteTo(writer);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
