using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Assay.Cedar;

/// <summary>A decimal number with four digits behind the point, from -922337203685477.5808 to 922337203685477.5807.</summary>
public sealed class DecimalValue : Value
{
    private const int Scale = 10_000;

    internal DecimalValue(long scaled) => Scaled = scaled;

    /// <summary>The number times 10,000.</summary>
    public long Scaled { get; }

    /// <inheritdoc/>
    public override string TypeName => "decimal";

    internal static bool TryParse(string text, [NotNullWhen(true)] out DecimalValue? value, out string reason)
    {
        value = null;
        reason = "it is not digits, a point and one to four digits";
        var negative = text.StartsWith('-');
        var digits = text.AsSpan(negative ? 1 : 0);
        var point = digits.IndexOf('.');
        if (point < 1 || digits.Length - point - 1 is < 1 or > 4)
            return false;

        var whole = digits[..point];
        var fraction = digits[(point + 1)..];
        if (whole.ContainsAnyExceptInRange('0', '9') || fraction.ContainsAnyExceptInRange('0', '9'))
            return false;

        reason = "it is beyond the range of decimal";
        whole = whole.TrimStart('0');
        if (whole.Length > 15)
            return false;

        var scaled = (Int128)(whole.IsEmpty ? 0 : long.Parse(whole, NumberStyles.None, CultureInfo.InvariantCulture)) * Scale;
        scaled += int.Parse(fraction, NumberStyles.None, CultureInfo.InvariantCulture) * PowerOfTen(4 - fraction.Length);
        if (negative)
            scaled = -scaled;

        if (scaled < long.MinValue || scaled > long.MaxValue)
            return false;

        value = new DecimalValue((long)scaled);
        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(Value? other) => other is DecimalValue value && value.Scaled == Scaled;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(2, Scaled);

    /// <inheritdoc/>
    public override string ToString() => $"decimal(\"{Text}\")";

    /// <summary>What the constructor takes.</summary>
    internal string Text
    {
        get
        {
            var magnitude = UInt128.CreateTruncating(Int128.Abs(Scaled));
            return string.Create(CultureInfo.InvariantCulture, $"{(Scaled < 0 ? "-" : "")}{magnitude / Scale}.{(int)(magnitude % Scale):0000}");
        }
    }

    private static int PowerOfTen(int exponent) => exponent switch { 0 => 1, 1 => 10, 2 => 100, _ => 1000 };
}
