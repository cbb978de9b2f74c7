using System.ComponentModel.DataAnnotations;

namespace Assay.Grains;

/// <summary>Bounds of decisions and tokens.</summary>
public sealed class DecisionOptions
{
    public const string Section = "Assay:Decisions";

    /// <summary>The life of a token when neither policy nor API says otherwise. 60 to 900 seconds; 300 by default.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "00:15:00")]
    public TimeSpan TokenLifetime { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>The longest life a token may have, whatever policy says. 60 to 900 seconds; 900 by default.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "00:15:00")]
    public TimeSpan MaxTokenLifetime { get; init; } = TimeSpan.FromSeconds(900);

    /// <summary>Entitlements older than this are not decided on. 60 seconds by default.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan EntitlementAgeBound { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How far a client's clock may be ahead. 10 seconds by default, 60 at most (FAPI 2.0).</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Decisions a second for an identity that does not say, over the whole cluster. 20,000 by default.</summary>
    [Range(1, 1_000_000)]
    public int RequestsPerSecond { get; init; } = 20_000;

    /// <summary>The longest life of a client assertion, <c>exp</c> − <c>iat</c>. 300 seconds.</summary>
    public static readonly TimeSpan MaxAssertionLifetime = TimeSpan.FromSeconds(300);

    /// <summary>An assertion is taken until this long after its <c>exp</c>. 30 seconds.</summary>
    public static readonly TimeSpan AssertionLeeway = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long after it was spent an assertion may still be timely, at most: of a client whose clock is as far ahead as <see cref="ClockSkew"/> may allow, with the longest life. 391 seconds, one of
    /// them for what is rounded.
    /// </summary>
    public static readonly TimeSpan LongestTimely = TimeSpan.FromMinutes(1) + MaxAssertionLifetime + AssertionLeeway + TimeSpan.FromSeconds(1);
}
