using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Assay.Silo;

/// <summary>What the path counts. Exported by OpenTelemetry and at <c>/metrics</c>.</summary>
internal sealed class AssayMetrics
{
    public const string Name = "Assay.Tokens";

    public static readonly ActivitySource Traces = new(Name);

    private readonly Meter meter;
    private readonly Histogram<double> requests;
    private readonly Histogram<double> batches;
    private readonly Counter<long> batchedTokens;
    private readonly Counter<long> failedAuthentications;
    private readonly Counter<long> withheldScopes;
    private readonly Counter<long> introspections;
    private readonly Counter<long> revocations;
    private readonly Counter<long> endedInLists;
    private readonly Histogram<double> sweeps;
    private readonly Counter<long> accessRequests;
    private readonly Counter<long> evaluations;

    public AssayMetrics(IMeterFactory meters)
    {
        meter = meters.Create(Name);
        requests = meter.CreateHistogram<double>(
            "assay.token.request.duration", "s", "Token requests by outcome: issued, or the OAuth error code.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] });
        batches = meter.CreateHistogram<double>(
            "assay.token.batch.duration", "s", "Batch requests by outcome: answered, or the OAuth error code of the whole.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] });
        batchedTokens = meter.CreateCounter<long>("assay.token.batch.tokens", "{token}", "Tokens asked for in batches by outcome: issued, or the OAuth error code.");
        failedAuthentications = meter.CreateCounter<long>("assay.client.authentication.failures", "{failure}", "Failed client authentications by method and reason.");
        withheldScopes = meter.CreateCounter<long>("assay.scopes.withheld", "{scope}", "Scopes asked for and not granted, by outcome.");
        introspections = meter.CreateCounter<long>("assay.introspections", "{request}", "Introspection requests by outcome: active, inactive, or the OAuth error code.");
        revocations = meter.CreateCounter<long>("assay.revocations", "{request}", "Revocation requests of clients by outcome: revoked, already, refused, or the OAuth error code.");
        endedInLists = meter.CreateCounter<long>("assay.status.ended", "{token}", "Tokens that status lists came to show as revoked.");
        sweeps = meter.CreateHistogram<double>("assay.status.sweep.duration", "s", "Searches of the status lists for what was revoked.");
        accessRequests = meter.CreateCounter<long>("assay.access.requests", "{request}", "Requests to the AuthZEN endpoints by endpoint and HTTP status.");
        evaluations = meter.CreateCounter<long>("assay.access.evaluations", "{evaluation}", "Questions about access by answer: permit, deny, or error for one that could not be put.");
    }

    public void TokenRequest(string outcome, TimeSpan duration) =>
        requests.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("outcome", outcome));

    public void BatchRequest(string outcome, TimeSpan duration) =>
        batches.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("outcome", outcome));

    public void BatchedToken(string outcome) => batchedTokens.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void AuthenticationFailed(string method, string reason) =>
        failedAuthentications.Add(1, new KeyValuePair<string, object?>("method", method), new KeyValuePair<string, object?>("reason", reason));

    public void Introspected(string outcome) => introspections.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void Revoked(string outcome) => revocations.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    /// <summary>Each costs 32 bytes of this silo's memory.</summary>
    public void WatchStatusPlaces(Func<long> held) =>
        meter.CreateObservableGauge("assay.status.tokens", held, "{token}", "Tokens with a place in the status lists of this silo: those that live, and some that have expired.");

    public void StatusSwept(int ended, TimeSpan duration)
    {
        endedInLists.Add(ended);
        sweeps.Record(duration.TotalSeconds);
    }

    public void AccessAsked(string endpoint, int status) =>
        accessRequests.Add(1, new KeyValuePair<string, object?>("endpoint", endpoint), new KeyValuePair<string, object?>("status", status));

    public void Evaluated(string answer) => evaluations.Add(1, new KeyValuePair<string, object?>("answer", answer));

    public void ScopeWithheld(string outcome) => withheldScopes.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
}
