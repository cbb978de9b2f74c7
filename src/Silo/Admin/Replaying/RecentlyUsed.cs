using System.Diagnostics.CodeAnalysis;

namespace Assay.Silo.Admin.Replaying;

/// <summary>
/// A bounded memory that forgets what was not asked for lately: two generations, the older of which is dropped when the younger is full. For one thread.
/// </summary>
/// <param name="capacity">Entries of one generation; it holds twice as many at most.</param>
internal sealed class RecentlyUsed<TKey, TValue>(int capacity)
    where TKey : notnull
{
    private Dictionary<TKey, TValue> young = [];
    private Dictionary<TKey, TValue> old = [];

    public int Count => young.Count + old.Count;

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        if (young.TryGetValue(key, out value))
            return true;
        if (!old.Remove(key, out value))
            return false;
        Keep(key, value);
        return true;
    }

    public void Keep(TKey key, TValue value)
    {
        old.Remove(key);
        if (young.Count >= capacity && !young.ContainsKey(key))
            (old, young) = (young, []);
        young[key] = value;
    }
}
