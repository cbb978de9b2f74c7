namespace Assay.Silo.ClientAuthentication;

/// <summary>What a caller shows of itself (RFC 6749 §2.3, RFC 7521 §4.2); null or empty where it shows nothing.</summary>
/// <param name="Authorization">The header as it came.</param>
/// <param name="Secret">In the body (<c>client_secret_post</c>), UTF-8; may lie in pooled memory.</param>
/// <param name="Assertion">A compact JWS; may lie in pooled memory.</param>
internal readonly record struct PresentedProof(string? Authorization, string? ClientId, ReadOnlyMemory<byte> Secret, string? AssertionType, ReadOnlyMemory<byte> Assertion);
