using System.Collections.Immutable;
using Assay.Cedar;

namespace Assay.Core.Policies;

/// <summary>What a policy's annotations ask for, checked when the set is loaded.</summary>
/// <param name="MaxLifetime"><c>@max_ttl</c>, on a permit: 60 to 900 s.</param>
/// <param name="Bind"><c>@bind</c>, on a permit: <c>dpop</c>, <c>mtls</c> or <c>any</c>.</param>
/// <param name="StepUp"><c>@step_up</c>, on a forbid: the verification that lifts it.</param>
/// <param name="Reason"><c>@reason</c>: text for evidence.</param>
/// <param name="IsPublic"><c>@public</c>: the caller may read the reason.</param>
public sealed record Obligations(TimeSpan? MaxLifetime, string? Bind, string? StepUp, string? Reason, bool IsPublic)
{
    public static readonly TimeSpan ShortestLifetime = TimeSpan.FromSeconds(60);
    public static readonly TimeSpan LongestLifetime = TimeSpan.FromSeconds(900);

    private static readonly string[] Known = ["id", "max_ttl", "bind", "step_up", "reason", "public"];
    private static readonly string[] Bindings = ["dpop", "mtls", "any"];

    /// <summary>Reads a policy's annotations; every fault is added to <paramref name="faults"/>.</summary>
    public static Obligations Read(Policy policy, ImmutableArray<PolicyFault>.Builder faults)
    {
        TimeSpan? lifetime = null;
        string? bind = null, stepUp = null, reason = null;
        foreach (var (name, text) in policy.Annotations)
        {
            switch (name)
            {
                case "id":
                case "public":
                    break;
                case "max_ttl":
                    lifetime = ReadLifetime(policy, text, faults);
                    Only(policy, Effect.Permit, name, faults);
                    break;
                case "bind":
                    bind = text;
                    if (!Bindings.Contains(text))
                        faults.Add(Fault(policy, $"@bind(\"{text}\") is not a token binding; expected \"dpop\", \"mtls\" or \"any\""));
                    Only(policy, Effect.Permit, name, faults);
                    break;
                case "step_up":
                    stepUp = text;
                    if (text.Length is 0 or > 64 || !text.All(c => char.IsAsciiLetterLower(c) || c == '_'))
                        faults.Add(Fault(policy, $"@step_up(\"{text}\") must name a verification in lower-case letters and '_', for instance \"attestation\" or \"approval\""));
                    Only(policy, Effect.Forbid, name, faults);
                    break;
                case "reason":
                    reason = text;
                    if (text.Length is 0 or > 500)
                        faults.Add(Fault(policy, "@reason must have 1 to 500 characters"));
                    break;
                default:
                    faults.Add(Fault(policy, $"unknown annotation @{name}; {Suggestion(name)}"));
                    break;
            }
        }

        var isPublic = policy.Annotations.ContainsKey("public");
        if (isPublic && reason is null)
            faults.Add(Fault(policy, "@public shows the caller a reason, and there is none; add @reason(\"…\")"));
        return new Obligations(lifetime, bind, stepUp, reason, isPublic);
    }

    private static TimeSpan? ReadLifetime(Policy policy, string text, ImmutableArray<PolicyFault>.Builder faults)
    {
        var unit = text.Length > 1 ? text[^1] switch { 's' => 1, 'm' => 60, _ => 0 } : 0;
        if (unit > 0 && text.Length <= 6 && int.TryParse(text.AsSpan(0, text.Length - 1), System.Globalization.NumberStyles.None, null, out var count))
        {
            var lifetime = TimeSpan.FromSeconds((long)count * unit);
            if (lifetime >= ShortestLifetime && lifetime <= LongestLifetime)
                return lifetime;
        }

        faults.Add(Fault(policy, $"@max_ttl(\"{text}\") must be 60 to 900 seconds, written as \"90s\" or \"5m\""));
        return null;
    }

    private static void Only(Policy policy, Effect effect, string name, ImmutableArray<PolicyFault>.Builder faults)
    {
        if (policy.Effect != effect)
            faults.Add(Fault(policy, $"@{name} belongs on a {effect.ToString().ToLowerInvariant()}, and this is a {policy.Effect.ToString().ToLowerInvariant()}"));
    }

    private static string Suggestion(string name)
    {
        var near = Known.FirstOrDefault(known => known.Replace("_", "", StringComparison.Ordinal) == name.Replace("_", "", StringComparison.Ordinal).ToLowerInvariant())
            ?? Known.FirstOrDefault(known => known[0] == char.ToLowerInvariant(name[0]));
        return near is null ? "known are @id, @max_ttl, @bind, @step_up, @reason and @public" : $"did you mean @{near}?";
    }

    private static PolicyFault Fault(Policy policy, string message) => new(policy.Position, message);
}
