using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Assay.Grains.Authority;
using Assay.Grains.Policies;

namespace Assay.Silo.Health;

/// <summary>What a silo says of itself, as of its last renewal. Medians and p99 are over the last 1,024 values.</summary>
internal sealed record SiloFigures
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>The feed number it decides at.</summary>
    public long Applied { get; init; }

    /// <summary>Seals of other silos that it saw go by since it joined.</summary>
    public long SealsSeen { get; init; }

    /// <summary>Evidence records reserved and not yet durable.</summary>
    public int PendingRecords { get; init; }

    /// <summary>Evidence records that shared a commit.</summary>
    public Spread? BatchRecords { get; init; }

    /// <summary>Milliseconds until a batch of evidence was durable.</summary>
    public Spread? CommitMilliseconds { get; init; }

    /// <summary>Milliseconds until a narrowing change held everywhere.</summary>
    public Spread? NarrowingMilliseconds { get; init; }

    /// <summary>The shadow policy sets it asks beside those in force; absent when there are none.</summary>
    public ImmutableArray<ShadowFigures>? Shadows { get; init; }

    public string Write() => JsonSerializer.Serialize(this, Json);

    /// <summary>Null when there are none, or none that this version understands: silos of several versions run side by side during an upgrade.</summary>
    public static SiloFigures? Read(string? report)
    {
        try
        {
            return report is null ? null : JsonSerializer.Deserialize<SiloFigures>(report, Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

internal sealed record Spread(double P50, double P99)
{
    public static Spread? Of(Quantiles? values, double scale = 1) =>
        values is null ? null : new Spread(Math.Round(values.P50 * scale, 3), Math.Round(values.P99 * scale, 3));
}

/// <summary>What a silo counted of a shadow policy set since it took it up.</summary>
/// <param name="Since">The feed number at which the set became the shadow: counts of another one are of another shadow.</param>
/// <param name="Counts">By the kinds of <see cref="ShadowCounts.Kinds"/>.</param>
internal sealed record ShadowFigures(string Domain, string Version, long Since, ImmutableDictionary<string, long> Counts)
{
    public static ImmutableArray<ShadowFigures>? Of(SiloSnapshot? view) =>
        view is null || view.Shadows.IsEmpty ? null : [.. view.Shadows.Values.Select(Of).OrderBy(shadow => shadow.Domain, StringComparer.Ordinal)];

    private static ShadowFigures Of(ShadowPolicy shadow) => new(
        shadow.Domain, shadow.Version, shadow.Number, ShadowCounts.Kinds.Zip(shadow.Counts.Values).ToImmutableDictionary(pair => pair.First, pair => pair.Second));
}

/// <summary>Takes the figures from the meters, for the lease table.</summary>
internal sealed class SiloReporter(AuthorityMeter authority, EvidenceMeter evidence, SiloView view) : ISiloReport
{
    public string Write() => new SiloFigures
    {
        Applied = authority.Applied,
        SealsSeen = authority.SealsSeen,
        PendingRecords = evidence.Pending,
        BatchRecords = Spread.Of(evidence.RecentRecords),
        CommitMilliseconds = Spread.Of(evidence.RecentSeconds, 1000),
        NarrowingMilliseconds = Spread.Of(authority.RecentNarrowing, 1000),
        Shadows = ShadowFigures.Of(view.Newest),
    }.Write();
}
