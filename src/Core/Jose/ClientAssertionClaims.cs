using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Assay.Core.Jose;

/// <summary>Why the claims of a client assertion cannot be read. "Missing" and "of the wrong type" are told apart for the operator, not for the caller.</summary>
public enum ClaimsFault
{
    None,
    IssMissing,
    IssInvalid,
    SubMissing,
    SubInvalid,
    AudMissing,
    AudInvalid,
    ExpMissing,
    ExpInvalid,
    IatMissing,
    IatInvalid,
    NbfInvalid,
    JtiMissing,
    JtiInvalid,
}

/// <summary>
/// What a client says about itself (RFC 7523 §3), with every type checked and nothing yet believed: times, audience and issuer still have to be compared, the
/// signature verified, the <c>jti</c> spent. All are required but <c>nbf</c>: without <c>iat</c> and <c>jti</c> an assertion could not be spent once and forgotten.
/// </summary>
/// <param name="Issuer">1 to 512 characters.</param>
/// <param name="Subject">1 to 512 characters.</param>
/// <param name="Audience">1 to 8 values of 1 to 2048 characters; a lone string becomes one value.</param>
/// <param name="Expires">The first moment it is no longer valid.</param>
/// <param name="IssuedAt">When the client says it made the assertion.</param>
/// <param name="NotBefore">Null when absent.</param>
/// <param name="JwtId">1 to 256 characters.</param>
public sealed record ClientAssertionClaims(
    string Issuer, string Subject, ImmutableArray<string> Audience, NumericDate Expires, NumericDate IssuedAt, NumericDate? NotBefore, string JwtId)
{
    public const int MaxNameLength = 512;
    public const int MaxAudienceLength = 2048;
    public const int MaxAudiences = 8;
    public const int MaxJwtIdLength = 256;

    /// <summary>Whether <paramref name="issuer"/> is the only audience, by simple string comparison (RFC 7523bis §3).</summary>
    public bool IsAddressedOnlyTo(string issuer) => Audience.Length == 1 && string.Equals(Audience[0], issuer, StringComparison.Ordinal);

    /// <summary>Reads the claims of a parsed token, or says what is wrong with them. Claims it does not know are ignored.</summary>
    public static bool TryRead(CompactJws jws, [NotNullWhen(true)] out ClientAssertionClaims? claims, out ClaimsFault fault)
    {
        var draft = default(Draft);
        fault = draft.Read(jws.Payload.Span);
        claims = fault == ClaimsFault.None
            ? new(draft.Issuer!, draft.Subject!, draft.Audience, draft.Expires!.Value, draft.IssuedAt!.Value, draft.NotBefore, draft.JwtId!)
            : null;
        return claims is not null;
    }

    private struct Draft
    {
        public string? Issuer;
        public string? Subject;
        public string? JwtId;
        public ImmutableArray<string> Audience;
        public NumericDate? Expires;
        public NumericDate? IssuedAt;
        public NumericDate? NotBefore;

        public ClaimsFault Read(ReadOnlySpan<byte> payload)
        {
            var reader = new Utf8JsonReader(payload);
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (ReadClaim(ref reader) is not ClaimsFault.None and var fault)
                    return fault;
            }

            return Issuer is null ? ClaimsFault.IssMissing
                : Subject is null ? ClaimsFault.SubMissing
                : Audience.IsDefault ? ClaimsFault.AudMissing
                : Expires is null ? ClaimsFault.ExpMissing
                : IssuedAt is null ? ClaimsFault.IatMissing
                : JwtId is null ? ClaimsFault.JtiMissing
                : ClaimsFault.None;
        }

        private ClaimsFault ReadClaim(ref Utf8JsonReader reader)
        {
            if (reader.ValueTextEquals("iss"u8))
                return TryReadText(ref reader, MaxNameLength, out Issuer) ? ClaimsFault.None : ClaimsFault.IssInvalid;
            if (reader.ValueTextEquals("sub"u8))
                return TryReadText(ref reader, MaxNameLength, out Subject) ? ClaimsFault.None : ClaimsFault.SubInvalid;
            if (reader.ValueTextEquals("aud"u8))
                return TryReadAudience(ref reader) ? ClaimsFault.None : ClaimsFault.AudInvalid;
            if (reader.ValueTextEquals("exp"u8))
                return TryReadDate(ref reader, out Expires) ? ClaimsFault.None : ClaimsFault.ExpInvalid;
            if (reader.ValueTextEquals("iat"u8))
                return TryReadDate(ref reader, out IssuedAt) ? ClaimsFault.None : ClaimsFault.IatInvalid;
            if (reader.ValueTextEquals("nbf"u8))
                return TryReadDate(ref reader, out NotBefore) ? ClaimsFault.None : ClaimsFault.NbfInvalid;
            if (reader.ValueTextEquals("jti"u8))
                return TryReadText(ref reader, MaxJwtIdLength, out JwtId) ? ClaimsFault.None : ClaimsFault.JtiInvalid;

            reader.Skip();
            return ClaimsFault.None;
        }

        private bool TryReadAudience(ref Utf8JsonReader reader)
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.String)
            {
                Audience = [reader.GetString()!];
                return IsText(Audience[0], MaxAudienceLength);
            }

            if (reader.TokenType != JsonTokenType.StartArray)
                return false;

            var values = ImmutableArray.CreateBuilder<string>(1);
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType != JsonTokenType.String || values.Count == MaxAudiences)
                    return false;
                var value = reader.GetString()!;
                if (!IsText(value, MaxAudienceLength))
                    return false;
                values.Add(value);
            }

            Audience = values.DrainToImmutable();
            return Audience.Length > 0;
        }

        private static bool TryReadText(ref Utf8JsonReader reader, int maxLength, out string? text)
        {
            reader.Read();
            text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
            return text is not null && IsText(text, maxLength);
        }

        private static bool TryReadDate(ref Utf8JsonReader reader, out NumericDate? date)
        {
            reader.Read();
            var valid = NumericDate.TryRead(ref reader, out var value);
            date = value;
            return valid;
        }

        private static bool IsText(string text, int maxLength) => text.Length > 0 && text.Length <= maxLength;
    }
}
