namespace Assay.Client.AspNetCore;

/// <summary>Whose tokens an API takes, and how much it wants to know about them.</summary>
public sealed class AssayValidationOptions
{
    /// <summary>The issuer, exactly as it stands in its tokens. https, or http on loopback.</summary>
    public Uri? Issuer { get; set; }

    /// <summary>This API: the absolute URI it is registered under, which tokens for it have as <c>aud</c>.</summary>
    public string? Resource { get; set; }

    /// <summary>What people call this API; null to say nothing. For its metadata (RFC 9728 §2).</summary>
    public string? ResourceName { get; set; }

    /// <summary>Scopes a client may need here; empty to say nothing. For its metadata and its challenges.</summary>
    public IList<string> ScopesSupported { get; } = [];

    /// <summary>JWS algorithms that are taken. ES256 is what a cluster signs with by default.</summary>
    public IList<string> Algorithms { get; } = ["ES256", "ES384", "PS256"];

    /// <summary>How far this machine's clock and the issuer's may be apart; 0 to 5 minutes, 10 seconds by default.</summary>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Whether a token has to name its place in a status list, where its revocation shows. True by default: a token whose revocation
    /// nobody could learn of is refused.
    /// </summary>
    public bool RequireStatus { get; set; } = true;

    /// <summary>
    /// For how long after a status list should have been fetched again the old one is still believed when no newer one is to be had; 0 to 1 hour. Zero, the
    /// default, refuses with 503 instead: no revocation is missed, and an issuer that is away for longer than the list's <c>ttl</c> stops this API. What is
    /// more than zero is how much later than usual a revocation may show.
    /// </summary>
    public TimeSpan AcceptStaleStatus { get; set; }

    /// <summary>
    /// Whether revocations are heard of in an event stream, so that tokens are refused within a second, usually, and not when a status list is fetched again. False
    /// by default. Events are asked for by the program's own <see cref="AssayClient"/> (<c>AddAssay</c>), whose identity has to be a resource server of an API
    /// (<c>resourceServers</c>): it then hears of those whose tokens came here; with the right to hear of everybody (role <c>assay-event-receiver</c>), of all
    /// from the start. Status lists go on being read.
    /// </summary>
    public bool ListenForRevocations { get; set; }

    /// <summary>
    /// For how long nothing may be heard of the event stream, while <see cref="ListenForRevocations"/>, until tokens are refused with 503; 30 seconds to 1 hour. Null,
    /// the default, leaves it to status lists then, so that a revocation shows as late as without events. An issuer answers every 20 seconds while
    /// nothing happens.
    /// </summary>
    public TimeSpan? AcceptSilence { get; set; }

    /// <summary>How soon after another the issuer's keys are fetched again because a token names a key that is not there; 1 second to 5 minutes, 10 seconds by default.</summary>
    public TimeSpan UnknownKeyCoolDown { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the issuer may take to answer; 100 milliseconds to 1 minute, 5 seconds by default.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>What requests to the issuer go through instead of a handler of its own, for instance to trust a private authority; not disposed.</summary>
    public HttpMessageHandler? Backchannel { get; set; }

    /// <summary>The sentences that say what is wrong; none when all is well.</summary>
    internal IEnumerable<string> Faults()
    {
        if (Issuer is not { IsAbsoluteUri: true, Query: "", Fragment: "", UserInfo: "" })
            yield return "Issuer is not an absolute URL without query and fragment.";
        else if (Issuer.Scheme != "https" && !(Issuer.Scheme == "http" && Issuer.IsLoopback))
            yield return $"Issuer '{Issuer}' is neither https nor http on loopback.";
        if (!Uri.TryCreate(Resource, UriKind.Absolute, out var resource) || resource.Fragment != "")
            yield return $"Resource '{Resource}' is not an absolute URI without fragment (RFC 8707 §2).";
        if (Algorithms.Count == 0 || Algorithms.Any(static algorithm => algorithm is null or "none" || algorithm.StartsWith("HS", StringComparison.Ordinal)))
            yield return "Algorithms has to name signatures by public keys, such as ES256.";
        if (ClockSkew < TimeSpan.Zero || ClockSkew > TimeSpan.FromMinutes(5))
            yield return "ClockSkew is not from 0 to 5 minutes.";
        if (AcceptStaleStatus < TimeSpan.Zero || AcceptStaleStatus > TimeSpan.FromHours(1))
            yield return "AcceptStaleStatus is not from 0 to 1 hour.";
        if (AcceptSilence < TimeSpan.FromSeconds(30) || AcceptSilence > TimeSpan.FromHours(1))
            yield return "AcceptSilence is not from 30 seconds to 1 hour.";
        if (AcceptSilence is not null && !ListenForRevocations)
            yield return "AcceptSilence means nothing without ListenForRevocations.";
        if (UnknownKeyCoolDown < TimeSpan.FromSeconds(1) || UnknownKeyCoolDown > TimeSpan.FromMinutes(5))
            yield return "UnknownKeyCoolDown is not from 1 second to 5 minutes.";
        if (Timeout < TimeSpan.FromMilliseconds(100) || Timeout > TimeSpan.FromMinutes(1))
            yield return "Timeout is not from 100 milliseconds to 1 minute.";
    }

    /// <summary>The issuer as tokens have it: without the slash that <see cref="Uri"/> adds to a host alone.</summary>
    internal string IssuerText => Issuer!.OriginalString.TrimEnd('/');
}
