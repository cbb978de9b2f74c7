namespace Assay.Client;

/// <summary>A verification would open scopes that policy withholds for now, at raised risk for instance.</summary>
/// <param name="Resource">The API the token is for; null for the identity's default.</param>
/// <param name="Withheld">What was asked for and not granted. Not every one of them need open.</param>
/// <param name="Verifications">What would open them, by the names policy gives: <c>attestation</c>, <c>approval</c>, …</param>
public sealed record VerificationRequired(string? Resource, IReadOnlyList<string> Withheld, IReadOnlyList<string> Verifications);
