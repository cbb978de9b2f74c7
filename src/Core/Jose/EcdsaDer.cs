namespace Assay.Core.Jose;

/// <summary>A P-256 signature as a DER sequence of two integers (RFC 3279 §2.2.3), written without anything allocated.</summary>
public static class EcdsaDer
{
    /// <summary>Of a signature as ES256 has it: two numbers of 32 bytes, big-endian.</summary>
    public const int P256Bytes = 64;

    /// <summary>A sequence of two integers of 33 bytes.</summary>
    public const int MostBytes = 2 + (2 * (2 + 33));

    /// <param name="signature">64 bytes.</param>
    /// <param name="der">At least <see cref="MostBytes"/>.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(ReadOnlySpan<byte> signature, Span<byte> der)
    {
        if (signature.Length != P256Bytes)
            throw new ArgumentException($"a signature has {P256Bytes} bytes", nameof(signature));

        var length = 2 + WriteInteger(signature[..(P256Bytes / 2)], der[2..]);
        length += WriteInteger(signature[(P256Bytes / 2)..], der[length..]);
        der[0] = 0x30;
        der[1] = (byte)(length - 2); // at most 70: one byte says it
        return length;
    }

    /// <summary>Without zeros before it, except the one that keeps it from being negative.</summary>
    private static int WriteInteger(ReadOnlySpan<byte> number, Span<byte> der)
    {
        while (number.Length > 1 && number[0] == 0)
            number = number[1..];
        var sign = number[0] >> 7;
        der[0] = 0x02;
        der[1] = (byte)(sign + number.Length);
        der[2] = 0;
        number.CopyTo(der[(2 + sign)..]);
        return 2 + sign + number.Length;
    }
}
