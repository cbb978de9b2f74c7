using System.Globalization;

namespace Assay.Core.Forensics;

/// <summary>What a token turns out to be when it is held against keys, log and policies.</summary>
public enum TokenClass
{
    /// <summary>Policy allowed it then, and nothing speaks against it now.</summary>
    Allowed,

    /// <summary>Allowed, on data older than the bound.</summary>
    AllowedOnOldData,

    /// <summary>Allowed then, and still live; now some or all of it would be withheld.</summary>
    DeniedNow,

    /// <summary>There is a record that permits it, and the policies it names do not.</summary>
    NotRepeated,

    /// <summary>Somebody made it who holds no key of ours, or made it of another token.</summary>
    Forged,

    /// <summary>A key of ours signed it, and no decision allowed it.</summary>
    MintedAround,

    /// <summary>There is no record: it is forged, or was minted around the controls. Which of them, only the token itself tells.</summary>
    NoRecord,

    /// <summary>There is no record, and the log may have lost it.</summary>
    Unknown,

    /// <summary>Signed by a key that was never published.</summary>
    UnknownKey,

    /// <summary>Its record was dropped when its time was over, and so was the token's.</summary>
    Dropped,
}

/// <summary>The answer to "what is this token?".</summary>
/// <param name="Because">A sentence without its full stop.</param>
public sealed record TokenFinding(TokenClass Class, string Because)
{
    private static readonly string[] Words =
        ["allowed", "allowed-on-old-data", "denied-now", "not-repeated", "forged", "minted-around", "no-record", "unknown", "unknown-key", "dropped"];

    public static string WordOf(TokenClass found) => Words[(int)found];

    /// <summary>The worst that holds. Null for the id of a record that is no token's, when no token is at hand: there is nothing to classify.</summary>
    public static TokenFinding? Of(TokenFacts facts) => facts switch
    {
        { Signature: SignatureFact.KeyNeverPublished } => new(TokenClass.UnknownKey, "it names a key that was never published for tokens: whoever made it holds none of ours"),
        { Signature: SignatureFact.Invalid } => new(TokenClass.Forged, "its signature is not the one of the key it names"),
        { Record: RecordFact.Permit, Permit: { } permit } => OfPermit(permit, facts.Signature),
        { Record: RecordFact.Dropped } => new(TokenClass.Dropped, "its record was dropped when its time was over; its place in the log remains"),
        { Record: RecordFact.BeyondTheEnd } => new(
            TokenClass.Unknown,
            "there is no record, and the shard its jti names has not come so far: it is forged, or was minted around the controls, or the log has lost its end"),
        { Signature: SignatureFact.Valid } => new(TokenClass.MintedAround, $"a key of ours signed it, and {Nothing(facts.Record)}: whoever made it holds the key"),
        { Record: RecordFact.OfSomethingElse } => null,
        { Record: RecordFact.NotOurs } => new(TokenClass.NoRecord, "its jti was not made by this cluster: a token that carries it is forged, or from elsewhere"),
        _ => new(TokenClass.NoRecord, $"{Nothing(facts.Record)}: a token that carries this jti is forged, or was minted around the controls"),
    };

    private static TokenFinding OfPermit(PermitFacts permit, SignatureFact signature)
    {
        if (permit.IsThisToken == false)
        {
            return new TokenFinding(
                TokenClass.Forged,
                "another token was recorded under its jti" + (signature == SignatureFact.Valid ? ", and a key of ours signed this one: whoever made it holds the key" : ""));
        }

        if (permit.IsRepeated == false)
            return new TokenFinding(TokenClass.NotRepeated, "its record permits it, and decided again by the policies it names it would not be as recorded: the record, or a stored version, was changed");

        var lost = permit.GrantedNow is { } now ? permit.GrantedThen.RemoveRange(now) : [];
        var lossNow = permit.Life != TokenLife.Live || lost.IsEmpty ? null
            : lost.Length == permit.GrantedThen.Length ? "all of it would be denied now, and it is still live"
            : $"{string.Join(", ", lost)} would be denied now, and it is still live";
        if (permit.DataAge > permit.DataAgeBound)
        {
            return new TokenFinding(
                TokenClass.AllowedOnOldData,
                $"policy allowed it on data {Seconds(permit.DataAge)} old, and the bound is {Seconds(permit.DataAgeBound)}" + (lossNow is null ? "" : $"; {lossNow}"));
        }

        return lossNow is not null ? new TokenFinding(TokenClass.DeniedNow, $"policy allowed it then; {lossNow}")
            : new TokenFinding(TokenClass.Allowed, permit.GrantedNow is null ? "policy allowed it; whether it would now cannot be decided at the moment" : "policy allowed it");
    }

    private static string Nothing(RecordFact record) => record switch
    {
        RecordFact.NotOurs => "its jti was not made by this cluster",
        RecordFact.OfSomethingElse => "at the place its jti names another thing is recorded",
        _ => "there is no record of it, and the shard its jti names has ended before it",
    };

    private static string Seconds(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{Math.Round(span.TotalSeconds, 1)} s");
}
