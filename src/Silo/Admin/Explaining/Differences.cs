using Assay.Silo.Admin.Wire;

namespace Assay.Silo.Admin.Explaining;

/// <summary>What is different now, in sentences.</summary>
internal static class Differences
{
    public static IEnumerable<string> Between(DecisionAnswer then, DecisionAnswer now, DateTimeOffset today)
    {
        if (now.Refusal is not null || now.Risk is null || then.Risk is null)
            yield break; // the refusal says it all

        foreach (var gone in Groups(then).Except(Groups(now)))
        {
            var ended = then.Entitlements.FirstOrDefault(member => member.Group == gone)?.ExpiresAt <= today;
            yield return ended ? $"its membership in {gone} has expired" : $"it is no longer in {gone}";
        }

        foreach (var gained in Groups(now).Except(Groups(then)))
            yield return $"it is in {gained} now";

        if (then.Risk.Score != now.Risk.Score)
            yield return $"its risk went from {Risk(then.Risk)} to {Risk(now.Risk)}";
        if (then.PolicyVersion is { Length: > 0 } before && now.PolicyVersion is { Length: > 0 } after && before != after)
            yield return $"another policy set is in force in domain {now.PolicyDomain}";
    }

    private static IEnumerable<string> Groups(DecisionAnswer decision) => decision.Entitlements.Select(member => member.Group);

    private static string Risk(RiskAnswer risk) =>
        $"{risk.Score} {risk.Level}{(risk.Signals.IsEmpty ? "" : $" ({string.Join(", ", risk.Signals)})")}";
}
