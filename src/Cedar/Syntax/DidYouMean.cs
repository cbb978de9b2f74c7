namespace Assay.Cedar;

/// <summary>Finds the word somebody probably meant.</summary>
public static class DidYouMean
{
    private const int LongestCompared = 128;

    // Letters compared for one hint, so that no number of known words makes a wrong one expensive. Ten thousand words of usual length.
    private const int MostLettersCompared = 4_000_000;

    /// <summary><c> (did you mean 'x'?)</c>, or nothing when no known word is near.</summary>
    public static string Hint(string given, IEnumerable<string> known) =>
        Nearest(given, known) is { } word ? $" (did you mean '{word}'?)" : "";

    /// <summary>The nearest known word: at most a third of the letters differ. Null when none is that near.</summary>
    public static string? Nearest(string given, IEnumerable<string> known)
    {
        ArgumentNullException.ThrowIfNull(given);
        ArgumentNullException.ThrowIfNull(known);
        if (given.Length > LongestCompared)
            return null;

        string? best = null;
        var bestDistance = int.MaxValue;
        var lettersLeft = MostLettersCompared;
        foreach (var word in known)
        {
            if (word.Length > LongestCompared)
                continue;

            lettersLeft -= (given.Length + 1) * (word.Length + 1);
            if (lettersLeft < 0)
                break;

            var distance = Distance(given.ToLowerInvariant(), word.ToLowerInvariant());
            if (distance > Math.Max(1, Math.Min(given.Length, word.Length) / 3) ||
                distance > bestDistance || (distance == bestDistance && string.CompareOrdinal(word, best) >= 0))
                continue;

            (best, bestDistance) = (word, distance);
        }

        return best;
    }

    // Edits to get from one word to the other, two swapped letters counting as one.
    private static int Distance(string left, string right)
    {
        var (before, last, row) = (new int[right.Length + 1], new int[right.Length + 1], new int[right.Length + 1]);
        for (var j = 0; j <= right.Length; j++)
            last[j] = j;

        for (var i = 1; i <= left.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var cost = left[i - 1] == right[j - 1] ? 0 : 1;
                row[j] = Math.Min(Math.Min(row[j - 1], last[j]) + 1, last[j - 1] + cost);
                if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                    row[j] = Math.Min(row[j], before[j - 2] + 1);
            }

            (before, last, row) = (last, row, before);
        }

        return last[right.Length];
    }
}
