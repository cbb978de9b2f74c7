using System.Collections.Concurrent;

namespace Assay.Grains.SharedSignals;

/// <summary>The streams that live on this silo: those it delivers, when they are pushed.</summary>
public sealed class LocalStreams
{
    private readonly ConcurrentDictionary<string, Residence> residences = new(StringComparer.Ordinal);

    /// <summary>Streams by id.</summary>
    public IEnumerable<string> Ids => residences.Keys;

    /// <summary>Called when a stream arrives, leaves or is changed. Must be quick and must not throw.</summary>
    public event Action? Changed;

    public bool Contains(string id) => residences.ContainsKey(id);

    /// <summary>When the oldest event came to be that a stream of this silo has and its receiver not; null when there is none.</summary>
    public DateTimeOffset? OldestWaiting
    {
        get
        {
            DateTimeOffset? oldest = null;
            foreach (var residence in residences.Values)
            {
                if (residence.OldestWaiting is { } waiting && !(waiting >= oldest))
                    oldest = waiting;
            }

            return oldest;
        }
    }

    /// <summary>A stream lives here until this is disposed, or lives here anew.</summary>
    internal Residence Settle(string id)
    {
        var residence = new Residence(this, id);
        residences[id] = residence;
        Changed?.Invoke();
        return residence;
    }

    internal sealed class Residence(LocalStreams streams, string id) : IDisposable
    {
        private long oldest;

        public DateTimeOffset? OldestWaiting
        {
            get => Interlocked.Read(ref oldest) is > 0 and var milliseconds ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null;
            set => Interlocked.Exchange(ref oldest, value?.ToUnixTimeMilliseconds() ?? 0);
        }

        public void Tell() => streams.Changed?.Invoke();

        public void Dispose()
        {
            streams.residences.TryRemove(KeyValuePair.Create(id, this));
            Tell();
        }
    }
}
