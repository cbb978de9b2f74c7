using System.Diagnostics.CodeAnalysis;
using System.IO.Hashing;

namespace Assay.Core.Replay;

/// <summary>Remembers what a run of bytes stands for, so that what records have in common is read once. Empties itself when it holds too much.</summary>
/// <param name="capacity">Most entries.</param>
internal sealed class ByteKeyed<T>(int capacity)
    where T : class
{
    private readonly Dictionary<byte[], T> entries = new(ByContent.Instance);

    public bool TryGet(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out T? value) =>
        entries.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(bytes, out value);

    public void Keep(ReadOnlySpan<byte> bytes, T value)
    {
        if (entries.Count >= capacity)
            entries.Clear();
        entries[bytes.ToArray()] = value;
    }

    private sealed class ByContent : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static readonly ByContent Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate) => (int)XxHash3.HashToUInt64(alternate);

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
