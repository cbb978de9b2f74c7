using System.Collections.Immutable;

namespace Assay.Silo.Tokens;

/// <summary>The <c>scope</c> parameter (RFC 6749 §3.3): tokens of %x21 / %x23-5B / %x5D-7E, one space between.</summary>
internal static class ScopeList
{
    public const int MaxScopes = 64;
    public const int MaxScopeLength = 256;

    /// <summary>Longer lists are as good as never alike. Bounds what callers can have kept: some 1 MB.</summary>
    private const int MaxKnownLength = 256;

    // Of a fixed size: one takes the place of another, which costs reading it again.
    private static readonly Known?[] Lists = new Known?[512];

    /// <summary>Distinct scopes in the order of the request; none for null. False when malformed.</summary>
    public static bool TryParse(string? text, out ImmutableArray<string> scopes)
    {
        scopes = [];
        if (text is null)
            return true;
        if (text.Length > MaxKnownLength)
            return TryRead(text, out scopes);

        ref var place = ref Lists[(uint)text.GetHashCode(StringComparison.Ordinal) % (uint)Lists.Length];
        if (Volatile.Read(ref place) is { } known && known.Text == text)
        {
            scopes = known.Scopes;
            return true;
        }

        if (!TryRead(text, out scopes))
            return false;
        Volatile.Write(ref place, new Known(text, scopes));
        return true;
    }

    private static bool TryRead(string text, out ImmutableArray<string> scopes)
    {
        scopes = [];
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

    private sealed record Known(string Text, ImmutableArray<string> Scopes);
}
