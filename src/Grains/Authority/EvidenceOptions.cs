using Microsoft.Extensions.Options;

namespace Assay.Grains.Authority;

/// <summary>Bounds of the evidence writer.</summary>
public sealed class EvidenceOptions
{
    public const string Section = "Assay:Evidence";

    /// <summary>Records reserved and not yet durable; beyond this requests are refused with 503. 16 to 1,000,000; 16,384 by default.</summary>
    public int MaxPending { get; set; } = 16_384;

    /// <summary>Records that share one commit. 1 to 65,536; 2,048 by default.</summary>
    public int MaxBatchRecords { get; set; } = 2_048;

    /// <summary>Bytes of records after which a batch takes no more. 4 KiB to 64 MiB; 4 MiB by default.</summary>
    public int MaxBatchBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>The longest time between two tries of a commit that failed. 10 ms to 10 s; 500 ms by default. The first waits 10 ms, then each twice as long.</summary>
    public TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How long a commit may take before those who wait for it are refused with 503, and new ones at once, until it is done; their records stay in
    /// line. 100 ms to 1 min; 5 s by default.
    /// </summary>
    public TimeSpan CommitPatience { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often those who wait for a commit are told that the lease has lapsed, or that it takes too long. 10 ms to 10 s; 250 ms by default.</summary>
    public TimeSpan LapseCheckEvery { get; set; } = TimeSpan.FromMilliseconds(250);
}

internal sealed class EvidenceOptionsValidator : IValidateOptions<EvidenceOptions>
{
    public ValidateOptionsResult Validate(string? name, EvidenceOptions options)
    {
        var faults = new List<string>();
        Between(nameof(options.MaxPending), options.MaxPending, 16, 1_000_000, faults);
        Between(nameof(options.MaxBatchRecords), options.MaxBatchRecords, 1, 65_536, faults);
        Between(nameof(options.MaxBatchBytes), options.MaxBatchBytes, 4 * 1024, 64 * 1024 * 1024, faults);
        Between(nameof(options.MaxRetryDelay), options.MaxRetryDelay, TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(10), faults);
        Between(nameof(options.CommitPatience), options.CommitPatience, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1), faults);
        Between(nameof(options.LapseCheckEvery), options.LapseCheckEvery, TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(10), faults);
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static void Between<T>(string option, T value, T least, T most, List<string> faults)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
            faults.Add($"{EvidenceOptions.Section}:{option} must be from {least} to {most}; it is {value}.");
    }
}
