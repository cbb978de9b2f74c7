using System.Collections.Immutable;
using Assay.Cedar;

namespace Assay.Core.Registry;

/// <summary>A role or a team: what memberships point at and policies speak of.</summary>
public sealed record Group
{
    /// <summary><c>Assay::Role::"…"</c> or <c>Assay::Team::"…"</c>.</summary>
    public required EntityUid Uid { get; init; }

    public string? Description { get; init; }

    public string? ManagedBy { get; init; }

    /// <summary>Groups this one belongs to.</summary>
    public ImmutableArray<EntityUid> Parents { get; init; } = [];

    public RecordValue Attributes { get; init; } = RecordValue.Empty;
}
