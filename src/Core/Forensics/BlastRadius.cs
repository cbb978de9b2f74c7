using Assay.Core.Evidence;

namespace Assay.Core.Forensics;

/// <summary>
/// What hangs on one thing, gathered from the records of decisions: tokens and which of them live, who got them, what they reach, by which credentials and from
/// where. Of names that differ it keeps a bounded number and counts what is left out. For one thread.
/// </summary>
/// <param name="now">When tokens are live.</param>
/// <param name="isEnded">Whether the token of a permit was ended before its time.</param>
/// <param name="mostNames">Names of each kind that are kept.</param>
/// <param name="mostTokens">Live tokens that are listed.</param>
public sealed class BlastRadius(DateTimeOffset now, Func<EvidenceRecord, bool> isEnded, int mostNames, int mostTokens)
{
    private readonly List<EvidenceRecord> liveTokens = [];

    /// <summary>Of everything together.</summary>
    public Reach All { get; } = new();

    public ReachTable Identities { get; } = new(mostNames);

    /// <summary>By handle.</summary>
    public ReachTable Credentials { get; } = new(mostNames);

    /// <summary>APIs; <see cref="Reach.Scopes"/> are what was granted of each.</summary>
    public ReachTable Resources { get; } = new(mostNames);

    /// <summary>Addresses that requests came from.</summary>
    public ReachTable Addresses { get; } = new(mostNames);

    /// <summary>Live tokens, in the order in which their records were added.</summary>
    public IReadOnlyList<EvidenceRecord> LiveTokens => liveTokens;

    /// <summary>Takes a record in; what is no decision about a token is passed over.</summary>
    public void Add(EvidenceRecord record)
    {
        if (record.Input is not { } input)
            return;

        var isLive = record is { Kind: EvidenceKind.Permit, ExpiresAt: { } end } && end > now && !isEnded(record);
        All.Add(record, isLive);
        Identities.Add(input.ClientId, record, isLive);
        Credentials.Add(input.CredentialHandle, record, isLive);
        if (input.Resource.Length > 0)
            Resources.Add(input.Resource, record, isLive);
        if (input.OriginIp is { } address)
            Addresses.Add(address, record, isLive);
        if (isLive && liveTokens.Count < mostTokens)
            liveTokens.Add(record);
    }
}

/// <summary>Reaches by name.</summary>
public sealed class ReachTable(int most)
{
    private readonly Dictionary<string, Reach> reaches = new(StringComparer.Ordinal);

    /// <summary>The widest first: by live tokens, then by tokens, then by name.</summary>
    public IEnumerable<KeyValuePair<string, Reach>> Widest => reaches
        .OrderByDescending(entry => entry.Value.Live).ThenByDescending(entry => entry.Value.Tokens).ThenBy(entry => entry.Key, StringComparer.Ordinal);

    public int Count => reaches.Count;

    /// <summary>Decisions about names that found no room.</summary>
    public long LeftOut { get; private set; }

    internal void Add(string name, EvidenceRecord record, bool isLive)
    {
        if (!reaches.TryGetValue(name, out var reach))
        {
            if (reaches.Count == most)
            {
                LeftOut++;
                return;
            }

            reaches[name] = reach = new Reach();
        }

        reach.Add(record, isLive);
    }
}

/// <summary>How far something reaches.</summary>
public sealed class Reach
{
    private const int MostScopes = 256;

    private readonly SortedSet<string> scopes = new(StringComparer.Ordinal);

    /// <summary>Tokens that may have left.</summary>
    public long Tokens { get; private set; }

    /// <summary>Of those, the ones that are neither expired nor ended.</summary>
    public long Live { get; private set; }

    /// <summary>Requests that got none.</summary>
    public long Refused { get; private set; }

    /// <summary>When the last of the live ones expires; null when none is live.</summary>
    public DateTimeOffset? LiveUntil { get; private set; }

    public DateTimeOffset First { get; private set; } = DateTimeOffset.MaxValue;

    public DateTimeOffset Last { get; private set; } = DateTimeOffset.MinValue;

    /// <summary>What tokens were granted, 256 at most.</summary>
    public IReadOnlyCollection<string> Scopes => scopes;

    internal void Add(EvidenceRecord record, bool isLive)
    {
        First = record.Time < First ? record.Time : First;
        Last = record.Time > Last ? record.Time : Last;
        if (record.Kind != EvidenceKind.Permit)
        {
            Refused++;
            return;
        }

        Tokens++;
        foreach (var scope in record.Verdict!.Scopes)
        {
            if (scope.Granted && scopes.Count < MostScopes)
                scopes.Add(scope.Scope);
        }

        if (!isLive)
            return;
        Live++;
        LiveUntil = record.ExpiresAt > (LiveUntil ?? DateTimeOffset.MinValue) ? record.ExpiresAt : LiveUntil;
    }
}
