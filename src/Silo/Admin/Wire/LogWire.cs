using System.Collections.Immutable;

namespace Assay.Silo.Admin.Wire;

/// <summary>A record and the proof that it is in its shard (RFC 9162 §2.1.3). Hashes, leaf and salt are in standard base64.</summary>
/// <param name="Size">Of the tree that the proof is for.</param>
/// <param name="Salt">Null when the record was dropped.</param>
/// <param name="Record">The bytes that were stored, as text; null when the record was dropped.</param>
/// <param name="Leaf">SHA-256 over salt and record: what the tree holds of it.</param>
/// <param name="Path">From the leaf upwards.</param>
/// <param name="Checkpoint">The signed note over size and root.</param>
internal sealed record InclusionAnswer(
    string Id, long Shard, long Position, long Size, string? Salt, string? Record, string Leaf, ImmutableArray<string> Path, string Checkpoint);

/// <param name="Before">Records that were committed before it are dropped.</param>
internal sealed record DropQuestion(DateTimeOffset Before);

internal sealed record DropAnswer(DateTimeOffset Before, long Dropped);
