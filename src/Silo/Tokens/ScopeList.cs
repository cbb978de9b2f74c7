using System.Collections.Immutable;

namespace Assay.Silo.Tokens;

/// <summary>The <c>scope</c> parameter (RFC 6749 §3.3): tokens of %x21 / %x23-5B / %x5D-7E, one space between.</summary>
internal static class ScopeList
{
    public const int MaxScopes = 64;
    public const int MaxScopeLength = 256;

    /// <summary>Distinct scopes in the order of the request; none for null. False when malformed.</summary>
    public static bool TryParse(string? text, out ImmutableArray<string> scopes)
    {
        scopes = [];
        if (text is null)
            return true;

        var found = ImmutableArray.CreateBuilder<string>(4);
        var start = 0;
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] != ' ')
            {
                if (text[i] is < '!' or > '~' or '"' or '\\')
                    return false;
                continue;
            }

            if (i == start || i - start > MaxScopeLength)
                return false;
            var scope = text[start..i];
            if (!found.Contains(scope))
                found.Add(scope);
            if (found.Count > MaxScopes)
                return false;
            start = i + 1;
        }

        scopes = found.DrainToImmutable();
        return true;
    }
}
