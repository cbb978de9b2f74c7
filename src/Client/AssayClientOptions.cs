using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Assay.Client;

/// <summary>Who asks, whom, and with what credential. Set it before a client is made of it; changes after that have no defined effect.</summary>
public sealed class AssayClientOptions
{
    /// <summary>
    /// The issuer's identifier, exactly as the issuer writes it: <c>https</c> without query or fragment; <c>http</c> for a loopback address only. A trailing
    /// slash counts.
    /// </summary>
    public required Uri Issuer { get; set; }

    /// <summary>
    /// Where the issuer is asked, instead of at <see cref="Issuer"/>: base addresses (scheme, host and port) of the same issuer, such as one for each site; 16 at
    /// most, <c>https</c>, or <c>http</c> for a loopback address. The first that answers is used until it fails, then the next. Empty, the default: at the
    /// issuer's own address alone.
    /// </summary>
    /// <remarks>
    /// The issuer stays one: its metadata is read at each address and must name <see cref="Issuer"/>, and assertions are addressed to it. The token endpoint is
    /// taken at the path that the metadata names. Whoever holds one of these addresses is sent the credential: list only the issuer's own.
    /// </remarks>
    public IList<Uri> Endpoints { get; set; } = [];

    /// <summary>The identity's name at the issuer (RFC 6749 §2.2).</summary>
    public required string ClientId { get; set; }

    /// <summary>What proves the identity; a <see cref="DefaultAssayCredential"/> unless another is set.</summary>
    public AssayCredential Credential { get; set; } = new DefaultAssayCredential();

    /// <summary>
    /// The HTTP client to use instead of an own one; it is not disposed. It should not follow redirects, which would carry the credential elsewhere.
    /// </summary>
    public HttpClient? HttpClient { get; set; }

    /// <summary>How long one call may take in all: discovery, every attempt at every address, and waiting for others. More than zero, at most one hour; 30 seconds by default.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long one address has to answer, discovery included, before the next is tried. More than zero, at most one hour; 10 seconds by default.
    /// <see cref="Timeout"/> counts too.
    /// </summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// After how long without an answer the same is asked once more at the same time, at another address that is well or else at the same; the first answer
    /// counts. Null, the default: never. More than zero, at most one hour.
    /// </summary>
    /// <remarks>Each attempt is a decision of its own, or one for each of several tokens, is recorded as such, and counts against the identity's limit: set it well above the usual time of an answer.</remarks>
    public TimeSpan? HedgeAfter { get; set; }

    /// <summary>
    /// Performs the verification that would open withheld scopes, and says whether it did: the issuer is then asked once more, and what it answers counts.
    /// Called at most once for each token that the issuer is asked for, also when a held one is renewed; <see cref="Timeout"/> does not bound it. What it throws, the
    /// caller gets. Null, the default, takes what is granted.
    /// </summary>
    public Func<VerificationRequired, CancellationToken, ValueTask<bool>>? OnVerificationRequired { get; set; }

    /// <summary>How many tokens are held at most, one for each resource and set of scopes; the longest unused are let go first. 1 to 1,000,000; 1,000 by default.</summary>
    public int MaxCachedTokens { get; set; } = 1_000;

    /// <summary>
    /// Whether the client hears from the issuer what becomes of it, in an event stream of its own (<see cref="AssayClient.Events"/>) that begins with the first
    /// token: a token that was revoked, or may allow less by now, is let go of at once, and one that may allow more is renewed. False by default. It takes a
    /// connection, and one of the streams that the identity may have (<c>Assay:Events:StreamsPerClient</c>). Without the right to it, or while the
    /// issuer is away, tokens are got and held as without it.
    /// </summary>
    public bool ListenForChanges { get; set; }

    /// <summary>Where it is said, once each time, that events are not heard; nowhere by default. Never a token.</summary>
    public ILogger Logger { get; set; } = NullLogger.Instance;

    /// <summary>
    /// The clock that dates assertions, and by whose monotonic side tokens are held. The issuer tolerates one that is 10 seconds ahead or 90 behind; one that is
    /// further off, up to 5 minutes, is put right by the issuer's own when it refuses.
    /// </summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Issuer);
        ArgumentException.ThrowIfNullOrEmpty(ClientId);
        ArgumentNullException.ThrowIfNull(Credential);
        ArgumentNullException.ThrowIfNull(TimeProvider);
        ArgumentNullException.ThrowIfNull(Logger);
        CheckDuration(Timeout, nameof(Timeout));
        CheckDuration(AttemptTimeout, nameof(AttemptTimeout));
        if (HedgeAfter is { } delay)
            CheckDuration(delay, nameof(HedgeAfter));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxCachedTokens, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxCachedTokens, 1_000_000);
        if (FaultOf(Issuer) is { } fault)
            throw new ArgumentException($"The issuer {fault}", nameof(Issuer));
        ArgumentNullException.ThrowIfNull(Endpoints);
        if (FaultOf(Endpoints) is { } wrong)
            throw new ArgumentException(wrong, nameof(Endpoints));
    }

    internal static string? FaultOf(IList<Uri> endpoints)
    {
        if (endpoints.Count > IssuerAddresses.Most)
            return $"There may be at most {IssuerAddresses.Most} endpoints, but there are {endpoints.Count}.";

        foreach (var endpoint in endpoints)
        {
            if (endpoint is not { IsAbsoluteUri: true } || !IsSecure(endpoint))
                return $"An endpoint must be an absolute URL with https (http is for loopback addresses only), but is {endpoint?.OriginalString}.";
            if (endpoint.PathAndQuery != "/" || endpoint.Fragment.Length > 0 || endpoint.UserInfo.Length > 0)
                return $"An endpoint must be a base address, without path, query, fragment or user name, but is {endpoint.OriginalString}.";
        }

        return null;
    }

    private static void CheckDuration(TimeSpan value, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, TimeSpan.FromHours(1), name);
    }

    internal static string? FaultOf(Uri issuer)
    {
        if (!issuer.IsAbsoluteUri)
            return "must be an absolute URL, such as https://id.example.";
        if (!IsSecure(issuer))
            return $"must use https (http is for loopback addresses only), but is {issuer.OriginalString}.";
        if (issuer.OriginalString.AsSpan().ContainsAny('?', '#') || issuer.UserInfo.Length > 0)
            return $"must have no query, fragment or user name (RFC 8414 §2), but is {issuer.OriginalString}.";
        return null;
    }

    internal static bool IsSecure(Uri url) => url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback);
}
