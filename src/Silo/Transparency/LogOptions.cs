using System.ComponentModel.DataAnnotations;

namespace Assay.Silo.Transparency;

/// <summary>The checkpoints of the evidence log.</summary>
internal sealed class LogOptions
{
    public const string Section = "Assay:Log";

    /// <summary>How often a silo looks how far all shards have come, and writes it down in its own when they have. 1 s by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:01:00")]
    public TimeSpan CheckpointEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Others who are shown every checkpoint, and say that they have seen it (C2SP tlog-witness). Nobody by default.</summary>
    public List<WitnessOptions> Witnesses { get; init; } = [];

    /// <summary>How often witnesses are shown what is new. 10 s by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan WitnessEvery { get; init; } = TimeSpan.FromSeconds(10);
}

internal sealed class WitnessOptions
{
    /// <summary>The submission prefix; <c>/add-checkpoint</c> comes after it.</summary>
    public string Url { get; init; } = "";

    /// <summary><c>name+id+base64</c>, an Ed25519 key for cosignatures.</summary>
    public string Key { get; init; } = "";
}
