using System.Buffers;
using System.Collections.Immutable;
using Assay.Core.Decisions;
using Assay.Core.Shadowing;
using Assay.Core.Transparency;

namespace Assay.Core.Evidence;

/// <summary>
/// The record of one decision: everything it depended on and everything that came of it. It means that a token may have left, never that one
/// did. Holds no token, assertion, proof or secret. Times are kept to the millisecond; equality is by content.
/// </summary>
public sealed record EvidenceRecord
{
    /// <summary>The version of the encoding.</summary>
    public const int CurrentVersion = 1;

    public required EvidenceKind Kind { get; init; }

    public required long Shard { get; init; }

    public required long Position { get; init; }

    /// <summary>The silo that wrote it.</summary>
    public required string Node { get; init; }

    public required DateTimeOffset Time { get; init => field = Moment.WholeMilliseconds(value); }

    public Guid RequestId { get; init; }

    /// <summary>What the decision depended on; null for <see cref="EvidenceKind.Void"/>, <see cref="EvidenceKind.Admin"/> and <see cref="EvidenceKind.Checkpoint"/> only.</summary>
    public DecisionInput? Input { get; init; }

    /// <summary>What policy said, with the life of the token; null when it was refused before policy was asked.</summary>
    public Verdict? Verdict { get; init; }

    /// <summary>What the shadow policy set would have said; null when there was none, or it was not asked. No part of the decision.</summary>
    public ShadowAnswer? Shadow { get; init; }

    /// <summary>Why it was refused before policy was asked.</summary>
    public string? Refusal { get; init; }

    /// <summary>The OAuth error code the caller got; null for a permit.</summary>
    public string? Error { get; init; }

    public string? JwtId { get; init; }

    public string? KeyId { get; init; }

    public DateTimeOffset? ExpiresAt { get; init => field = value is { } moment ? Moment.WholeMilliseconds(moment) : null; }

    /// <summary>SHA-256 of the JWS signing input, base64url: a token that carries this record's <c>jti</c> and hashes differently is forged.</summary>
    public string? SigningInputHash { get; init; }

    /// <summary>Where status lists tell of the token's end; null for what is no token, and for tokens from before there were such lists.</summary>
    public TokenStatus? Status { get; init; }

    /// <summary>The hash of the assertion's identifier that it spent, as 32 lower-case hex digits; null when it spent none.</summary>
    public string? SpentAssertion { get; init; }

    /// <summary>Whom it is found by, where there is no <see cref="Input"/> that says so; null for what is found by nobody, and in acts and voids of before this was written.</summary>
    public string? Identity { get; init; }

    /// <summary>For <see cref="EvidenceKind.Admin"/>: who did what to which object, and the feed number it became.</summary>
    public AdminAct? Admin { get; init; }

    /// <summary>For <see cref="EvidenceKind.Checkpoint"/>: how far shards had come, as the writer saw them.</summary>
    public LogHeads? Heads { get; init; }

    /// <summary>The record as it is stored.</summary>
    public byte[] Encode() => EvidenceEncoding.Encode(this);

    /// <summary>Writes the record as it is stored.</summary>
    public void Encode(IBufferWriter<byte> output) => EvidenceEncoding.Encode(this, output);

    /// <summary>Reads a stored record.</summary>
    /// <exception cref="FormatException">It is not a whole record of this version; the message says why and where.</exception>
    public static EvidenceRecord Decode(ReadOnlySpan<byte> json) => EvidenceEncoding.Decode(json);
}

/// <summary>A token's place in a status list.</summary>
/// <param name="List">The id of the list: the last part of its URL.</param>
/// <param name="Index">From 0.</param>
public sealed record TokenStatus(string List, int Index);

/// <summary>An administrator's action.</summary>
/// <param name="Actor">The client id of whoever asked.</param>
/// <param name="Number">The feed number the change became.</param>
/// <param name="Details">Of an act of several parts: why, and each of them; null for a plain one.</param>
public sealed record AdminAct(string Actor, string Action, string Target, long Number, ActDetails? Details = null);

/// <summary>Why something was done and all that it did, in words. Equality is by content.</summary>
public sealed record ActDetails(string Reason, ImmutableArray<string> Parts)
{
    public bool Equals(ActDetails? other) => other is not null && Reason == other.Reason && Parts.AsSpan().SequenceEqual(other.Parts.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Reason, Parts.Length);
}

/// <summary>Heads of shards. Equality is by content.</summary>
public sealed record LogHeads(ImmutableArray<ShardHead> Shards)
{
    public bool Equals(LogHeads? other) => other is not null && Shards.AsSpan().SequenceEqual(other.Shards.AsSpan());

    public override int GetHashCode() => Shards.Length;
}

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

    /// <summary>One shard vouches for others, and for what came before in itself.</summary>
    Checkpoint,
}
