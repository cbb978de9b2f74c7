using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Policies;

namespace Assay.Core.Registry;

/// <summary>
/// What a bundle says: only the fields a bundle may declare, so that nothing else (disabled, revoked, signals, the policy domain of an
/// API) can come in with it. Whoever receives one runs <see cref="Check"/> before trusting it.
/// </summary>
public sealed record BundleDeclarations
{
    /// <summary>The bundle's name, the <c>managed-by</c> of everything it declares: 1 to 64 characters of <c>a–z 0–9 . _ -</c>.</summary>
    public required string Name { get; init; }

    public ImmutableArray<DeclaredIdentity> Identities { get; init; } = [];

    public ImmutableArray<DeclaredGroup> Groups { get; init; } = [];

    public ImmutableArray<DeclaredApi> Apis { get; init; } = [];

    /// <summary>The policy set of the domain <see cref="PolicyDomains.Tokens"/>; null when the bundle has no policies.</summary>
    public PolicyDocument? Policies { get; init; }

    /// <summary>
    /// Identities with <c>credential: generate</c>. Whoever applies the bundle makes a key pair for those in <see cref="BundlePlan.MissingKeys"/>,
    /// keeps the private half, and adds the public one by <see cref="WithKey"/>.
    /// </summary>
    public ImmutableArray<string> Generate { get; init; } = [];

    /// <summary>Every fault of the declarations as a whole; empty when they may be applied.</summary>
    public ImmutableArray<DeclarationFault> Check() => Review().Faults;

    /// <summary>Every fault, and what is allowed and probably not meant.</summary>
    public DeclarationReview Review() => BundleRules.Review(this);

    /// <summary>The same declarations with one more public key for an identity.</summary>
    /// <param name="identityId">An identity that is declared here.</param>
    /// <param name="publicJwk">A public JWK as JSON text.</param>
    /// <exception cref="ArgumentException">No such identity is declared.</exception>
    public BundleDeclarations WithKey(string identityId, string publicJwk)
    {
        for (var i = 0; i < Identities.Length; i++)
        {
            if (Identities[i].Id == identityId)
                return this with { Identities = Identities.SetItem(i, Identities[i] with { Keys = Identities[i].Keys.Add(new(publicJwk, null)) }) };
        }

        throw new ArgumentException($"The bundle declares no identity '{identityId}'.", nameof(identityId));
    }
}

/// <summary>The declared fields of an <see cref="Identity"/>.</summary>
public sealed record DeclaredIdentity
{
    public required string Id { get; init; }

    public IdentityKind Kind { get; init; } = IdentityKind.Workload;

    public string? Name { get; init; }

    public string? Owner { get; init; }

    public ImmutableArray<string> GrantTypes { get; init; } = ["client_credentials"];

    public string? DefaultResource { get; init; }

    public int? RequestsPerSecond { get; init; }

    public RecordValue Attributes { get; init; } = RecordValue.Empty;

    public ImmutableArray<DeclaredMembership> Memberships { get; init; } = [];

    public ImmutableArray<DeclaredKey> Keys { get; init; } = [];
}

/// <summary>Belongs to a role or a team, until a moment or for good.</summary>
public sealed record DeclaredMembership(EntityUid Group, DateTimeOffset? ExpiresAt);

/// <summary>A public key (RFC 7517, JSON text) the identity proves itself with, until a moment or for good.</summary>
public sealed record DeclaredKey(string PublicJwk, DateTimeOffset? ExpiresAt);

/// <summary>The declared fields of a <see cref="Group"/>.</summary>
public sealed record DeclaredGroup
{
    public required EntityUid Uid { get; init; }

    public string? Description { get; init; }

    public ImmutableArray<EntityUid> Parents { get; init; } = [];

    public RecordValue Attributes { get; init; } = RecordValue.Empty;
}

/// <summary>The declared fields of an <see cref="Api"/>.</summary>
public sealed record DeclaredApi
{
    public required string Resource { get; init; }

    public string? Name { get; init; }

    public ImmutableArray<ApiScope> Scopes { get; init; } = [];

    public TimeSpan? MaxTokenLifetime { get; init; }

    public ImmutableArray<string> ResourceServers { get; init; } = [];

    public ImmutableArray<EntityUid> Parents { get; init; } = [];

    public RecordValue Attributes { get; init; } = RecordValue.Empty;
}

/// <param name="Faults">Empty when the declarations may be applied.</param>
/// <param name="Warnings">Of the policies: what is allowed and probably not meant.</param>
public sealed record DeclarationReview(ImmutableArray<DeclarationFault> Faults, ImmutableArray<DeclarationFault> Warnings);

/// <summary>Something in a bundle that must be put right before it can be applied.</summary>
/// <param name="Where">
/// The place in the declarations, for instance <c>identities[3].memberships[0]</c>; for a policy its file, and then line and column are set.
/// </param>
/// <param name="Message">What is wrong; what would be right.</param>
/// <param name="Line">1-based, in a policy file; else 0.</param>
/// <param name="Column">1-based, in a policy file; else 0.</param>
public sealed record DeclarationFault(string Where, string Message, int Line = 0, int Column = 0)
{
    /// <summary>The fault is that something else is not declared.</summary>
    public bool IsReference { get; init; }

    public override string ToString() => Line > 0 ? $"{Where}:{Line}:{Column}: {Message}" : $"{Where}: {Message}";
}
