using System.Security.Cryptography;

namespace Assay.Core.Jose;

/// <summary>
/// A public key, parsed once, that verifies signatures of exactly one algorithm. Safe to share between threads. The native key is
/// released by the garbage collector: a cache may drop a verifier while others still use it.
/// </summary>
public sealed class SignatureVerifier
{
    private readonly ECDsa? ec;
    private readonly RSA? rsa;
    private readonly int signatureBytes;

    private SignatureVerifier(string alg, int signatureBytes, ECDsa? ec, RSA? rsa) =>
        (Alg, this.signatureBytes, this.ec, this.rsa) = (alg, signatureBytes, ec, rsa);

    /// <summary>The one algorithm this key is used with (RFC 8725 §3.1).</summary>
    public string Alg { get; }

    /// <summary>Whether the token names this key's algorithm and its signature is this key's.</summary>
    public bool Verify(CompactJws jws) => jws.Header.Alg == Alg && Verify(jws.SigningInput.Span, jws.Signature.Span);

    /// <summary>
    /// Whether <paramref name="signature"/> (raw R || S for ECDSA, RFC 7518 §3.4) is over <paramref name="signingInput"/>.
    /// A signature of the wrong length, such as a DER one, is refused before any cryptography. Never throws.
    /// </summary>
    public bool Verify(ReadOnlySpan<byte> signingInput, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != signatureBytes)
            return false;

        try
        {
            return Alg switch
            {
                JoseAlg.ES256 => VerifyEc(signingInput, signature, HashAlgorithmName.SHA256),
                JoseAlg.ES384 => VerifyEc(signingInput, signature, HashAlgorithmName.SHA384),
                JoseAlg.ES512 => VerifyEc(signingInput, signature, HashAlgorithmName.SHA512),
                JoseAlg.RS256 => rsa!.VerifyData(signingInput, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
                JoseAlg.PS256 => rsa!.VerifyData(signingInput, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
                _ => false,
            };
        }
        catch (CryptographicException) // what cannot be verified is not verified
        {
            return false;
        }
    }

    /// <summary>As <see cref="Verify(ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>, for who has only the SHA-256 of the signing input. Of ES256 keys; false for all others.</summary>
    public bool VerifyHash(ReadOnlySpan<byte> sha256, ReadOnlySpan<byte> signature)
    {
        if (Alg != JoseAlg.ES256 || sha256.Length != SHA256.HashSizeInBytes || signature.Length != signatureBytes)
            return false;

        try
        {
            return ec!.VerifyHash(sha256, signature, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private bool VerifyEc(ReadOnlySpan<byte> signingInput, ReadOnlySpan<byte> signature, HashAlgorithmName hash) =>
        ec!.VerifyData(signingInput, signature, hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    internal static SignatureVerifier ForEc(EllipticCurve curve, byte[] x, byte[] y) =>
        new(curve.Alg, 2 * curve.CoordinateBytes, ECDsa.Create(new ECParameters { Curve = curve.Curve, Q = { X = x, Y = y } }), rsa: null);

    internal static SignatureVerifier ForRsa(string alg, byte[] modulus, byte[] exponent) =>
        new(alg, modulus.Length, ec: null, RSA.Create(new RSAParameters { Modulus = modulus, Exponent = exponent }));
}
