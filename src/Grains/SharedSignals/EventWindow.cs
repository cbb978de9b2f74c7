using System.Collections.Immutable;
using Assay.Core.SharedSignals;

namespace Assay.Grains.SharedSignals;

/// <summary>
/// The part of the feed that a stream looks at: from the first event that its receiver does not have to as far as was read. What lies before it needs no
/// remembering, and of what lies in it only the names that were taken out of order.
/// </summary>
internal sealed class EventWindow
{
    /// <summary>So much may be taken out of order before the first event holds up the rest.</summary>
    public const int MostAhead = 1_000;

    private readonly List<Waiting> waiting = [];
    private readonly HashSet<string> ahead = new(StringComparer.Ordinal);
    private readonly List<SettledEvent> settled;

    public EventWindow(FeedPlace position, ImmutableArray<SettledEvent> settled)
    {
        Scanned = position;
        this.settled = [.. settled];
        foreach (var one in settled)
            ahead.Add(one.JwtId);
    }

    /// <summary>How far the feed was read.</summary>
    public FeedPlace Scanned { get; private set; }

    /// <summary>Everything up to here is done with.</summary>
    public FeedPlace Position => waiting.Count > 0 ? waiting[0].Before : Scanned;

    /// <summary>What was taken behind <see cref="Position"/>.</summary>
    public ImmutableArray<SettledEvent> Settled => [.. settled];

    public int Count => waiting.Count;

    public bool IsFull => settled.Count >= MostAhead && waiting.Count > 0;

    public DateTimeOffset? Oldest => waiting.Count > 0 ? DateTimeOffset.FromUnixTimeSeconds(waiting[0].Event.IssuedAt) : null;

    public ImmutableArray<StreamEvent> First(int most) => [.. waiting.Take(most).Select(one => one.Event)];

    /// <summary>The next entry of the feed was read; these are its events for the stream.</summary>
    public void Add(FeedPlace place, IEnumerable<StreamEvent> events)
    {
        foreach (var made in events)
        {
            if (!ahead.Contains(made.JwtId))
                waiting.Add(new Waiting(Scanned, place, made));
        }

        Scanned = place;
    }

    /// <summary>There is nothing up to that place.</summary>
    public void Skip(FeedPlace to)
    {
        if (to > Scanned)
            Scanned = to;
        Forget();
    }

    /// <summary>False when no such event waits.</summary>
    public bool Settle(string jwtId)
    {
        var at = waiting.FindIndex(one => one.Event.JwtId == jwtId);
        if (at < 0)
            return false;
        settled.Add(new SettledEvent(waiting[at].Place.Number, jwtId));
        ahead.Add(jwtId);
        waiting.RemoveAt(at);
        Forget();
        return true;
    }

    private void Forget()
    {
        // Those of the position's own number stay: other objects of the same change may still be to be read.
        if (settled.RemoveAll(one => FeedPlace.EndOf(one.Number) <= Position) == 0)
            return;
        ahead.Clear();
        foreach (var one in settled)
            ahead.Add(one.JwtId);
    }

    /// <param name="Before">The place before its entry.</param>
    private sealed record Waiting(FeedPlace Before, FeedPlace Place, StreamEvent Event);
}
