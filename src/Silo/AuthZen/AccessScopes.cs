using System.Collections.Immutable;

namespace Assay.Silo.AuthZen;

/// <summary>The scopes of Assay's AuthZEN API, and the resource their tokens are for.</summary>
internal static class AccessScopes
{
    public const string Resource = "urn:assay:authzen";

    public const string Evaluate = "access.evaluate";
    public const string Search = "access.search";

    /// <summary>Those of the admin API that open it about every API: the same as for explaining what anybody would get.</summary>
    public static readonly ImmutableArray<string> OfAdministrators = [Admin.AdminScopes.IdentityRead, Admin.AdminScopes.PolicyRead];
}
