using System.Diagnostics.CodeAnalysis;

namespace Assay.Cedar;

/// <summary>
/// The entities a decision may look at, with their hierarchy closed: who is a descendant of whom is answered without walking.
/// Immutable and safe to share between threads. Two layers can be stacked by <see cref="Over(Entities, ReadOnlySpan{Entity})"/>,
/// so one large shared directory serves many requests that each add a few entities.
/// </summary>
public sealed class Entities
{
    private const int LargestLinear = 8;

    private readonly Entities? below;
    private readonly EntityNode[] nodes;
    private readonly Dictionary<EntityUid, EntityNode>? index;

    // Parents named in this layer that were no entity in it or below. One of them arriving in a higher layer, with parents of its
    // own, lengthens the ancestries here.
    private readonly HashSet<EntityUid>? missing;

    private Entities(Entities? below, EntityNode[] nodes, Dictionary<EntityUid, EntityNode>? index, HashSet<EntityUid>? missing) =>
        (this.below, this.nodes, this.index, this.missing) = (below, nodes, index, missing);

    /// <summary>No entities.</summary>
    public static Entities Empty { get; } = new(null, [], null, null);

    /// <summary>Number of entities in all layers.</summary>
    public int Count => nodes.Length + (below?.Count ?? 0);

    /// <summary>All entities, those of higher layers first.</summary>
    public IEnumerable<Entity> All
    {
        get
        {
            for (var layer = this; layer is not null; layer = layer.below)
            {
                foreach (var node in layer.nodes)
                    yield return node.Entity;
            }
        }
    }

    /// <summary>Gathers entities. The same entity twice is taken once.</summary>
    /// <exception cref="CedarDataException">Two different entities share a name, the hierarchy has a cycle, or a limit is passed.</exception>
    public static Entities Of(IEnumerable<Entity> entities)
    {
        ArgumentNullException.ThrowIfNull(entities);
        return Over(Empty, [.. entities]);
    }

    /// <summary>Gathers entities. The same entity twice is taken once.</summary>
    /// <exception cref="CedarDataException">Two different entities share a name, the hierarchy has a cycle, or a limit is passed.</exception>
    public static Entities Of(params ReadOnlySpan<Entity> entities) => Over(Empty, entities);

    /// <inheritdoc cref="Over(Entities, ReadOnlySpan{Entity})"/>
    public static Entities Over(Entities baseEntities, IEnumerable<Entity> more)
    {
        ArgumentNullException.ThrowIfNull(more);
        return Over(baseEntities, [.. more]);
    }

    /// <summary>
    /// Adds entities on top of others without copying those. Costs as much as the added entities and their ancestors, except when
    /// an added entity has parents and was already named as a parent below: then everything is gathered anew.
    /// </summary>
    /// <exception cref="CedarDataException">Two different entities share a name, the hierarchy has a cycle, or a limit is passed.</exception>
    public static Entities Over(Entities baseEntities, params ReadOnlySpan<Entity> more)
    {
        ArgumentNullException.ThrowIfNull(baseEntities);
        if (more.IsEmpty)
            return baseEntities;

        if (baseEntities.Count + more.Length > CedarLimits.EntityCount)
            throw new CedarDataException($"more than {CedarLimits.EntityCount} entities");

        if (baseEntities.Completes(more))
            return Over(Empty, [.. baseEntities.All, .. more]);

        // An empty base is no layer: nothing to look through.
        return Build(baseEntities.Count == 0 ? null : baseEntities, more);
    }

    /// <summary>Finds an entity by name.</summary>
    public bool TryGet(EntityUid uid, [NotNullWhen(true)] out Entity? entity)
    {
        entity = Find(uid)?.Entity;
        return entity is not null;
    }

    /// <summary>
    /// Whether <paramref name="uid"/> is the other or has it among its ancestors, as <c>in</c> decides. An entity that is not
    /// present has no ancestors.
    /// </summary>
    public bool IsIn(EntityUid uid, EntityUid ancestor) => uid.Equals(ancestor) || IsDescendant(uid, ancestor);

    /// <summary>Whether <paramref name="ancestor"/> is a proper ancestor of <paramref name="uid"/>.</summary>
    public bool IsDescendant(EntityUid uid, EntityUid ancestor) => Find(uid)?.HasAncestor(ancestor) == true;

