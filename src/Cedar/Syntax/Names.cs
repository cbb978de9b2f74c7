namespace Assay.Cedar;

/// <summary>What may be an identifier or an entity type (Cedar grammar: IDENT, Path).</summary>
internal static class Names
{
    /// <summary>Reserved for Cedar itself; may not appear in any name.</summary>
    public const string Internal = "__cedar";

    private static readonly HashSet<string> Keywords = ["true", "false", "if", "then", "else", "in", "like", "has", "is"];

    public static bool IsIdentifierStart(char c) => char.IsAsciiLetter(c) || c == '_';

    public static bool IsIdentifierPart(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';

    public static bool IsKeyword(string identifier) => Keywords.Contains(identifier);

    /// <summary>Whether it can stand as a name without quotes: an identifier that is not reserved.</summary>
    public static bool IsIdentifier(string name) => IsPlainIdentifier(name);

    /// <summary>Whether it can name an annotation, where nothing is reserved.</summary>
    public static bool IsAnnotation(string name) => name.Length > 0 && IsIdentifierStart(name[0]) && name.All(IsIdentifierPart);

    /// <summary>Whether entities of this type are actions.</summary>
    public static bool IsActionType(string type) => type == "Action" || type.EndsWith("::Action", StringComparison.Ordinal);

    public static bool IsEntityType(string type)
    {
        var rest = type.AsSpan();
        while (true)
        {
            var end = rest.IndexOf(':');
            var part = end < 0 ? rest : rest[..end];
            if (!IsPlainIdentifier(part))
                return false;

            if (end < 0)
                return true;

            if (end + 1 >= rest.Length || rest[end + 1] != ':')
                return false;

            rest = rest[(end + 2)..];
        }
    }

    private static bool IsPlainIdentifier(ReadOnlySpan<char> part)
    {
        if (part.IsEmpty || !IsIdentifierStart(part[0]))
            return false;

        foreach (var c in part)
        {
            if (!IsIdentifierPart(c))
                return false;
        }

        return !part.SequenceEqual(Internal) && !Keywords.GetAlternateLookup<ReadOnlySpan<char>>().Contains(part);
    }
}
