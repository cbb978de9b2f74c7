using Assay.Core.Evidence;

namespace Assay.Core.Revocation;

/// <summary>Whether a token was ended before its time.</summary>
public static class TokenEnd
{
    /// <summary>By the record of a permit, which says by name what the token says by handles.</summary>
    /// <exception cref="ArgumentException">It is no record of a permit.</exception>
    public static bool IsIn(RevocationSet revocations, TokenHandles handles, EvidenceRecord record) =>
        record is { Input: { } input, JwtId: { } jti, KeyId: { } keyId }
            ? IsIn(
                revocations, handles, jti, input.ClientId, keyId, input.DirectoryNumber, input.Time.ToUnixTimeSeconds(),
                [handles.Of(RevocationKind.Credential, input.CredentialHandle), handles.Of(RevocationKind.PolicyVersion, input.PolicyVersion)])
            : throw new ArgumentException("the record is of no permit", nameof(record));

    /// <param name="number">The feed number of its decision.</param>
    /// <param name="issuedAt">Its <c>iat</c>, in seconds.</param>
    /// <param name="others">Handles of what else it hangs on.</param>
    public static bool IsIn(
        RevocationSet revocations, TokenHandles handles, string jti, string clientId, string keyId, long number, long issuedAt, ReadOnlySpan<ulong> others)
    {
        if (revocations.Count == 0)
            return false;
        foreach (var handle in others)
        {
            if (revocations.IsEnded(handle, number, issuedAt))
                return true;
        }

        return revocations.IsEnded(handles.Of(RevocationKind.Identity, clientId), number, issuedAt)
            || revocations.IsEnded(handles.Of(RevocationKind.Key, keyId), number, issuedAt)
            || revocations.IsEnded(handles.Of(RevocationKind.Jti, jti), number, issuedAt);
    }
}
