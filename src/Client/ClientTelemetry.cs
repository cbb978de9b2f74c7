using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Assay.Client;

/// <summary>What OpenTelemetry can see: the activity source and the meter <c>Assay.Client</c>, shared by all clients of a process. docs/client.md has the table.</summary>
internal static class ClientTelemetry
{
    public const string Name = "Assay.Client";

    private static readonly ActivitySource Traces = new(Name);
    private static readonly Meter Meter = new(Name);

    // The boundaries of http.client.request.duration, so that both can be laid over each other.
    private static readonly InstrumentAdvice<double> Durations = new() { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] };

    private static readonly Histogram<double> Requests = Meter.CreateHistogram(
        "assay.client.token.request.duration", "s", "One attempt to get a token, or several, at one address.", tags: null, Durations);

    private static readonly Counter<long> Lookups = Meter.CreateCounter<long>(
        "assay.client.token.lookups", "{lookup}", "Calls for a token, by whether one was held.");

    private static readonly Counter<long> WhileAway = Meter.CreateCounter<long>(
        "assay.client.token.served_while_away", "{token}", "Tokens given out from the cache while no address of the issuer answered.");

    private static readonly Counter<long> Renewals = Meter.CreateCounter<long>(
        "assay.client.token.renewals", "{renewal}", "Requests that replace a token that is held, by why, and by how they failed.");

    private static readonly Counter<long> SparedRequests = Meter.CreateCounter<long>(
        "assay.client.token.requests_spared", "{call}", "Calls that were told the last failure and sent nothing, because every address is being left alone.");

    private static readonly UpDownCounter<int> Away = Meter.CreateUpDownCounter<int>(
        "assay.client.addresses.away", "{address}", "Addresses that failed when they were last asked: breakers that are open.");

    private static readonly Counter<long> ClockCorrections = Meter.CreateCounter<long>(
        "assay.client.clock.corrections", "{correction}", "Times that assertions were dated by the issuer's clock from then on, or by this machine's again.");

    private static readonly KeyValuePair<string, object?> IsForSeveral = new("assay.client.request.kind", "batch");
    private static readonly KeyValuePair<string, object?> IsHit = new("assay.client.lookup.result", "hit");
    private static readonly KeyValuePair<string, object?> IsMiss = new("assay.client.lookup.result", "miss");

    public static void Hit()
    {
        if (Lookups.Enabled) // what a hit costs otherwise is counted in nanoseconds
            Lookups.Add(1, IsHit);
    }

    public static void Miss() => Lookups.Add(1, IsMiss);

    public static void ServedWhileAway() => WhileAway.Add(1);

    public static void Spared() => SparedRequests.Add(1);

    public static void ClockCorrected() => ClockCorrections.Add(1);

    public static void AddressesAway(int change, IssuerAddress address) => Away.Add(change, HostOf(address), PortOf(address));

    /// <param name="reason"><c>age</c>, <c>refused</c> by an API.</param>
    /// <param name="fault">Null when a token came of it.</param>
    public static void Renewed(string reason, Exception? fault)
    {
        if (!Renewals.Enabled)
            return;

        var tags = new TagList { { "assay.client.renewal.reason", reason } };
        if (fault is not null)
            tags.Add("error.type", ErrorOf(fault));
        Renewals.Add(1, tags);
    }

    /// <summary>One attempt at one address, and what came of it.</summary>
    public static void Asked(TimeSpan time, IssuerAddress address, bool isBatch, AssayTokenException? fault)
    {
        if (Activity.Current is { IsAllDataRequested: true } activity && activity.Source == Traces)
        {
            activity.AddEvent(new ActivityEvent("assay.token.attempt", tags: new ActivityTagsCollection
            {
                HostOf(address),
                PortOf(address),
                new("error.type", fault is null ? null : ErrorOf(fault)),
            }));
        }

        if (!Requests.Enabled)
            return;

        var tags = new TagList { HostOf(address), PortOf(address) };
        if (isBatch)
            tags.Add(IsForSeveral);
        if (fault?.StatusCode is { } status)
            tags.Add("http.response.status_code", (int)status);
        if (fault is not null)
            tags.Add("error.type", ErrorOf(fault));
        Requests.Record(time.TotalSeconds, tags);
    }

    /// <summary>From the first attempt to the last. The requests of HTTP are its children.</summary>
    public static Activity? StartAsking(TokenRequest request)
    {
        var activity = Traces.StartActivity("assay.token");
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag("assay.resource", request.Resource);
            activity.SetTag("assay.scopes", string.Join(' ', request.Names));
        }

        return activity;
    }

    /// <summary>Likewise for several tokens. What each was is not told: they may be 256.</summary>
    public static Activity? StartAskingAll(int requests) => Traces.StartActivity("assay.tokens")?.SetTag("assay.requests", requests);

    public static void Refused(Activity? activity, int requests) => activity?.SetTag("assay.requests_refused", requests);

    public static void Failed(Activity? activity, AssayTokenException fault)
    {
        activity?.SetTag("error.type", ErrorOf(fault));
        activity?.SetTag("assay.decision_id", fault.DecisionId);
        activity?.SetStatus(ActivityStatusCode.Error, fault.Failure.ToString()); // the message holds the issuer's words, which are for whoever asked
    }

    private static KeyValuePair<string, object?> HostOf(IssuerAddress address) => new("server.address", address.Host);

    private static KeyValuePair<string, object?> PortOf(IssuerAddress address) => new("server.port", address.Port);

    // A closed set: what the issuer calls it is not, and would make as many time series as it likes.
    private static string ErrorOf(Exception fault) => fault is not AssayTokenException failure ? "_OTHER" : failure.Failure switch
    {
        TokenFailure.Credential => "credential",
        TokenFailure.Unreachable => failure.InnerException is OperationCanceledException ? "timeout" : "unreachable",
        TokenFailure.Unavailable => "unavailable",
        TokenFailure.NotAnIssuer => "not_an_issuer",
        TokenFailure.Client => "client",
        TokenFailure.Resource => "resource",
        TokenFailure.Scopes => "scopes",
        TokenFailure.Unsupported => "unsupported",
        _ => "refused",
    };
}
