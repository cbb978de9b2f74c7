using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Assay.Core.Decisions;

namespace Assay.Core.Evidence;

/// <summary>
/// The record of one decision: everything it depended on and everything that came of it. It means that a token may have left, never that one
/// did. Holds no token, assertion, proof or secret.
/// </summary>
public sealed record EvidenceRecord
{
    /// <summary>The version of this encoding.</summary>
    public const int CurrentVersion = 1;

    public int V { get; init; } = CurrentVersion;

    public required EvidenceKind Kind { get; init; }

    public required long Shard { get; init; }

    public required long Position { get; init; }

    /// <summary>The silo that wrote it.</summary>
    public required string Node { get; init; }

    public required DateTimeOffset Time { get; init; }

    public Guid RequestId { get; init; }

    /// <summary>What the decision depended on; null only for <see cref="EvidenceKind.Void"/> and <see cref="EvidenceKind.Admin"/>.</summary>
    public DecisionInput? Input { get; init; }

    /// <summary>What policy said; null when it was refused before policy was asked.</summary>
    public Verdict? Verdict { get; init; }

    /// <summary>Why it was refused before policy was asked.</summary>
    public string? Refusal { get; init; }

    /// <summary>The OAuth error code the caller got; null for a permit.</summary>
    public string? Error { get; init; }

    public string? JwtId { get; init; }

    public string? KeyId { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>SHA-256 of the JWS signing input, base64url: a token that carries this record's <c>jti</c> and hashes differently is forged.</summary>
    public string? SigningInputHash { get; init; }

    /// <summary>The assertion it spent, as 32 hex digits.</summary>
    public string? SpentAssertion { get; init; }

    /// <summary>For <see cref="EvidenceKind.Admin"/>: who did what to which object, and the feed number it became.</summary>
    public AdminAct? Admin { get; init; }

    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(this, EvidenceJsonContext.Default.EvidenceRecord);

    /// <exception cref="FormatException">It is not a record of this version.</exception>
    public static EvidenceRecord Decode(ReadOnlySpan<byte> json)
    {
        try
        {
            var record = JsonSerializer.Deserialize(json, EvidenceJsonContext.Default.EvidenceRecord) ?? throw new FormatException("not an evidence record: null");
            return record.V == CurrentVersion
                ? record
                : throw new FormatException($"this record is in encoding {record.V}, and this program reads {CurrentVersion}");
        }
        catch (JsonException fault)
        {
            throw new FormatException($"not an evidence record: {fault.Message}", fault);
        }
    }
}

/// <param name="Actor">The client id of whoever asked.</param>
/// <param name="Number">The feed number the change became.</param>
public sealed record AdminAct(string Actor, string Action, string Target, long Number);

public enum EvidenceKind
{
    /// <summary>A token was signed over at least one scope.</summary>
    Permit,

    /// <summary>Policy granted no scope.</summary>
    Denial,

    /// <summary>Refused before policy was asked.</summary>
    Refusal,

    /// <summary>The position was taken and nothing came of it.</summary>
    Void,

    /// <summary>An administrator changed something.</summary>
    Admin,
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(EvidenceRecord))]
[JsonSerializable(typeof(Verdict))]
[JsonSerializable(typeof(DecisionInput))]
internal sealed partial class EvidenceJsonContext : JsonSerializerContext;
