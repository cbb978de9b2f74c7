using System.Diagnostics.Metrics;
using Assay.Core.Decisions;
using Assay.Core.Shadowing;
using Assay.Grains.Authority;

namespace Assay.Grains.Policies;

/// <summary>How shadow policy sets differ from those in force, on the meter <c>Assay</c>.</summary>
public sealed class ShadowMeter : IDisposable
{
    private readonly Meter meter;
    private readonly Counter<long> decisions;

    public ShadowMeter(IMeterFactory meters)
    {
        meter = meters.Create(EvidenceMeter.MeterName);
        decisions = meter.CreateCounter<long>(
            "assay.policy.shadow.decisions",
            "{decision}",
            "Decisions beside which a shadow policy set was there, by how it would have answered: same, gained, lost, stepUp, shorter, longer, otherReason, failed, skipped. One decision may count under several.");
    }

    public void Dispose() => meter.Dispose();

    /// <param name="answer">Null when the shadow was not asked.</param>
    internal void Count(ShadowPolicy shadow, ShadowAnswer? answer, Verdict verdict)
    {
        if (answer is null)
        {
            Count(shadow, ShadowCounts.Skipped);
            return;
        }

        shadow.Count(ShadowCounts.Asked);
        for (var left = (int)answer.DifferencesFrom(verdict); left != 0; left &= left - 1)
            Count(shadow, System.Numerics.BitOperations.TrailingZeroCount(left));
    }

    private void Count(ShadowPolicy shadow, int kind)
    {
        shadow.Count(kind);
        decisions.Add(1, new KeyValuePair<string, object?>("kind", ShadowCounts.Kinds[kind]), new KeyValuePair<string, object?>("domain", shadow.Domain));
    }
}
