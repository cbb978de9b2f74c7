using System.Diagnostics.CodeAnalysis;

namespace Assay.Core.Json;

/// <summary>
/// What was read from texts that many documents have in common, such as the memberships of a million workers: read once for each distinct text, and held once. Of a
/// fixed size, as <see cref="TextPool"/>: what falls on the same place takes it, which costs a reading and nothing else. For any thread. What is kept must be immutable.
/// </summary>
internal static class AlikePool<T>
{
    /// <summary>Longer texts are as good as never alike.</summary>
    private const int MaxLength = 2048;

    private static readonly Entry?[] Places = new Entry?[512];

    public static bool TryGet(ReadOnlySpan<byte> text, [MaybeNullWhen(false)] out T value)
    {
        if (text.Length <= MaxLength && Volatile.Read(ref Place(text)) is { } entry && text.SequenceEqual(entry.Text))
        {
            value = entry.Value;
            return true;
        }

        value = default;
        return false;
    }

    public static void Add(ReadOnlySpan<byte> text, T value)
    {
        if (text.Length <= MaxLength)
            Volatile.Write(ref Place(text), new Entry(text.ToArray(), value));
    }

    private static ref Entry? Place(ReadOnlySpan<byte> text)
    {
        var hash = default(HashCode); // with the process's random seed
        hash.AddBytes(text);
        return ref Places[(uint)hash.ToHashCode() % (uint)Places.Length];
    }

    private sealed record Entry(byte[] Text, T Value);
}