    /// <summary>The proper ancestors of an entity, in no order; none when it is not present.</summary>
    public IReadOnlyCollection<EntityUid> Ancestors(EntityUid uid) => Find(uid)?.Ancestors ?? [];

    internal EntityNode? Find(EntityUid uid)
    {
        for (var layer = this; layer is not null; layer = layer.below)
        {
            if (layer.FindHere(uid) is { } node)
                return node;
        }

        return null;
    }

    private EntityNode? FindHere(EntityUid uid)
    {
        if (index is not null)
            return index.GetValueOrDefault(uid);

        foreach (var node in nodes)
        {
            if (node.Entity.Uid.Equals(uid))
                return node;
        }

        return null;
    }

    private bool Completes(ReadOnlySpan<Entity> more)
    {
        for (var layer = this; layer is not null; layer = layer.below)
        {
            if (layer.missing is null)
                continue;

            foreach (var entity in more)
            {
                if (!entity.Parents.IsEmpty && layer.missing.Contains(entity.Uid))
                    return true;
            }
        }

        return false;
    }

    private static Entities Build(Entities? below, ReadOnlySpan<Entity> more)
    {
        var nodes = new EntityNode[more.Length];
        var index = more.Length > LargestLinear ? new Dictionary<EntityUid, EntityNode>(more.Length) : null;
        var count = 0;
        foreach (var entity in more)
        {
            ArgumentNullException.ThrowIfNull(entity, nameof(more));
            if (entity.Parents.Length > CedarLimits.ParentCount)
                throw new CedarDataException($"{entity.Uid} has more than {CedarLimits.ParentCount} parents");

            var known = below?.Find(entity.Uid) ?? (index is not null ? index.GetValueOrDefault(entity.Uid) : FindAmong(nodes.AsSpan(0, count), entity.Uid));
            if (known is not null)
            {
                if (known.Entity.Equals(entity))
                    continue;

                throw new CedarDataException($"{entity.Uid} is given twice, with different content");
            }

            var node = new EntityNode(entity);
            nodes[count++] = node;
            index?.Add(entity.Uid, node);
        }

        if (count == 0)
            return below ?? Empty;

        if (count < nodes.Length)
            nodes = nodes[..count];

        return new Entities(below, nodes, index, null).Close();
    }

    private static EntityNode? FindAmong(ReadOnlySpan<EntityNode> nodes, EntityUid uid)
    {
        foreach (var node in nodes)
        {
            if (node.Entity.Uid.Equals(uid))
                return node;
        }

        return null;
    }

    private Entities Close()
    {
        HashSet<EntityUid>? absent = null;
        foreach (var node in nodes)
            Close(node, 0, ref absent);

        return absent is null ? this : new Entities(below, nodes, index, absent);
    }

    // Recursion is bounded by HierarchyDepth; a node once closed is not visited again.
    private void Close(EntityNode node, int depth, ref HashSet<EntityUid>? absent)
    {
        if (node.IsClosed)
            return;

        if (node.IsOpen)
            throw new CedarDataException($"the hierarchy has a cycle through {node.Entity.Uid}");

        if (depth > CedarLimits.HierarchyDepth)
            throw new CedarDataException($"the hierarchy is deeper than {CedarLimits.HierarchyDepth} at {node.Entity.Uid}");

        node.IsOpen = true;
        var parents = node.Entity.Parents;
        var ancestors = new AncestorSet();
        var height = 0;
        foreach (var parent in parents)
        {
            ancestors.Add(parent);
            height = Math.Max(height, 1);
            if (Find(parent) is { } known)
            {
                Close(known, depth + 1, ref absent);
                foreach (var ancestor in known.Ancestors)
                    ancestors.Add(ancestor);

                height = Math.Max(height, known.Height + 1);
            }
            else
            {
                (absent ??= []).Add(parent);
            }
        }

        if (height > CedarLimits.HierarchyDepth)
            throw new CedarDataException($"the hierarchy is deeper than {CedarLimits.HierarchyDepth} at {node.Entity.Uid}");

        node.Close(ancestors, height);
    }
}
