namespace Assay.Silo.Admin;

/// <summary>The scopes of Assay's own admin API, and the resource their tokens are for.</summary>
internal static class AdminScopes
{
    /// <summary>The <c>aud</c> of an admin token.</summary>
    public const string Resource = "urn:assay:admin";

    public const string IdentityRead = "identity.read";
    public const string IdentityWrite = "identity.write";
    public const string SignalWrite = "signal.write";
    public const string TokenRevoke = "token.revoke";
    public const string PolicyRead = "policy.read";
    public const string PolicyWrite = "policy.write";
    public const string PolicyActivate = "policy.activate";
    public const string KeyRead = "key.read";
    public const string KeyRotate = "key.rotate";
    public const string EvidenceRead = "evidence.read";
    public const string EvidenceDrop = "evidence.drop";
    public const string ApiRead = "api.read";
}
