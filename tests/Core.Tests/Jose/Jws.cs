using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Assay.Core.Tests.Jose;

/// <summary>Makes tokens the plain way, without the code under test, so that they can be as wrong as a test likes.</summary>
internal static class Jws
{
    public const string Header = """{"alg":"ES256","kid":"key-1","typ":"client-authentication+jwt"}""";

    public static string Text(string header, string payload, byte[]? signature = null) =>
        $"{Encode(header)}.{Encode(payload)}.{Base64Url.EncodeToString(signature ?? new byte[64])}";

    public static string Signed(ECDsa key, string header, string payload, DSASignatureFormat format = DSASignatureFormat.IeeeP1363FixedFieldConcatenation) =>
        Sign(header, payload, input => key.SignData(input, HashAlgorithmName.SHA256, format));

    public static string Signed(RSA key, string header, string payload, RSASignaturePadding padding) =>
        Sign(header, payload, input => key.SignData(input, HashAlgorithmName.SHA256, padding));

    public static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));

    private static string Sign(string header, string payload, Func<byte[], byte[]> sign)
    {
        var input = $"{Encode(header)}.{Encode(payload)}";
        return $"{input}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(input)))}";
    }
}
