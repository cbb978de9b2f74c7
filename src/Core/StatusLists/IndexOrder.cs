using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Assay.Core.StatusLists;

/// <summary>
/// The order in which the indices of a list are given out: a permutation that only the cluster knows, so that whoever holds some tokens of a list learns nothing of
/// the others'. A Feistel network over 2 × 10 bits with rounds from a table under a key of the list's own. Immutable.
/// </summary>
internal sealed class IndexOrder
{
    private const int HalfBits = 10;
    private const int Half = 1 << HalfBits;
    private const int BlockBytes = 16;

    /// <summary>The known attacks on so many rounds of halves this short take 2^60 steps.</summary>
    private const int Rounds = 10;

    private readonly ushort[] table = new ushort[Rounds * Half];

    /// <param name="key">32 bytes of the cluster's; each list gets its own from it.</param>
    /// <param name="list">Names the list: no two have the same name.</param>
    public IndexOrder(ReadOnlySpan<byte> key, string list)
    {
        using var cipher = Aes.Create();
        cipher.Key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(list));
        var stream = new byte[table.Length * sizeof(ushort)];
        for (var at = 0; at < stream.Length; at += BlockBytes)
            BinaryPrimitives.WriteInt32BigEndian(stream.AsSpan(at), at); // one block each, enciphered in place
        cipher.EncryptEcb(stream, stream, PaddingMode.None);
        for (var i = 0; i < table.Length; i++)
            table[i] = (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(stream.AsSpan(i * sizeof(ushort))) & Half - 1);
    }

    /// <summary>The index that is given out as the <paramref name="place"/>th, from 0.</summary>
    public int IndexOf(int place)
    {
        var (left, right) = (place >> HalfBits, place & Half - 1);
        for (var round = 0; round < Rounds; round++)
            (left, right) = (right, left ^ table[round * Half + right]);
        return left << HalfBits | right;
    }

    /// <summary>When an index is given out.</summary>
    public int PlaceOf(int index)
    {
        var (left, right) = (index >> HalfBits, index & Half - 1);
        for (var round = Rounds - 1; round >= 0; round--)
            (left, right) = (right ^ table[round * Half + left], left);
        return left << HalfBits | right;
    }
}
