namespace Assay.Cedar;

/// <summary>An entity within its hierarchy, ancestors worked out.</summary>
internal sealed class EntityNode(Entity entity)
{
    private AncestorSet ancestors;

    public Entity Entity { get; } = entity;

    /// <summary>Its ancestors are being worked out: meeting it again means a cycle.</summary>
    public bool IsOpen { get; set; }

    public bool IsClosed { get; private set; }

    /// <summary>Steps on the longest way up.</summary>
    public int Height { get; private set; }

    public EntityUid[] Ancestors { get; private set; } = [];

    public bool HasAncestor(EntityUid uid) => ancestors.Contains(uid);

    public void Close(AncestorSet set, int height)
    {
        ancestors = set;
        Ancestors = set.ToArray();
        Height = height;
        IsClosed = true;
    }
}

/// <summary>Grows a set of names; stays a plain list while it is small.</summary>
internal struct AncestorSet
{
    private const int LargestLinear = 12;

    private EntityUid[]? items;
    private HashSet<EntityUid>? index;
    private int count;

    public void Add(EntityUid uid)
    {
        if (index is not null)
        {
            if (!index.Add(uid))
                return;
        }
        else if (Contains(uid))
        {
            return;
        }

        items ??= new EntityUid[4];
        if (count == items.Length)
            Array.Resize(ref items, count * 2);

        items[count++] = uid;
        if (count == LargestLinear + 1)
            index = [.. items.AsSpan(0, count)];
    }

    public readonly bool Contains(EntityUid uid) =>
        index is not null ? index.Contains(uid) : items is not null && items.AsSpan(0, count).IndexOf(uid) >= 0;

    public readonly EntityUid[] ToArray() => items is null ? [] : count == items.Length ? items : items[..count];
}
