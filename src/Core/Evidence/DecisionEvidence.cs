using Assay.Core.Decisions;
using Assay.Core.Shadowing;

namespace Assay.Core.Evidence;

/// <summary>
/// The record of a decision on the way of its token: what <see cref="EvidenceRecord"/> says, put together on the stack from what is there, to be encoded at once. The bytes are
/// the same.
/// </summary>
public readonly ref struct DecisionEvidence
{
    /// <summary>A permit, a denial or a refusal.</summary>
    public required EvidenceKind Kind { get; init; }

    public required long Shard { get; init; }

    public required long Position { get; init; }

    public required string Node { get; init; }

    public required Guid RequestId { get; init; }

    /// <summary>Its time is that of the record.</summary>
    public required DecisionInput Input { get; init; }

    public Verdict? Verdict { get; init; }

    public ShadowAnswer? Shadow { get; init; }

    public string? Refusal { get; init; }

    public string? Error { get; init; }

    /// <summary>What is said of the token; nothing unless it is a permit.</summary>
    public TokenEvidence Token { get; init; }

    /// <summary>32 lower-case hex digits, ASCII; empty when it spent none.</summary>
    public ReadOnlySpan<byte> SpentAssertion { get; init; }

    /// <summary>The record as it is stored. Whoever gets it gives it back.</summary>
    public RentedRecord Encode() => EvidenceEncoding.Encode(this);
}

/// <summary>What the record of a permit says of its token. By default that there is none.</summary>
public readonly ref struct TokenEvidence
{
    /// <summary>ASCII.</summary>
    public ReadOnlySpan<byte> JwtId { get; init; }

    public string? KeyId { get; init; }

    public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>SHA-256 of the JWS signing input, 32 bytes.</summary>
    public ReadOnlySpan<byte> SigningInputHash { get; init; }

    /// <summary>The id of its status list.</summary>
    public string? StatusList { get; init; }

    public int StatusIndex { get; init; }
}
