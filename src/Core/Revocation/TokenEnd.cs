namespace Assay.Core.Revocation;

/// <summary>Whether a token was ended before its time.</summary>
public static class TokenEnd
{
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
