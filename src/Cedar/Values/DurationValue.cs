using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Assay.Cedar;

/// <summary>A span of time in milliseconds, either way.</summary>
public sealed class DurationValue : Value
{
    internal DurationValue(long milliseconds) => Milliseconds = milliseconds;

    /// <summary>The span in milliseconds.</summary>
    public long Milliseconds { get; }

    /// <inheritdoc/>
    public override string TypeName => "duration";

    internal static bool TryParse(string text, [NotNullWhen(true)] out DurationValue? value, out string reason)
    {
        value = null;
        reason = "it is not of the form 1d2h3m4s5ms";
        var negative = text.StartsWith('-');
        var rest = text.AsSpan(negative ? 1 : 0);
        if (rest.IsEmpty)
            return false;

        // Wider than 64 bits until the sign is applied, so that the smallest span can be written too.
        Int128 total = 0;
        var overflow = false;
        for (var unit = 0; unit < Units.Length; unit++)
        {
            if (!TryTake(ref rest, Units[unit].Suffix, out var digits))
                continue;

            digits = digits.TrimStart('0');
            if (digits.Length > 19)
                overflow = true;
            else if (!digits.IsEmpty)
                total += (Int128)ulong.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture) * Units[unit].Milliseconds;
        }

        if (!rest.IsEmpty)
            return false;

        reason = "it is beyond the range of duration";
        if (negative)
            total = -total;

        if (overflow || total < long.MinValue || total > long.MaxValue)
            return false;

        value = new DurationValue((long)total);
        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(Value? other) => other is DurationValue value && value.Milliseconds == Milliseconds;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(3, Milliseconds);

    /// <inheritdoc/>
    public override string ToString() => $"duration(\"{Text}\")";

    /// <summary>What the constructor takes.</summary>
    internal string Text => string.Create(CultureInfo.InvariantCulture, $"{Milliseconds}ms");

    private static readonly (string Suffix, long Milliseconds)[] Units =
        [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

    private static bool TryTake(ref ReadOnlySpan<char> rest, string suffix, out ReadOnlySpan<char> digits)
    {
        var length = rest.IndexOfAnyExceptInRange('0', '9');
        digits = default;
        if (length < 1 || !rest[length..].StartsWith(suffix))
            return false;

        if (suffix == "m" && rest[length..].StartsWith("ms"))
            return false;

        digits = rest[..length];
        rest = rest[(length + suffix.Length)..];
        return true;
    }
}
