using System.Collections.Immutable;
using System.Text.Json;
using Assay.Silo.Health;

namespace Assay.Silo.Admin.Wire;

internal sealed record ApiPage(ImmutableArray<ApiAnswer> Apis);

/// <param name="Parents">What policies find above it, as Cedar literals.</param>
/// <param name="Attributes">Cedar attributes in Cedar's JSON form.</param>
/// <param name="ResourceServers">Identities that may introspect its tokens.</param>
internal sealed record ApiAnswer(
    string Resource,
    string? Name,
    string? ManagedBy,
    string PolicyDomain,
    ImmutableArray<ApiScopeAnswer> Scopes,
    int? MaxTokenLifetimeSeconds,
    ImmutableArray<string> Parents,
    JsonElement? Attributes,
    ImmutableArray<string> ResourceServers);

internal sealed record ApiScopeAnswer(string Name, string? Description, ImmutableArray<string> Groups);

internal sealed record GroupPage(ImmutableArray<GroupAnswer> Groups);

/// <param name="Group"><c>Assay::Role::"…"</c> or <c>Assay::Team::"…"</c></param>
/// <param name="Parents">Groups it belongs to.</param>
/// <param name="Attributes">Cedar attributes in Cedar's JSON form.</param>
internal sealed record GroupAnswer(string Group, string? Description, string? ManagedBy, ImmutableArray<string> Parents, JsonElement? Attributes);

/// <param name="Head">The head of the feed.</param>
internal sealed record SiloPage(ImmutableArray<SiloAnswer> Silos, long Head);

/// <summary>A silo as the lease table has it, with what it last said of itself.</summary>
internal sealed record SiloAnswer
{
    /// <summary>Unique over the cluster's life; also the number of the evidence shard it writes.</summary>
    public required long Epoch { get; init; }

    public required string Slot { get; init; }
    public required string Address { get; init; }

    /// <summary>
    /// <c>active</c>; <c>lapsed</c>: it may not decide until it renews; <c>condemned</c>: the others have declared it dead; <c>sealed</c>: it is over.
    /// </summary>
    public required string State { get; init; }

    public required DateTimeOffset JoinedAt { get; init; }
    public required DateTimeOffset RenewedAt { get; init; }
    public required DateTimeOffset LapsesAt { get; init; }

    /// <summary>Time since the last renewal, by the clock of the silo that answers; absent when it is sealed.</summary>
    public double? LeaseAgeSeconds { get; init; }

    /// <summary>It has applied the feed up to here, and nothing older is on its way out.</summary>
    public required long Acknowledged { get; init; }

    /// <summary>Changes it has not acknowledged; absent when it is sealed.</summary>
    public long? Lag { get; init; }

    /// <summary>The feed number of its seal.</summary>
    public long? Seal { get; init; }

    /// <summary>As of its last renewal; absent when it has not said anything yet.</summary>
    public SiloFigures? Figures { get; init; }
}
