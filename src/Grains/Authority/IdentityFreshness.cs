namespace Assay.Grains.Authority;

/// <summary>How new an identity's state must be before it decides. Dispose when the activation that asked for it ends.</summary>
public sealed class IdentityFreshness : IDisposable
{
    private readonly SiloView view;
    private long required;
    private bool disposed;

    internal IdentityFreshness(SiloView view, ObjectKey key)
    {
        this.view = view;
        Key = key;
    }

    /// <summary>
    /// The feed number of the newest change to this identity that the silo has seen since tracking began. Read <see cref="SiloView.Current"/>
    /// first and this second: every change up to that view's number is then in here. State that was read from the store before has to be
    /// read again when its number is lower.
    /// </summary>
    public long RequiredNumber => Volatile.Read(ref required);

    internal ObjectKey Key { get; }

    /// <summary>Another activation of the same identity: while one replaces another there are two. The view's alone.</summary>
    internal IdentityFreshness? Next { get; set; }

    internal void Raise(long number)
    {
        if (number > required)
            Volatile.Write(ref required, number); // one writer: the follower
    }

    public void Dispose()
    {
        if (!Interlocked.Exchange(ref disposed, true))
            view.Forget(this);
    }
}
