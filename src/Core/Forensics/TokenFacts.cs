using System.Collections.Immutable;

namespace Assay.Core.Forensics;

/// <summary>What is known of a token's signature.</summary>
public enum SignatureFact
{
    /// <summary>Only the <c>jti</c> is at hand.</summary>
    NotAtHand,

    /// <summary>It names a key that was never published for tokens, or none.</summary>
    KeyNeverPublished,

    /// <summary>It is not the signature of the key it names.</summary>
    Invalid,

    Valid,
}

/// <summary>What the log has at the place that the <c>jti</c> leads to.</summary>
public enum RecordFact
{
    /// <summary>The <c>jti</c> leads nowhere: this cluster did not make it. Or there is none.</summary>
    NotOurs,

    /// <summary>Nothing, and the shard has not come so far: it may have lost its end when the database was put back, or be about to go on.</summary>
    BeyondTheEnd,

    /// <summary>Nothing, and nothing ever will be: the shard ended before.</summary>
    BeyondTheLast,

    /// <summary>A record of something else than a token.</summary>
    OfSomethingElse,

    /// <summary>There was a record, and it was dropped when its time was over.</summary>
    Dropped,

    /// <summary>The record of a token.</summary>
    Permit,
}

/// <summary>Whether a token is still good where it is asked about.</summary>
public enum TokenLife
{
    Live,
    Expired,

    /// <summary>Ended before its time.</summary>
    Ended,
}

/// <summary>What was found out about a token, from which <see cref="TokenFinding.Of"/> says what it is.</summary>
public sealed record TokenFacts
{
    public required SignatureFact Signature { get; init; }

    public required RecordFact Record { get; init; }

    /// <summary>What the rest is about: the permit; null without one.</summary>
    public PermitFacts? Permit { get; init; }
}

/// <summary>What was found out about the record of a token.</summary>
public sealed record PermitFacts
{
    /// <summary>Whether the signing input at hand is the recorded one; null when only the <c>jti</c> is at hand.</summary>
    public bool? IsThisToken { get; init; }

    public required TokenLife Life { get; init; }

    /// <summary>How old the entitlements or the risk data of the decision were, whichever were older.</summary>
    public required TimeSpan DataAge { get; init; }

    /// <summary>How old they may be.</summary>
    public required TimeSpan DataAgeBound { get; init; }

    /// <summary>Whether deciding again from the record and the versions it names gives what it says; null when a version is gone.</summary>
    public bool? IsRepeated { get; init; }

    public required ImmutableArray<string> GrantedThen { get; init; }

    /// <summary>What the same request would be granted now; null when it cannot be decided at the moment.</summary>
    public ImmutableArray<string>? GrantedNow { get; init; }
}
