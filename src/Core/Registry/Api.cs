using System.Collections.Immutable;
using Assay.Cedar;

namespace Assay.Core.Registry;

/// <summary>A protected resource that tokens are made for. Its identifier is the token's <c>aud</c> (RFC 8707, RFC 9068 §3).</summary>
public sealed record Api
{
    /// <summary>Absolute URI without fragment; compared exactly after lower-casing scheme and host.</summary>
    public required string Resource { get; init; }

    public string? Name { get; init; }

    public string? ManagedBy { get; init; }

    /// <summary>The policy domain that decides about it: <c>tokens</c>, or <c>admin</c> for Assay's own admin API.</summary>
    public string PolicyDomain { get; init; } = PolicyDomains.Tokens;

    public ImmutableArray<ApiScope> Scopes { get; init; } = [];

    /// <summary>The longest life of a token for this API; null for the cluster's ceiling. 60 to 900 s.</summary>
    public TimeSpan? MaxTokenLifetime { get; init; }

    /// <summary>Identities that this API checks its tokens as: only they are told what introspection knows of one.</summary>
    public ImmutableArray<string> ResourceServers { get; init; } = [];

    public ImmutableArray<EntityUid> Parents { get; init; } = [];

    public RecordValue Attributes { get; init; } = RecordValue.Empty;
}

/// <summary>A scope the API understands; Cedar sees <c>Action::"name"</c>.</summary>
/// <param name="Name">A scope token (RFC 6749 §3.3).</param>
/// <param name="Groups">Action groups it belongs to: <c>Action::"group"</c> are its parents in Cedar.</param>
public sealed record ApiScope(string Name, string? Description, ImmutableArray<string> Groups);

public static class PolicyDomains
{
    public const string Tokens = "tokens";
    public const string Admin = "admin";
}

/// <summary>The entity types every policy can count on.</summary>
public static class EntityTypes
{
    public const string Workload = "Assay::Workload";
    public const string Person = "Assay::Person";
    public const string Role = "Assay::Role";
    public const string Team = "Assay::Team";
    public const string Api = "Assay::Api";
    public const string Action = "Action";
}
