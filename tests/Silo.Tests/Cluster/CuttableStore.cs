using System.Collections.Immutable;
using Assay.Grains.Authority;

namespace Assay.Silo.Tests.Cluster;

/// <summary>One silo's way to the store that all share. Cut, nothing of it arrives any more, as if the process were gone.</summary>
internal sealed class CuttableStore(IAuthorityStore authority, IEvidenceStore evidence) : IAuthorityStore, IEvidenceStore
{
    private volatile bool isCut;
    private HeldRead? held;

    public void Cut() => isCut = true;

    /// <summary>The next <see cref="ReadAll"/> has seen the store, and does not answer until it is let go.</summary>
    public HeldRead HoldNextRead() => held = new HeldRead();

    public Task<StoredObject?> Read(ObjectKey key, CancellationToken cancellationToken) => Authority.Read(key, cancellationToken);

    public async Task<ImmutableArray<StoredObject?>> ReadAll(ImmutableArray<ObjectKey> keys, CancellationToken cancellationToken)
    {
        var read = await Authority.ReadAll(keys, cancellationToken);
        if (Interlocked.Exchange(ref held, null) is { } one)
            await one.Hold();
        return read;
    }

    public Task<StoredObject?> ReadAsOf(ObjectKey key, long number, CancellationToken cancellationToken) => Authority.ReadAsOf(key, number, cancellationToken);

    public Task<ObjectList> List(string realm, string kind, CancellationToken cancellationToken) => Authority.List(realm, kind, cancellationToken);

    public Task<ObjectList> ListAsOf(string realm, string kind, long number, CancellationToken cancellationToken) =>
        Authority.ListAsOf(realm, kind, number, cancellationToken);

    public Task<ImmutableArray<StoredObject>> Page(string realm, string kind, string? after, int limit, CancellationToken cancellationToken) =>
        Authority.Page(realm, kind, after, limit, cancellationToken);

    public Task<ImmutableArray<ObjectChange>> Changes(
        string realm, string kind, string? id, long after, long before, int limit, CancellationToken cancellationToken) =>
        Authority.Changes(realm, kind, id, after, before, limit, cancellationToken);

    public Task<ObjectKey?> Holder(string realm, string uniqueKey, CancellationToken cancellationToken) => Authority.Holder(realm, uniqueKey, cancellationToken);

    public Task<CommitResult> Commit(Change change, CancellationToken cancellationToken) => Authority.Commit(change, cancellationToken);

    public Task<LeaseGrant> Join(SiloPlace place, TimeSpan life, CancellationToken cancellationToken) => Authority.Join(place, life, cancellationToken);

    public Task<LeaseRenewal> Renew(long epoch, long applied, string? report, TimeSpan life, CancellationToken cancellationToken) =>
        Authority.Renew(epoch, applied, report, life, cancellationToken);

    public Task Acknowledge(long epoch, long number, CancellationToken cancellationToken) => Authority.Acknowledge(epoch, number, cancellationToken);

    public Task<ImmutableArray<LeaseRow>> Leases(CancellationToken cancellationToken) => Authority.Leases(cancellationToken);

    public Task<long?> SealIfLapsed(long epoch, CancellationToken cancellationToken) => Authority.SealIfLapsed(epoch, cancellationToken);

    public Task<long?> Condemn(string address, CancellationToken cancellationToken) => Authority.Condemn(address, cancellationToken);

    public Task<long> Mark(string reason, CancellationToken cancellationToken) => Authority.Mark(reason, cancellationToken);

    public Task<ImmutableArray<SiloRow>> Silos(CancellationToken cancellationToken) => Authority.Silos(cancellationToken);

    public Task Leave(long epoch, CancellationToken cancellationToken) => Authority.Leave(epoch, cancellationToken);

    public IDisposable Listen(Action<AuthorityNews> news) => authority.Listen(news);

    public Task<BatchResult> Append(EvidenceBatch batch, CancellationToken cancellationToken) => Evidence.Append(batch, cancellationToken);

    public Task<EvidenceBatch?> Find(long shard, long position, CancellationToken cancellationToken) => Evidence.Find(shard, position, cancellationToken);

    public Task<ImmutableArray<EvidenceIndexRow>> Index(
        string realm, string subject, DateTimeOffset since, int limit, CancellationToken cancellationToken) =>
        Evidence.Index(realm, subject, since, limit, cancellationToken);

    public Task<ImmutableArray<EvidenceIndexRow>> IndexBack(
        string realm, string subject, DateTimeOffset until, DateTimeOffset since, int limit, CancellationToken cancellationToken) =>
        Evidence.IndexBack(realm, subject, until, since, limit, cancellationToken);

    public Task<ImmutableArray<ImmutableArray<SpentAssertion>>> Spent(ImmutableArray<SubjectKey> subjects, DateTimeOffset now, CancellationToken cancellationToken) =>
        Evidence.Spent(subjects, now, cancellationToken);

    public Task<ImmutableArray<EvidenceBatch>> Newest(int batches, CancellationToken cancellationToken) => Evidence.Newest(batches, cancellationToken);

    public Task<EvidencePage> Before(EvidencePlace place, DateTimeOffset since, int maxBytes, CancellationToken cancellationToken) =>
        Evidence.Before(place, since, maxBytes, cancellationToken);

    private IAuthorityStore Authority => isCut ? throw new IOException("the store is out of reach") : authority;

    private IEvidenceStore Evidence => isCut ? throw new IOException("the store is out of reach") : evidence;
}

/// <summary>A read that has seen the store and is still on its way back.</summary>
internal sealed class HeldRead
{
    private readonly TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when it has seen the store.</summary>
    public Task Reached => reached.Task;

    public void LetGo() => released.SetResult();

    public Task Hold()
    {
        reached.SetResult();
        return released.Task;
    }
}
