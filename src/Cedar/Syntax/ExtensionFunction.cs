using System.Collections.Frozen;

namespace Assay.Cedar;

/// <summary>The functions of the extension types: constructors are called by name, the rest as methods of their first argument.</summary>
internal enum ExtensionFunction : byte
{
    Decimal,
    Ip,
    Datetime,
    Duration,
    LessThan,
    LessThanOrEqual,
    GreaterThan,
    GreaterThanOrEqual,
    IsIpv4,
    IsIpv6,
    IsLoopback,
    IsMulticast,
    IsInRange,
    Offset,
    DurationSince,
    ToDate,
    ToTime,
    ToMilliseconds,
    ToSeconds,
    ToMinutes,
    ToHours,
    ToDays,
}

internal static class ExtensionFunctions
{
    public static readonly FrozenDictionary<string, ExtensionFunction> ByName =
        Enum.GetValues<ExtensionFunction>().ToFrozenDictionary(Name, StringComparer.Ordinal);

    public static string Name(this ExtensionFunction function)
    {
        var name = function.ToString();
        return char.ToLowerInvariant(name[0]) + name[1..];
    }

    public static bool IsConstructor(this ExtensionFunction function) => function <= ExtensionFunction.Duration;

    /// <summary>Arguments it takes, the target of a method included.</summary>
    public static int Arity(this ExtensionFunction function) => function switch
    {
        >= ExtensionFunction.LessThan and <= ExtensionFunction.GreaterThanOrEqual => 2,
        ExtensionFunction.IsInRange or ExtensionFunction.Offset or ExtensionFunction.DurationSince => 2,
        _ => 1,
    };

    /// <summary>The extension type of an argument; null for the text that constructors take.</summary>
    public static ExtensionType? Operand(this ExtensionFunction function, int index) => function switch
    {
        <= ExtensionFunction.Duration => null,
        <= ExtensionFunction.GreaterThanOrEqual => ExtensionType.Decimal,
        <= ExtensionFunction.IsInRange => ExtensionType.IpAddr,
        ExtensionFunction.Offset when index > 0 => ExtensionType.Duration,
        <= ExtensionFunction.ToTime => ExtensionType.Datetime,
        _ => ExtensionType.Duration,
    };

    /// <summary>The constructor of a type's values.</summary>
    public static ExtensionFunction Constructor(this ExtensionType type) => type switch
    {
        ExtensionType.Decimal => ExtensionFunction.Decimal,
        ExtensionType.IpAddr => ExtensionFunction.Ip,
        ExtensionType.Datetime => ExtensionFunction.Datetime,
        _ => ExtensionFunction.Duration,
    };

    /// <summary>Applies a constructor; null, with a reason, when the text is not one of its values, or when this is no constructor.</summary>
    public static Value? Construct(this ExtensionFunction function, string text, out string reason)
    {
        switch (function)
        {
            case ExtensionFunction.Decimal:
                return DecimalValue.TryParse(text, out var number, out reason) ? number : null;
            case ExtensionFunction.Ip:
                return IpValue.TryParse(text, out var address, out reason) ? address : null;
            case ExtensionFunction.Datetime:
                return DatetimeValue.TryParse(text, out var moment, out reason) ? moment : null;
            case ExtensionFunction.Duration:
                return DurationValue.TryParse(text, out var span, out reason) ? span : null;
            default:
                reason = "not a constructor";
                return null;
        }
    }
}
