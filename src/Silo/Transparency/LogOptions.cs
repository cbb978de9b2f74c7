using System.ComponentModel.DataAnnotations;

namespace Assay.Silo.Transparency;

/// <summary>The checkpoints of the evidence log.</summary>
internal sealed class LogOptions
{
    public const string Section = "Assay:Log";

    /// <summary>How often a silo looks how far all shards have come, and writes it down in its own when they have. 1 s by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:01:00")]
    public TimeSpan CheckpointEvery { get; init; } = TimeSpan.FromSeconds(1);
}
