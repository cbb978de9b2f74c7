namespace Assay.Client;

/// <summary>Why there is no token. More may be added: treat one you do not know like <see cref="Refused"/>.</summary>
public enum TokenFailure
{
    /// <summary>The issuer refused with a code that has no member of its own here: see <see cref="AssayTokenException.Error"/>. Asking again will not help, unless the code says so.</summary>
    Refused,

    /// <summary>There is no usable credential here. Nothing was sent.</summary>
    Credential,

    /// <summary>The issuer could not be reached, broke off, or did not answer in time. It may be asked again.</summary>
    Unreachable,

    /// <summary>The issuer cannot serve now: 429, 5xx, or <c>temporarily_unavailable</c>. It may be asked again, after <see cref="AssayTokenException.RetryAfter"/> if that is given.</summary>
    Unavailable,

    /// <summary>What answered did not answer like the issuer: a proxy, a wrong address, another issuer.</summary>
    NotAnIssuer,

    /// <summary>The issuer does not take the credential, or does not let the identity ask (<c>invalid_client</c>, <c>unauthorized_client</c>).</summary>
    Client,

    /// <summary>There is no such API, or it must be named (<c>invalid_target</c>, RFC 8707 §2).</summary>
    Resource,

    /// <summary>Policy grants none of the scopes (<c>invalid_scope</c>, <c>access_denied</c>). <see cref="AssayTokenException.StepUp"/> names what would change that, if anything would.</summary>
    Scopes,

    /// <summary>The issuer does not offer this: its metadata names no <c>token_batch_endpoint</c>, for several tokens at once. Nothing was asked. Each token may be asked for by itself.</summary>
    Unsupported,
}
