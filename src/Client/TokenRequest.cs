namespace Assay.Client;

/// <summary>A token as it is asked for. Never changes; safe to ask with again.</summary>
public sealed class TokenRequest
{
    /// <summary>What is asked for, checked.</summary>
    /// <param name="resource">As for <see cref="AssayClient.GetTokenAsync(string?, IReadOnlyCollection{string}, CancellationToken)"/>.</param>
    /// <param name="scopes">Likewise.</param>
    /// <exception cref="ArgumentException">The resource is empty, or a scope is empty or holds a character no scope may hold (RFC 6749 §3.3).</exception>
    public TokenRequest(string? resource, params IEnumerable<string> scopes)
        : this(resource, (string[])[.. scopes ?? throw new ArgumentNullException(nameof(scopes))])
    {
    }

    private TokenRequest(string? resource, string[] scopes)
    {
        Check(resource, scopes);
        (Resource, Names, Scopes) = (resource, scopes, Array.AsReadOnly(scopes));
    }

    /// <summary>The API that the token is for; null for the identity's default.</summary>
    public string? Resource { get; }

    /// <summary>What it should allow; none for whatever the issuer grants by default.</summary>
    public IReadOnlyList<string> Scopes { get; }

    /// <summary><see cref="Scopes"/>, for those who will not change them.</summary>
    internal string[] Names { get; }

    internal static TokenRequest Create(string? resource, ReadOnlySpan<string> scopes) => new(resource, scopes.ToArray());

    private static void Check(string? resource, string[] scopes)
    {
        if (resource is "")
            throw new ArgumentException("The resource must not be empty; null asks for the default.", nameof(resource));

        foreach (var scope in scopes)
        {
            if (!IsScope(scope))
                throw new ArgumentException($"\"{scope}\" is no scope: printable ASCII without space, quote or backslash.", nameof(scopes));
        }
    }

    // RFC 6749 §3.3: %x21 / %x23-5B / %x5D-7E
    private static bool IsScope(string? scope)
    {
        if (string.IsNullOrEmpty(scope))
            return false;

        return !scope.AsSpan().ContainsAnyExceptInRange('!', '~') && !scope.AsSpan().ContainsAny('"', '\\');
    }
}

/// <summary>A request as a caller states it, before anything is allocated for it.</summary>
internal readonly ref struct AskedFor(string? resource, ReadOnlySpan<string> scopes)
{
    public readonly string? Resource = resource;

    public readonly ReadOnlySpan<string> Scopes = scopes;
}

/// <summary>Two requests are one when they name the same resource and the same scopes, in whatever order: scope is a set (RFC 6749 §3.3).</summary>
internal sealed class SameRequest : IEqualityComparer<TokenRequest>, IAlternateEqualityComparer<AskedFor, TokenRequest>
{
    public static readonly SameRequest Comparer = new();

    private SameRequest()
    {
    }

    public bool Equals(TokenRequest? x, TokenRequest? y) =>
        ReferenceEquals(x, y) || (x is not null && y is not null && Same(x.Resource, x.Names, y));

    public bool Equals(AskedFor alternate, TokenRequest other) => Same(alternate.Resource, alternate.Scopes, other);

    public int GetHashCode(TokenRequest obj) => Hash(obj.Resource, obj.Names);

    public int GetHashCode(AskedFor alternate) => Hash(alternate.Resource, alternate.Scopes);

    public TokenRequest Create(AskedFor alternate) => TokenRequest.Create(alternate.Resource, alternate.Scopes);

    private static int Hash(string? resource, ReadOnlySpan<string> scopes)
    {
        var sum = 0; // the order of the scopes must not count
        foreach (var scope in scopes)
            sum += scope?.GetHashCode() ?? 0; // one that is null is told when the request is made
        return HashCode.Combine(resource, sum);
    }

    private static bool Same(string? resource, ReadOnlySpan<string> scopes, TokenRequest known) =>
        scopes.Length == known.Names.Length && resource == known.Resource && (scopes.SequenceEqual(known.Names) || SameSet(scopes, known.Names));

    // Requests have a handful of scopes, and this runs only when their order differs.
    private static bool SameSet(ReadOnlySpan<string> left, ReadOnlySpan<string> right)
    {
        foreach (var scope in left)
        {
            if (left.Count(scope) != right.Count(scope))
                return false;
        }

        return true;
    }
}
