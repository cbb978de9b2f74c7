using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Cloning;
using Orleans.Serialization.Codecs;
using Orleans.Serialization.WireProtocol;

namespace Assay.Grains.Authority;

/// <summary>
/// What a client assertion is remembered by once it is spent: the first 16 bytes of SHA-256 over <c>client_id 0x00 jti</c>. Two halves instead of a
/// <see cref="UInt128"/>, because a method that touches that type is not compiled ahead (docs/decisions/0034), and all of the request path would.
/// On the wire between silos it is one, as two releases share a cluster during an upgrade.
/// </summary>
/// <param name="High">The first 8 bytes.</param>
/// <param name="Low">The other 8.</param>
public readonly record struct AssertionHash(ulong High, ulong Low)
{
    /// <summary>Bytes.</summary>
    public const int Size = 16;

    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 16 bytes.</exception>
    public static AssertionHash ReadBigEndian(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));

    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 16 bytes.</exception>
    public static AssertionHash ReadLittleEndian(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]), BinaryPrimitives.ReadUInt64LittleEndian(bytes));

    /// <exception cref="ArgumentOutOfRangeException">There is no room for 16 bytes.</exception>
    public void WriteBigEndian(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Low);
    }

    /// <exception cref="ArgumentOutOfRangeException">There is no room for 16 bytes.</exception>
    public void WriteLittleEndian(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Low);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], High);
    }

    /// <summary>As <see cref="ToString"/>, in ASCII.</summary>
    /// <param name="digits">32 bytes.</param>
    public void WriteHex(Span<byte> digits)
    {
        Span<byte> bytes = stackalloc byte[Size];
        WriteBigEndian(bytes);
        Convert.TryToHexStringLower(bytes, digits, out _);
    }

    /// <summary>32 hexadecimal digits, in lower case.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{High:x16}{Low:x16}");
}

[RegisterSerializer]
internal sealed class AssertionHashCodec : IFieldCodec<AssertionHash>
{
    public void WriteField<TBufferWriter>(ref Writer<TBufferWriter> writer, uint fieldIdDelta, Type? expectedType, AssertionHash value)
        where TBufferWriter : IBufferWriter<byte> =>
        UInt128Codec.WriteField(ref writer, fieldIdDelta, new UInt128(value.High, value.Low));

    public AssertionHash ReadValue<TInput>(ref Reader<TInput> reader, Field field)
    {
        var value = UInt128Codec.ReadValue(ref reader, field);
        return new AssertionHash((ulong)(value >> 64), (ulong)value);
    }
}

[RegisterCopier]
internal sealed class AssertionHashCopier : ShallowCopier<AssertionHash>;
