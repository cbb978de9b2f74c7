using System.Globalization;
using System.Text;

namespace Assay.Cedar;

/// <summary>String escapes of Cedar (those of Rust string literals) and of patterns, which add <c>\*</c>.</summary>
internal static class Escapes
{
    /// <summary>Where the string literal that opens at <paramref name="quote"/> ends: the index after its closing quote, or -1 when it has none.</summary>
    public static int FindEnd(ReadOnlySpan<char> text, int quote)
    {
        for (var i = quote + 1; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '"':
                    return i + 1;
                case '\\':
                    // A backslash takes the next character with it, but a line break cannot be escaped.
                    if (++i < text.Length && text[i] == '\n')
                        return -1;

                    break;
            }
        }

        return -1;
    }

    /// <summary>The text between the quotes with escapes resolved, or null when an escape is not one.</summary>
    public static string? TryUnescape(ReadOnlySpan<char> body) => TryUnescape(body, out var text, out _) ? text : null;

    /// <summary>Resolves escapes; on failure <paramref name="fault"/> is the index of the offending character.</summary>
    public static bool TryUnescape(ReadOnlySpan<char> body, out string text, out int fault)
    {
        fault = body.IndexOfAny('\\', '\r');
        if (fault < 0)
        {
            text = body.ToString();
            return true;
        }

        var builder = new StringBuilder(body.Length);
        for (var i = 0; i < body.Length;)
        {
            fault = i;
            if (!TryNext(body, ref i, out var rune, out var star) || star)
            {
                text = "";
                return false;
            }

            Append(builder, rune);
        }

        text = builder.ToString();
        return true;
    }

    /// <summary>
    /// Resolves a pattern: literal stretches and, as null, every wildcard. An escape that yields a star
    /// (<c>\u{2a}</c>) is a wildcard as in the reference engine; only <c>\*</c> is a literal star.
    /// </summary>
    public static bool TryUnescapePattern(ReadOnlySpan<char> body, out List<string?> parts, out int fault)
    {
        parts = [];
        fault = -1;
        var literal = new StringBuilder();
        for (var i = 0; i < body.Length;)
        {
            fault = i;
            if (!TryNext(body, ref i, out var rune, out var star))
                return false;

            if (rune == '*' && !star)
            {
                Flush(literal, parts);
                parts.Add(null);
            }
            else
            {
                Append(literal, rune);
            }
        }

        Flush(literal, parts);
        return true;
    }

    /// <summary>A string literal that reads back as the same text.</summary>
    public static string Quote(string? text) =>
        AppendEscaped(new StringBuilder((text?.Length ?? 0) + 2).Append('"'), text ?? "").Append('"').ToString();

    /// <summary>A pattern literal that reads back as the same pattern.</summary>
    public static string Quote(Pattern pattern)
    {
        var builder = new StringBuilder().Append('"');
        foreach (var part in pattern.Written)
        {
            if (part is null)
                builder.Append('*');
            else
                AppendEscaped(builder, part, "\\*");
        }

        return builder.Append('"').ToString();
    }

    private static StringBuilder AppendEscaped(StringBuilder builder, string text, string star = "*")
    {
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' => builder.Append("\\\""),
                '\\' => builder.Append("\\\\"),
                '\n' => builder.Append("\\n"),
                '\r' => builder.Append("\\r"),
                '\t' => builder.Append("\\t"),
                '\0' => builder.Append("\\0"),
                '*' => builder.Append(star),
                _ when char.IsControl(c) || c is '\u2028' or '\u2029' => builder.Append(CultureInfo.InvariantCulture, $"\\u{{{(int)c:x}}}"),
                _ => builder.Append(c),
            };
        }

        return builder;
    }

    private static bool TryNext(ReadOnlySpan<char> body, ref int i, out int rune, out bool star)
    {
        star = false;
        rune = body[i++];
        if (rune == '\r')
            return false; // a bare carriage return: write \r

        if (rune != '\\')
            return true;

        if (i >= body.Length)
            return false;

        switch (body[i++])
        {
            case 'n': rune = '\n'; return true;
            case 'r': rune = '\r'; return true;
            case 't': rune = '\t'; return true;
            case '0': rune = '\0'; return true;
            case '\\': rune = '\\'; return true;
            case '"': rune = '"'; return true;
            case '\'': rune = '\''; return true;
            case '*': rune = '*'; star = true; return true;
            case 'x': return TryAscii(body, ref i, out rune);
            case 'u': return TryUnicode(body, ref i, out rune);
            default: return false;
        }
    }

    private static bool TryAscii(ReadOnlySpan<char> body, ref int i, out int rune)
    {
        rune = 0;
        if (i + 2 > body.Length || !char.IsAsciiHexDigit(body[i]) || !char.IsAsciiHexDigit(body[i + 1]))
            return false;

        rune = (HexValue(body[i]) << 4) | HexValue(body[i + 1]);
        i += 2;
        return rune <= 0x7f;
    }

    private static bool TryUnicode(ReadOnlySpan<char> body, ref int i, out int rune)
    {
        rune = 0;
        if (i >= body.Length || body[i++] != '{')
            return false;

        for (var digits = 0; i < body.Length; i++)
        {
            var c = body[i];
            if (c == '}')
            {
                i++;
                return digits > 0 && Rune.IsValid(rune);
            }

            if (c == '_' && digits > 0)
                continue;

            if (!char.IsAsciiHexDigit(c) || ++digits > 6)
                return false;

            rune = (rune << 4) | HexValue(c);
        }

        return false;
    }

    private static int HexValue(char c) => char.IsAsciiDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10;

    private static void Append(StringBuilder builder, int rune)
    {
        if (rune <= char.MaxValue)
            builder.Append((char)rune);
        else
            builder.Append(char.ConvertFromUtf32(rune));
    }

    private static void Flush(StringBuilder literal, List<string?> parts)
    {
        if (literal.Length > 0)
            parts.Add(literal.ToString());

        literal.Clear();
    }
}
