using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;

namespace Assay.Core.Transparency;

/// <summary>
/// SHA-256 (FIPS 180-4) of many messages at once, eight side by side in the lanes of a vector: where the processor has no instruction for SHA-256, several times as fast as one after the
/// other, and most of what checking a log costs. For checking only: whatever is signed or stored is hashed by the platform. For one thread; holds the room of the largest use.
/// </summary>
internal sealed class ManyHashes
{
    private const int Lanes = 8;
    private const int BlockSize = 64;
    private const int Words = BlockSize / sizeof(uint);

    /// <summary>With fewer messages most lanes would be idle.</summary>
    private const int FewestInLanes = 3;

    private static readonly uint[] Start = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

    private static readonly uint[] Constants =
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    private readonly List<(int At, int Length)> messages = [];
    private readonly Vector256<uint>[] schedule = new Vector256<uint>[Constants.Length];
    private byte[] padded = new byte[64 * 1024];
    private int used;

    /// <summary>Room for the next message, to be filled before the next call.</summary>
    public Span<byte> Add(int length)
    {
        // Each message is padded where it lies, so that every lane only ever takes whole blocks.
        var size = checked((length + 1 + sizeof(ulong) + BlockSize - 1) / BlockSize * BlockSize);
        if (padded.Length - used < size)
            Array.Resize(ref padded, Math.Max(checked(used + size), padded.Length * 2));
        var room = padded.AsSpan(used, size);
        room[length..].Clear();
        room[length] = 0x80;
        BinaryPrimitives.WriteUInt64BigEndian(room[^sizeof(ulong)..], (ulong)length * 8);
        messages.Add((used, length));
        used += size;
        return room[..length];
    }

    /// <summary>The hash of each message in the order in which they were added. After it there are none.</summary>
    /// <param name="hashes">One for each at least.</param>
    public void Take(Span<TreeHash> hashes)
    {
        if (Vector256.IsHardwareAccelerated && messages.Count >= FewestInLanes)
        {
            SideBySide(hashes);
        }
        else
        {
            Span<byte> hash = stackalloc byte[TreeHash.Size];
            for (var i = 0; i < messages.Count; i++)
            {
                SHA256.HashData(padded.AsSpan(messages[i].At, messages[i].Length), hash);
                hashes[i] = TreeHash.From(hash);
            }
        }

        messages.Clear();
        used = 0;
    }

    /// <summary>A lane that is done with a message takes the next one.</summary>
    private void SideBySide(Span<TreeHash> hashes)
    {
        Span<Lane> lanes = stackalloc Lane[Lanes];
        Span<Vector256<uint>> state = stackalloc Vector256<uint>[Start.Length];
        var values = MemoryMarshal.Cast<Vector256<uint>, uint>(state); // value v of lane l is at v * Lanes + l
        var next = 0;
        var busy = 0;
        for (var lane = 0; lane < Lanes; lane++)
            busy += Begin(ref lanes[lane], lane, ref next, values) ? 1 : 0;

        while (busy > 0)
        {
            Load(lanes);
            Compress(state);
            for (var lane = 0; lane < Lanes; lane++)
            {
                ref var one = ref lanes[lane];
                if (one.Left == 0)
                    continue;
                one.At += BlockSize;
                if (--one.Left > 0)
                    continue;
                hashes[one.Message] = Result(values, lane);
                busy -= Begin(ref one, lane, ref next, values) ? 0 : 1;
            }
        }
    }

    private bool Begin(ref Lane lane, int number, ref int next, Span<uint> values)
    {
        if (next == messages.Count)
        {
            lane = default; // goes over the first block of the room again, for nothing
            return false;
        }

        var (at, length) = messages[next];
        lane = new Lane { Message = next++, At = at, Left = (length + sizeof(ulong)) / BlockSize + 1 };
        for (var i = 0; i < Start.Length; i++)
            values[i * Lanes + number] = Start[i];
        return true;
    }

    private void Load(ReadOnlySpan<Lane> lanes)
    {
        var words = MemoryMarshal.Cast<Vector256<uint>, uint>(schedule.AsSpan(0, Words));
        for (var lane = 0; lane < Lanes; lane++)
        {
            var block = MemoryMarshal.Cast<byte, uint>(padded.AsSpan(lanes[lane].At, BlockSize));
            for (var i = 0; i < Words; i++)
                words[i * Lanes + lane] = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(block[i]) : block[i];
        }
    }

    private void Compress(Span<Vector256<uint>> state)
    {
        var w = schedule;
        for (var i = Words; i < w.Length; i++)
        {
            var early = w[i - 15];
            var late = w[i - 2];
            w[i] = w[i - 16] + (Right(early, 7) ^ Right(early, 18) ^ (early >>> 3)) + w[i - 7] + (Right(late, 17) ^ Right(late, 19) ^ (late >>> 10));
        }

        var (a, b, c, d, e, f, g, h) = (state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7]);
        for (var i = 0; i < w.Length; i++)
        {
            var first = h + (Right(e, 6) ^ Right(e, 11) ^ Right(e, 25)) + ((e & f) ^ Vector256.AndNot(g, e)) + Vector256.Create(Constants[i]) + w[i];
            var second = (Right(a, 2) ^ Right(a, 13) ^ Right(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
            (h, g, f, e, d, c, b, a) = (g, f, e, d + first, c, b, a, first + second);
        }

        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Right(Vector256<uint> value, [ConstantExpected] byte bits) =>
        Avx512F.VL.IsSupported ? Avx512F.VL.RotateRight(value, bits) : (value >>> bits) | (value << (32 - bits));

    private static TreeHash Result(ReadOnlySpan<uint> values, int lane)
    {
        Span<byte> hash = stackalloc byte[TreeHash.Size];
        for (var i = 0; i < Start.Length; i++)
            BinaryPrimitives.WriteUInt32BigEndian(hash[(i * sizeof(uint))..], values[i * Lanes + lane]);
        return TreeHash.From(hash);
    }

    private struct Lane
    {
        public int Message;
        public int At;
        public int Left;
    }
}
