namespace Assay.Core.Json;

/// <summary>
/// Texts that many objects have in common (owners, roles, grant types), so that a million identities hold one copy of each. Of a fixed size: a text takes the
/// place of another that falls on the same, which costs memory and nothing else. For any thread.
/// </summary>
internal static class TextPool
{
    /// <summary>Longer ones are as good as never shared.</summary>
    private const int MaxLength = 128;

    private static readonly string?[] Places = new string?[1024];

    /// <summary>An equal text, which others may hold too.</summary>
    public static string Of(string text)
    {
        if (text.Length > MaxLength)
            return text;

        ref var place = ref Places[(uint)text.GetHashCode(StringComparison.Ordinal) % (uint)Places.Length];
        if (Volatile.Read(ref place) is { } known && known == text)
            return known;
        Volatile.Write(ref place, text);
        return text;
    }
}
