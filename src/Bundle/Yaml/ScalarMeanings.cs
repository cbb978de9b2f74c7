using System.Text.RegularExpressions;

namespace Assay.Bundle.Yaml;

/// <summary>What a plain scalar means by the core schema of YAML 1.2 (§10.3.2), and where YAML 1.1 would read it otherwise.</summary>
internal static partial class ScalarMeanings
{
    public static ScalarMeaning Of(string plain) => plain switch
    {
        "" or "~" or "null" or "Null" or "NULL" => ScalarMeaning.Nothing,
        "true" or "True" or "TRUE" or "false" or "False" or "FALSE" => ScalarMeaning.Boolean,
        _ when IsAlmostBoolean(plain) => ScalarMeaning.AlmostBoolean,
        _ when Integer().IsMatch(plain) => ScalarMeaning.Integer,
        _ when OtherNumber().IsMatch(plain) => ScalarMeaning.OtherNumber,
        _ => ScalarMeaning.Text,
    };

    private static bool IsAlmostBoolean(string plain) => plain.Length is 2 or 3 && plain.ToLowerInvariant() is "yes" or "no" or "on" or "off";

    [GeneratedRegex(@"\A-?(0|[1-9][0-9]*)\z")]
    private static partial Regex Integer();

    [GeneratedRegex(@"\A([-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\z")]
    private static partial Regex OtherNumber();
}
