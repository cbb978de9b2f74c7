using Assay.Core.Transparency;

namespace Assay.Silo.Storage;

/// <summary>How stores keep what the tree of a shard needs.</summary>
internal static class LogColumns
{
    /// <summary>Null when there is no whole one.</summary>
    public static TreeHash? Root(ReadOnlySpan<byte> column) => column.Length == TreeHash.Size ? TreeHash.From(column) : null;
}
