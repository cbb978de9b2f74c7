using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.Json;
using Assay.Client.Events;

namespace Assay.Client.AspNetCore;

/// <summary>Whether a token ended, as far as events have told.</summary>
internal enum TokenEnd
{
    /// <summary>Nothing was heard of it.</summary>
    None,

    /// <summary>It ended.</summary>
    Ended,

    /// <summary>It may have: its status list, read anew, is to say.</summary>
    Doubtful,
}

/// <summary>
/// What events have ended, for as long as a token lives at most: single tokens, and those that an identity, or everybody, had before a moment. Bounded: what
/// there is no room for makes all tokens from before it doubtful.
/// </summary>
internal sealed class EndedTokens(TimeSpan clockSkew, TimeProvider clock)
{
    public const int MostTokens = 100_000;
    private const int MostIdentities = 20_000;
    private const int MostEndings = 8;

    /// <summary>The longest that a token of any cluster lives.</summary>
    private static readonly TimeSpan LongestLife = TimeSpan.FromMinutes(15);

    /// <summary>A revocation shows in what a silo serves of its lists a second after it at most.</summary>
    private static readonly TimeSpan UntilListed = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, long> tokens = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ImmutableArray<Ending>> identities = new(StringComparer.Ordinal);
    private readonly Lock gate = new();
    private ImmutableArray<Ending> everybody = [];
    private int tokenCount; // the dictionary would stop all who read it to count

    /// <param name="At">Seconds of Unix time at which it happened: tokens issued later are none of it.</param>
    /// <param name="Since">Only those issued from this second on.</param>
    /// <param name="Until">Only those issued before this second.</param>
    /// <param name="KeyId">Only those signed with this key; null for all.</param>
    /// <param name="IsExact">All of these ended; otherwise only some, and a list knows which.</param>
    /// <param name="IsListed">Status lists know of it.</param>
    /// <param name="LearnedAt">On the monotonic clock.</param>
    private readonly record struct Ending(long At, long? Since, long? Until, string? KeyId, bool IsExact, bool IsListed, long LearnedAt);

    public int Count => tokenCount + identities.Count + everybody.Length;

    /// <summary>Notes what an event ends. Events that end nothing, or nothing that could still be out, are passed over.</summary>
    public void Add(SecurityEvent happened)
    {
        if (happened.Type is not (SecurityEventTypes.SessionRevoked or SecurityEventTypes.TokenClaimsChange))
            return;
        var at = happened.Time.ToUnixTimeSeconds();
        if (IsOver(at))
            return;

        lock (gate)
        {
            if (happened.TokenId is { } token)
            {
                if (tokenCount >= MostTokens)
                    MakeRoom(at);
                if (tokens.TryAdd(token, at))
                    tokenCount++;
                return;
            }

            var ending = EndingOf(happened, at);
            if (happened.ConcernsEverybody)
                everybody = With(everybody, ending);
            else if (happened.Subject is { } identity)
            {
                if (identities.Count >= MostIdentities && !identities.ContainsKey(identity))
                    MakeRoom(at);
                identities[identity] = With(identities.GetValueOrDefault(identity, []), ending);
            }
        }
    }

    /// <summary>Looks at a token whose signature was found right.</summary>
    /// <param name="issuedAt">Its <c>iat</c>.</param>
    /// <param name="identities">Whose it is: <c>client_id</c>, <c>sub</c>.</param>
    /// <param name="listedFrom">When it is doubtful: a list that was asked for before this, on the monotonic clock, may not know yet.</param>
    public TokenEnd Look(string? jwtId, long issuedAt, string? keyId, ReadOnlySpan<string?> identities, out long listedFrom)
    {
        listedFrom = 0;
        if (jwtId is not null && tokens.ContainsKey(jwtId))
            return TokenEnd.Ended;

        var end = Look(everybody, issuedAt, keyId, ref listedFrom);
        foreach (var identity in identities)
        {
            if (end == TokenEnd.Ended)
                break;
            if (identity is not null && this.identities.TryGetValue(identity, out var endings) && Look(endings, issuedAt, keyId, ref listedFrom) is var other and not TokenEnd.None)
                end = other;
        }

        return end;
    }

    private TokenEnd Look(ImmutableArray<Ending> endings, long issuedAt, string? keyId, ref long listedFrom)
    {
        var end = TokenEnd.None;
        foreach (var ending in endings)
        {
            if (issuedAt > ending.At || issuedAt < ending.Since || issuedAt >= ending.Until || (ending.KeyId is not null && ending.KeyId != keyId))
                continue;

            // A key that is withdrawn signs nothing any more. Otherwise a token of the same second is from before or after, and iat does not say.
            if (ending.IsExact && (issuedAt < ending.At || ending.KeyId is not null))
                return TokenEnd.Ended;
            if (!ending.IsListed)
                continue;
            end = TokenEnd.Doubtful;
            listedFrom = Math.Max(listedFrom, ending.LearnedAt + (long)(UntilListed.TotalSeconds * clock.TimestampFrequency));
        }

        return end;
    }

    private Ending EndingOf(SecurityEvent happened, long at)
    {
        long? since = null, until = null;
        if (happened.Details.TryGetProperty("urn:assay:issued", out var window) && window.ValueKind == JsonValueKind.Object)
            (since, until) = (Second(window, "since"), Second(window, "until"));
        return new Ending(
            at, since, until,
            happened.Details.TryGetProperty("urn:assay:key", out var key) && key.ValueKind == JsonValueKind.String ? key.GetString() : null,
            IsExact: !happened.Details.TryGetProperty("urn:assay:policy-version", out _), // no token says in clear by which version it was decided
            IsListed: happened.Type == SecurityEventTypes.SessionRevoked,
            clock.GetTimestamp());
    }

    /// <summary>What is over goes first; then what the new one says as well; then all are taken for one without bounds, which lists tell apart.</summary>
    private ImmutableArray<Ending> With(ImmutableArray<Ending> present, Ending added)
    {
        var kept = present.RemoveAll(ending => IsOver(ending.At) || (ending.At <= added.At && ending with { At = added.At, LearnedAt = added.LearnedAt } == added));
        return kept.Length < MostEndings ? kept.Add(added) : [new Ending(Math.Max(added.At, kept.Max(static ending => ending.At)), null, null, null, false, true, added.LearnedAt)];
    }

    private void MakeRoom(long at)
    {
        foreach (var (token, ended) in tokens)
        {
            if (IsOver(ended) && tokens.TryRemove(token, out _))
                tokenCount--;
        }

        foreach (var (identity, endings) in identities)
        {
            if (endings.All(ending => IsOver(ending.At)))
                identities.TryRemove(identity, out _);
        }

        if (tokenCount < MostTokens && identities.Count < MostIdentities)
            return;
        everybody = With(everybody, new Ending(at, null, null, null, false, true, clock.GetTimestamp()));
        tokens.Clear();
        tokenCount = 0;
        identities.Clear();
    }

    private bool IsOver(long at) => clock.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(at) > LongestLife + clockSkew + UntilListed;

    private static long? Second(JsonElement json, string name) => json.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.Number && member.TryGetInt64(out var second) ? second : null;
}
