using System.Diagnostics.Metrics;

namespace Assay.Silo.Interconnect;

internal enum RefusalReason
{
    NoCertificate,
    OtherAuthority,
    NotValidNow,
    WrongUse,
    WrongName,
    NotTls,
    TooSlow,
    TooMany,
}

/// <param name="Detail">Goes on from "refused, because …": a clause without a full stop.</param>
internal sealed record Refusal(RefusalReason Reason, string Detail);

/// <summary>Counts every refused connection and logs one per reason and interval: strangers must not fill the log.</summary>
internal sealed class Refusals
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly TimeProvider clock;
    private readonly ILogger<Refusals> log;
    private readonly Counter<long> counter;
    private readonly Lock guard = new();
    private readonly Dictionary<(bool Inbound, RefusalReason Reason), Tally> tallies = [];

    public Refusals(TimeProvider clock, IMeterFactory meters, ILogger<Refusals> log)
    {
        this.clock = clock;
        this.log = log;
        counter = meters.Create("Assay").CreateCounter<long>(
            "assay.interconnect.refused", "{connection}", "Connections between silos that were refused, by direction and reason.");
    }

    public void Report(Refusal refusal, bool inbound, string remote)
    {
        counter.Add(
            1,
            new KeyValuePair<string, object?>("direction", inbound ? "inbound" : "outbound"),
            new KeyValuePair<string, object?>("reason", Name(refusal.Reason)));
        long unlogged;
        lock (guard)
        {
            var now = clock.GetTimestamp();
            var key = (inbound, refusal.Reason);
            if (tallies.TryGetValue(key, out var tally) && clock.GetElapsedTime(tally.LoggedAt, now) < Interval)
            {
                tallies[key] = tally with { Unlogged = tally.Unlogged + 1 };
                return;
            }

            unlogged = tally.Unlogged;
            tallies[key] = new Tally(now, 0);
        }

        if (inbound)
            Log.RefusedInbound(log, remote, refusal.Detail, unlogged);
        else
            Log.RefusedOutbound(log, remote, refusal.Detail, unlogged);
    }

    private static string Name(RefusalReason reason) => reason switch
    {
        RefusalReason.NoCertificate => "no_certificate",
        RefusalReason.OtherAuthority => "other_authority",
        RefusalReason.NotValidNow => "not_valid_now",
        RefusalReason.WrongUse => "wrong_use",
        RefusalReason.WrongName => "wrong_name",
        RefusalReason.NotTls => "not_tls",
        RefusalReason.TooSlow => "too_slow",
        _ => "too_many",
    };

    private readonly record struct Tally(long LoggedAt, long Unlogged);
}
