using System.Text.Json;

namespace Assay.Core.SharedSignals;

/// <summary>The claims of a security event token (RFC 8417 §2.2): one event, its subject in <c>sub_id</c>, and neither <c>sub</c> nor <c>exp</c>.</summary>
/// <param name="Audience">The receiver.</param>
/// <param name="IssuedAt">Seconds of Unix time at which the event came to be: the same however often it is sent.</param>
/// <param name="Transaction">Shared by everything of one cause.</param>
/// <param name="Payload">One JSON object.</param>
public sealed record SecurityEventClaims(string Issuer, string Audience, string JwtId, string Transaction, long IssuedAt, string Type, string Payload)
{
    /// <param name="subject">Writes the value of <c>sub_id</c>.</param>
    public void WriteTo(Utf8JsonWriter json, Action<Utf8JsonWriter> subject)
    {
        json.WriteStartObject();
        json.WriteString("iss"u8, Issuer);
        json.WriteString("jti"u8, JwtId);
        json.WriteNumber("iat"u8, IssuedAt);
        json.WriteString("aud"u8, Audience);
        json.WriteString("txn"u8, Transaction);
        json.WritePropertyName("sub_id"u8);
        subject(json);
        json.WriteStartObject("events"u8);
        json.WritePropertyName(Type);
        json.WriteRawValue(Payload);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}

/// <summary>Subject identifiers (RFC 9493, SSF 1.0 §3).</summary>
public static class SubjectIdentifier
{
    /// <summary>An identity, by issuer and id.</summary>
    public static void WriteIdentity(Utf8JsonWriter json, string issuer, string id)
    {
        json.WriteStartObject();
        json.WriteString("format"u8, "iss_sub"u8);
        json.WriteString("iss"u8, issuer);
        json.WriteString("sub"u8, id);
        json.WriteEndObject();
    }

    /// <summary>One token.</summary>
    public static void WriteToken(Utf8JsonWriter json, string issuer, string jti)
    {
        json.WriteStartObject();
        json.WriteString("format"u8, "jwt_id"u8);
        json.WriteString("iss"u8, issuer);
        json.WriteString("jti"u8, jti);
        json.WriteEndObject();
    }

    /// <summary>A stream.</summary>
    public static void WriteOpaque(Utf8JsonWriter json, string id)
    {
        json.WriteStartObject();
        json.WriteString("format"u8, "opaque"u8);
        json.WriteString("id"u8, id);
        json.WriteEndObject();
    }

    /// <summary>Everybody of a realm.</summary>
    public static void WriteEverybody(Utf8JsonWriter json, string realm)
    {
        json.WriteStartObject();
        json.WriteString("format"u8, "complex"u8);
        json.WritePropertyName("tenant"u8);
        WriteOpaque(json, realm);
        json.WriteEndObject();
    }
}
