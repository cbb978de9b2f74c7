using System.Collections.Immutable;

namespace Assay.Core.Json;

/// <summary>A closed set of values, and the word that stands for each in JSON.</summary>
internal sealed class Words<T>(params ImmutableArray<(string Word, T Value)> words)
    where T : struct, Enum
{
    public string Of(T value)
    {
        foreach (var (word, known) in words)
        {
            if (EqualityComparer<T>.Default.Equals(known, value))
                return word;
        }

        throw new ArgumentOutOfRangeException(nameof(value), value, "there is no word for it");
    }

    public bool TryFind(string text, out T value)
    {
        foreach (var (word, known) in words)
        {
            if (word == text)
            {
                value = known;
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>All words, for people.</summary>
    public override string ToString() => string.Join(", ", words.Select(pair => pair.Word));
}
