using System.ComponentModel.DataAnnotations;

namespace Assay.Silo.StatusLists;

/// <summary>How fresh status lists are.</summary>
internal sealed class StatusListOptions
{
    public const string Section = "Assay:StatusLists";

    /// <summary><c>ttl</c> of a list: how long whoever fetched it may go on without asking again. 15 s by default.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:00:30")]
    public TimeSpan TimeToLive { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary><c>exp</c> of a list after it was signed: when it is not to be believed any more. At least twice <see cref="TimeToLive"/>; 60 s by default.</summary>
    [Range(typeof(TimeSpan), "00:00:02", "00:05:00")]
    public TimeSpan Life { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>At most so often the lists are searched for what was revoked, and a list is made or fetched anew. 1 s by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:00:05")]
    public TimeSpan PublishEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether a list that is about to be signed anew still lasts for a whole <see cref="TimeToLive"/>.</summary>
    public bool IsConsistent => Life >= TimeToLive * 2;

    /// <summary>How long caches on the way may keep a list; part of what passes until a revocation is seen everywhere.</summary>
    public TimeSpan MaxAge => TimeSpan.FromSeconds(Math.Min(5, Math.Floor(TimeToLive.TotalSeconds / 3)));
}
