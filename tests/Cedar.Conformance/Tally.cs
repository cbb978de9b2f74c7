using System.Text;

namespace Assay.Cedar.Conformance;

/// <summary>Counts what agrees and keeps what does not.</summary>
internal sealed class Tally
{
    private readonly OrderedDictionary<string, (int Passed, int Failed)> kinds = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, int> notes = new(StringComparer.Ordinal);

    public int Passed => kinds.Values.Sum(kind => kind.Passed);

    public int Failed => kinds.Values.Sum(kind => kind.Failed);

    public List<string> Differences { get; } = [];

    /// <summary>One check: both texts are the same.</summary>
    public void Same(string kind, string name, string expected, string actual) =>
        Count(kind, expected == actual ? null : $"{name}, {kind}: expected {expected}, got {actual}");

    /// <summary>One check, which says what differs, or null.</summary>
    public void Check(string kind, string name, Func<string?> check)
    {
        try
        {
            Count(kind, check() is { } difference ? $"{name}, {kind}: {difference}" : null);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Count(kind, $"{name}, {kind}: {exception.Message}");
        }
    }

    /// <summary>Work that is no check by itself, but failing at it is a difference.</summary>
    public void Try(string kind, string name, Action work)
    {
        try
        {
            work();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Count(kind, $"{name}, {kind}: {exception.Message}");
        }
    }

    /// <summary>Something a reader should know that is neither.</summary>
    public void Note(string note, int count = 1) => notes[note] = notes.GetValueOrDefault(note) + count;

    public void Add(Tally other)
    {
        foreach (var (kind, (passed, failed)) in other.kinds)
        {
            var sum = kinds.GetValueOrDefault(kind);
            kinds[kind] = (sum.Passed + passed, sum.Failed + failed);
        }

        Differences.AddRange(other.Differences);
    }

    /// <summary>Each kind with how many of how many agree, then the notes.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.AppendJoin(", ", kinds.Select(kind => $"{kind.Key} {kind.Value.Passed} of {kind.Value.Passed + kind.Value.Failed}"));
        foreach (var (note, count) in notes)
            text.Append($"; {count} {note}");

        return text.ToString();
    }

    private void Count(string kind, string? difference)
    {
        var (passed, failed) = kinds.GetValueOrDefault(kind);
        kinds[kind] = difference is null ? (passed + 1, failed) : (passed, failed + 1);
        if (difference is not null)
            Differences.Add(difference);
    }
}
