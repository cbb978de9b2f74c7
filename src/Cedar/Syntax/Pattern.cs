namespace Assay.Cedar;

/// <summary>What <c>like</c> matches against: literal stretches with wildcards (any run of characters, also none) between them.</summary>
internal sealed class Pattern(IReadOnlyList<string?> written)
{
    private readonly string?[] parts = [.. written.Where((part, i) => part is not null || i == 0 || written[i - 1] is not null)];

    /// <summary>Literal stretches and, as null, wildcards; two wildcards never follow each other.</summary>
    public IReadOnlyList<string?> Parts => parts;

    /// <summary>The same with every wildcard that was written: <c>**</c> matches what <c>*</c> does, but JSON and text show both.</summary>
    public IReadOnlyList<string?> Written { get; } = [.. written];

    /// <summary>
    /// Whether the whole text matches. A stretch between wildcards may be taken at its first occurrence without ever going back,
    /// so the time is bounded by text times pattern.
    /// </summary>
    public bool Matches(string text)
    {
        var rest = text.AsSpan();
        for (var i = 0; i < parts.Length; i++)
        {
            if (parts[i] is not { } literal)
                continue;

            if (i == parts.Length - 1)
            {
                // The last stretch ends the text: anywhere after a wildcard, exactly here otherwise.
                return i == 0 ? rest.SequenceEqual(literal) : rest.EndsWith(literal);
            }

            var at = i == 0 ? (rest.StartsWith(literal) ? 0 : -1) : rest.IndexOf(literal);
            if (at < 0)
                return false;

            rest = rest[(at + literal.Length)..];
        }

        // The last part is a wildcard, or there is no part at all.
        return parts.Length > 0 || rest.IsEmpty;
    }
}
