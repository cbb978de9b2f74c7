namespace Assay.Client;

/// <summary>What is asked for, checked.</summary>
internal sealed record TokenRequest(string? Resource, IReadOnlyList<string> Scopes)
{
    public static TokenRequest Create(string? resource, IReadOnlyCollection<string> scopes)
    {
        ArgumentNullException.ThrowIfNull(scopes);
        if (resource is "")
            throw new ArgumentException("The resource must not be empty; null asks for the default.", nameof(resource));

        foreach (var scope in scopes)
        {
            if (!IsScope(scope))
                throw new ArgumentException($"\"{scope}\" is no scope: printable ASCII without space, quote or backslash.", nameof(scopes));
        }

        return new TokenRequest(resource, [.. scopes]);
    }

    // RFC 6749 §3.3: %x21 / %x23-5B / %x5D-7E
    private static bool IsScope(string? scope)
    {
        if (string.IsNullOrEmpty(scope))
            return false;

        return !scope.AsSpan().ContainsAnyExceptInRange('!', '~') && !scope.AsSpan().ContainsAny('"', '\\');
    }
}
