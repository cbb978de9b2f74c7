using System.Collections.Concurrent;
using Assay.Workloads;
using HdrHistogram;

namespace Assay.Local;

/// <summary>What was seen of one workload: latencies in microseconds, in all and by the time a request was due. Written by any number of threads, read when they are done.</summary>
internal sealed class Recording
{
    private const long Longest = 120_000_000; // microseconds
    private const int MostParts = 600;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly LongConcurrentHistogram latencies = new(1, Longest, 3);
    private readonly Part[] parts;
    private readonly ConcurrentDictionary<string, long> faults = new(StringComparer.Ordinal);
    private long due;
    private long answered;
    private long timely;
    private long faulty;
    private long tokens;
    private long bytes;
    private long lastFault = -1;

    public Recording(TimeSpan during)
    {
        During = during;
        PartLength = TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(during.TotalSeconds / MostParts)));
        parts = new Part[(int)Math.Ceiling(during / PartLength)];
        for (var i = 0; i < parts.Length; i++)
            parts[i] = new Part();
    }

    public TimeSpan During { get; }

    public TimeSpan PartLength { get; }

    public long Due => Volatile.Read(ref due);

    public long Answered => Volatile.Read(ref answered);

    /// <summary>Those answered by a second after the end: the others were made by whoever fell behind.</summary>
    public long Timely => Volatile.Read(ref timely);

    public long Faulty => Volatile.Read(ref faulty);

    public long Tokens => Volatile.Read(ref tokens);

    public long Bytes => Volatile.Read(ref bytes);

    public HistogramBase Latencies => latencies;

    public IReadOnlyList<Part> Parts => parts;

    /// <summary>Faults and how often they were seen, the most frequent first.</summary>
    public IEnumerable<(string Fault, long Count)> Faults => faults.OrderByDescending(fault => fault.Value).Select(fault => (fault.Key, fault.Value));

    /// <summary>When the last request was due that failed, from the start; null when none did.</summary>
    public TimeSpan? LastFault => Volatile.Read(ref lastFault) is >= 0 and var at ? TimeSpan.FromMicroseconds(at) : null;

    public double Milliseconds(double percentile) => latencies.TotalCount == 0 ? 0 : latencies.GetValueAtPercentile(percentile) / 1000.0;

    public void IsDue() => Interlocked.Increment(ref due);

    /// <param name="at">When it was due, from the start.</param>
    /// <param name="latency">From then to the end of its answer.</param>
    public void Record(TimeSpan at, TimeSpan latency, in Outcome outcome)
    {
        var microseconds = Math.Clamp((long)latency.TotalMicroseconds, 1, Longest);
        latencies.RecordValue(microseconds);
        parts[Math.Clamp((int)(at / PartLength), 0, parts.Length - 1)].Record(microseconds, outcome.IsOk);
        Interlocked.Increment(ref answered);
        if (at + latency < During + Grace)
            Interlocked.Increment(ref timely);
        Interlocked.Add(ref tokens, outcome.Tokens);
        Interlocked.Add(ref bytes, outcome.Bytes);
        if (outcome.Fault is not { } fault)
            return;

        Interlocked.Increment(ref faulty);
        // Answers may differ in what is random about them; a thousand kinds are enough to read.
        var name = fault.Length > 120 ? fault[..120] : fault;
        if (faults.Count < 1000 || faults.ContainsKey(name))
            faults.AddOrUpdate(name, 1, static (_, count) => count + 1);
        for (long seen, mine = (long)at.TotalMicroseconds; (seen = Volatile.Read(ref lastFault)) < mine;)
        {
            if (Interlocked.CompareExchange(ref lastFault, mine, seen) == seen)
                break;
        }
    }

    /// <summary>A second of it, or a few.</summary>
    internal sealed class Part
    {
        private readonly LongConcurrentHistogram latencies = new(1, Longest, 2);
        private long faulty;

        public long Answered => latencies.TotalCount;

        public long Faulty => Volatile.Read(ref faulty);

        public double Milliseconds(double percentile) => latencies.TotalCount == 0 ? 0 : latencies.GetValueAtPercentile(percentile) / 1000.0;

        public void Record(long microseconds, bool isOk)
        {
            latencies.RecordValue(microseconds);
            if (!isOk)
                Interlocked.Increment(ref faulty);
        }
    }
}
