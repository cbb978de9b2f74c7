using System.Text.Json;

namespace Assay.Cedar.Conformance;

/// <summary>What an expected validation result says to this library.</summary>
internal static class Golden
{
    // Engine 4.10, which wrote the goldens, refuses a policy for this; 4.13.0 only warns of it.
    private const string NowWarning = "unable to find an applicable action";

    /// <summary>
    /// Whether a set or policy must pass in a mode, <c>strict</c> or <c>permissive</c>; null when either will do. Where the only error is now a warning,
    /// it must in strict mode. In permissive mode 4.13.0 cannot be asked: what its package offers is strict.
    /// </summary>
    public static bool? Passes(JsonElement expected, string mode) =>
        !HasDrifted(expected, mode) ? expected.GetProperty(mode).GetBoolean() : mode == "strict" ? true : null;

    /// <summary>Whether it was refused in a mode for nothing but that.</summary>
    public static bool HasDrifted(JsonElement expected, string mode) =>
        !expected.GetProperty(mode).GetBoolean() && Errors(expected, mode + "Errors") is { Length: > 0 } errors && errors.All(IsNowWarning);

    /// <summary>Whether an entity has errors.</summary>
    public static bool HasErrors(JsonElement expected) => Errors(expected, "errors").Length > 0;

    private static string[] Errors(JsonElement expected, string name) =>
        expected.TryGetProperty(name, out var errors) ? [.. errors.EnumerateArray().Select(error => error.GetString()!)] : [];

    private static bool IsNowWarning(string error) => error.Contains(NowWarning, StringComparison.Ordinal);
}
