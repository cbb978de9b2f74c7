using System.ComponentModel.DataAnnotations;

namespace Assay.Grains.Keys;

/// <summary>The life of signing keys.</summary>
public sealed class KeyOptions
{
    public const string Section = "Assay:Keys";

    /// <summary>How long a key is published before it may sign; at least <see cref="JwksMaxAge"/>. 24 hours by default.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan AnnounceTime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long a key signs before a standby takes over. 30 days by default.</summary>
    [Range(typeof(TimeSpan), "00:00:02", "400.00:00:00")]
    public TimeSpan RotationPeriod { get; init; } = TimeSpan.FromDays(30);

    /// <summary><c>max-age</c> of the JWKS answer. 5 minutes by default.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan JwksMaxAge { get; init; } = TimeSpan.FromMinutes(5);
}
