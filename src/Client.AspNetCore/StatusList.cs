using System.Buffers.Text;
using System.IO.Compression;
using System.Text.Json;

namespace Assay.Client.AspNetCore;

/// <summary>A list of token states: <c>bits</c> for each token, from the least significant bit of each byte upward (Token Status List §4).</summary>
internal sealed class StatusList
{
    /// <summary>A list of 2^20 tokens with two bits each is 256 KiB; more than eight times that is not read.</summary>
    public const int MaxBytes = 2 * 1024 * 1024;

    public const int MaxEncodedBytes = 4 * 1024 * 1024;

    private readonly byte[] states;
    private readonly int bits;

    private StatusList(byte[] states, int bits)
    {
        this.states = states;
        this.bits = bits;
    }

    public long Length => (long)states.Length * 8 / bits;

    /// <summary>The state at an index: 0 valid, 1 invalid, 2 suspended; null when the list does not reach as far.</summary>
    public int? At(long index)
    {
        if (index < 0 || index >= Length)
            return null;
        var perByte = 8 / bits;
        return (states[index / perByte] >> (int)(index % perByte * bits)) & ((1 << bits) - 1);
    }

    /// <summary>Reads the claim <c>status_list</c>; null when it is none, or unpacks to more than <see cref="MaxBytes"/>.</summary>
    public static StatusList? Read(JsonElement claim)
    {
        if (claim.ValueKind != JsonValueKind.Object
            || !claim.TryGetProperty("bits", out var width) || width.ValueKind != JsonValueKind.Number || !width.TryGetInt32(out var bits) || bits is not (1 or 2 or 4 or 8)
            || !claim.TryGetProperty("lst", out var packed) || packed.ValueKind != JsonValueKind.String || !Base64Url.IsValid(packed.GetString()))
            return null;

        using var unpacking = new ZLibStream(new MemoryStream(Base64Url.DecodeFromChars(packed.GetString())), CompressionMode.Decompress);
        using var states = new MemoryStream();
        var buffer = new byte[16 * 1024];
        try
        {
            while (unpacking.Read(buffer) is > 0 and var read)
            {
                if (states.Length + read > MaxBytes)
                    return null;
                states.Write(buffer, 0, read);
            }
        }
        catch (InvalidDataException)
        {
            return null;
        }

        return new StatusList(states.ToArray(), bits);
    }
}
