namespace Assay.Cedar;

/// <summary>What may be an identifier or an entity type (Cedar grammar: IDENT, Path).</summary>
internal static class Names
{
    /// <summary>Reserved for Cedar itself; may not appear in any name.</summary>
    public const string Internal = "__cedar";

    /// <summary>The type of all actions, possibly in a namespace.</summary>
    public const string ActionType = "Action";

    private static readonly HashSet<string> Keywords = ["true", "false", "if", "then", "else", "in", "like", "has", "is"];

    public static bool IsIdentifierStart(char c) => char.IsAsciiLetter(c) || c == '_';

    public static bool IsIdentifierPart(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';

    public static bool IsKeyword(string identifier) => Keywords.Contains(identifier);

    /// <summary>Whether this is the type of actions in some namespace.</summary>
    public static bool IsActionType(string type) => Basename(type).SequenceEqual(ActionType);

    /// <summary>The last part of a path.</summary>
    public static ReadOnlySpan<char> Basename(string path) => path.AsSpan(path.LastIndexOf(':') + 1);

    /// <summary>A name declared in a namespace, or outside of every one.</summary>
    public static string Qualify(string? scope, string name) => scope is null ? name : $"{scope}::{name}";

    /// <summary>Whether this is one identifier that is no keyword. The reserved <see cref="Internal"/> is one.</summary>
    public static bool IsIdentifier(ReadOnlySpan<char> part) => IsAnyIdentifier(part) && !Keywords.GetAlternateLookup<ReadOnlySpan<char>>().Contains(part);

    /// <summary>Whether an attribute of this name can be written without quotes.</summary>
    public static bool IsUnquoted(string name) => IsIdentifier(name) && name != Internal;

    /// <summary>Whether this has the form of an identifier, keywords included.</summary>
    public static bool IsAnyIdentifier(ReadOnlySpan<char> part)
    {
        if (part.IsEmpty || !IsIdentifierStart(part[0]))
            return false;

        foreach (var c in part)
        {
            if (!IsIdentifierPart(c))
                return false;
        }

        return true;
    }

    /// <summary>Whether this is a path that can name an entity type.</summary>
    public static bool IsEntityType(string type) => IsPath(type, isInternalAllowed: false);

    /// <summary>Whether this is a path: identifiers joined by <c>::</c>, without spaces.</summary>
    public static bool IsPath(string path) => IsPath(path, isInternalAllowed: true);

    private static bool IsPath(string path, bool isInternalAllowed)
    {
        var rest = path.AsSpan();
        while (true)
        {
            var end = rest.IndexOf(':');
            var part = end < 0 ? rest : rest[..end];
            if (!IsIdentifier(part) || (!isInternalAllowed && part.SequenceEqual(Internal)))
                return false;

            if (end < 0)
                return true;

            if (end + 1 >= rest.Length || rest[end + 1] != ':')
                return false;

            rest = rest[(end + 2)..];
        }
    }
}
