using System.Collections.Immutable;
using System.Globalization;
using Assay.Cedar;

namespace Assay.Core.Policies;

/// <summary>Reads a policy's annotations against the closed vocabulary: what is not in it is a fault, never ignored.</summary>
internal static class ObligationReader
{
    private const int LongestStepUp = 64;
    private const int LongestReason = 500;

    private static readonly string[] Known = ["id", "max_ttl", "bind", "step_up", "reason", "public"];

    /// <summary>The obligations; every fault is added to <paramref name="faults"/>, at the annotation that has it.</summary>
    public static Obligations Read(Annotated policy, ImmutableArray<PolicyFault>.Builder faults)
    {
        TimeSpan? lifetime = null;
        string? bind = null, stepUp = null, reason = null;
        var isPublic = policy.Annotations.ContainsKey("public");
        foreach (var (name, text) in policy.Annotations)
        {
            switch (name)
            {
                case "id":
                    break; // checked where policies get their names
                case "max_ttl":
                    BelongsOn(Effect.Permit, name);
                    lifetime = Lifetime(text);
                    if (lifetime is null)
                        Fault(name, $"@max_ttl(\"{text}\") must be 60 to 900 seconds, written as \"90s\" or \"5m\"");
                    break;
                case "bind":
                    BelongsOn(Effect.Permit, name);
                    bind = text;
                    if (text is not ("dpop" or "mtls" or "any"))
                        Fault(name, $"@bind(\"{text}\") is no token binding; expected \"dpop\", \"mtls\" or \"any\"");
                    break;
                case "step_up":
                    BelongsOn(Effect.Forbid, name);
                    stepUp = text;
                    if (text.Length is 0 or > LongestStepUp || !text.All(c => char.IsAsciiLetterLower(c) || c == '_'))
                        Fault(name, $"@step_up(\"{text}\") must name a verification in lower-case letters and '_', such as \"attestation\" or \"approval\"");
                    break;
                case "reason":
                    reason = text;
                    if (text.Length is 0 or > LongestReason)
                        Fault(name, $"@reason must have 1 to {LongestReason} characters");
                    else if (isPublic && !text.All(IsSpeakable))
                        Fault(name, "a @public reason goes into error_description, which holds printable ASCII without \" and \\ (RFC 6749 §5.2)");
                    break;
                case "public":
                    if (text.Length > 0)
                        Fault(name, "@public stands alone; the text belongs into @reason");
                    if (!policy.Annotations.ContainsKey("reason"))
                        Fault(name, "@public shows the caller a reason, and there is none; add @reason(\"…\")");
                    break;
                default:
                    Fault(name, $"unknown annotation @{name}; {Suggestion(name)}");
                    break;
            }
        }

        return new Obligations(lifetime, bind, stepUp, reason, isPublic);

        void BelongsOn(Effect effect, string name)
        {
            if (policy.Effect != effect)
                Fault(name, $"@{name} belongs on a {Word(effect)}, and this is a {Word(policy.Effect)}");
        }

        void Fault(string name, string message) => faults.Add(new PolicyFault(AnnotationPlaces.Find(policy, name), message));
    }

    private static TimeSpan? Lifetime(string text)
    {
        var unit = text.Length is > 1 and <= 5 ? text[^1] switch { 's' => 1, 'm' => 60, _ => 0 } : 0;
        if (unit == 0 || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            return null;

        var lifetime = TimeSpan.FromSeconds((long)count * unit);
        return lifetime >= Obligations.ShortestLifetime && lifetime <= Obligations.LongestLifetime ? lifetime : null;
    }

    private static bool IsSpeakable(char c) => c is >= ' ' and <= '~' and not ('"' or '\\');

    private static string Word(Effect effect) => effect == Effect.Permit ? "permit" : "forbid";

    private static string Suggestion(string name)
    {
        var near = Known.MinBy(known => Distance(known, Plain(name)))!;
        return Distance(near, Plain(name)) <= Math.Max(1, near.Length / 3)
            ? $"did you mean @{near}?"
            : "known are @id, @max_ttl, @bind, @step_up, @reason and @public";
    }

    // maxTTL, MaxTtl and max_ttl are near.
    private static string Plain(string name) => name.Length > 32 ? name[..32].ToLowerInvariant() : name.ToLowerInvariant();

    // How many letters to insert, delete or replace to get from one word to the other.
    private static int Distance(string from, string to)
    {
        var row = new int[to.Length + 1];
        for (var j = 0; j <= to.Length; j++)
            row[j] = j;

        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (from[i - 1] == to[j - 1] ? 0 : 1)));
        }

        return row[to.Length];
    }
}
