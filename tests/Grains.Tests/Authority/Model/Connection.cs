using System.Collections.Immutable;
using Assay.Grains.Authority;

namespace Assay.Grains.Tests.Authority.Model;

/// <summary>
/// A silo's connection to the database. Questions and answers take time and get lost: a lost question did nothing, a lost answer did something
/// that nobody heard of. What is under way goes on when the process is paused or dies.
/// </summary>
internal sealed class Connection(Scheduler scheduler, Process process, Database database, World world) : IAuthorityStore, IEvidenceStore
{
    private EvidenceBatch? failed;
    private long shift;

    /// <summary>No message passes.</summary>
    public bool IsCut { get; set; }

    public Action? Renewed { get; set; }

    public Task<StoredObject?> Read(ObjectKey key, CancellationToken cancellationToken) => Call(() => database.Read(key), cancellationToken);

    public Task<ImmutableArray<StoredObject?>> ReadAll(ImmutableArray<ObjectKey> keys, CancellationToken cancellationToken) =>
        Call(() => ImmutableArray.CreateRange(keys, key => database.Read(key)), cancellationToken);

    public Task<ObjectKey?> Holder(string realm, string uniqueKey, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<StoredObject?> ReadAsOf(ObjectKey key, long number, CancellationToken cancellationToken) =>
        Call(() => database.Read(key, number), cancellationToken);

    public Task<CommitResult> Commit(Change change, CancellationToken cancellationToken) => Call<CommitResult>(
        () => new CommitResult.Committed(database.Write(change.Writes[0].Key, change.Writes[0].Body!.Value.ToArray())), cancellationToken);

    public Task<LeaseGrant> Join(SiloPlace place, TimeSpan life, CancellationToken cancellationToken) =>
        Call(() => database.Join(place, life), cancellationToken);

    public async Task<LeaseRenewal> Renew(long epoch, long applied, string? report, TimeSpan life, CancellationToken cancellationToken)
    {
        var renewal = await Call(() => database.Renew(epoch, applied, life), cancellationToken);
        if (world.Flaw == Flaw.LeaseCountsFromTheAnswer && renewal is LeaseRenewal.Renewed)
            Renewed?.Invoke();
        return renewal;
    }

    public Task Acknowledge(long epoch, long number, CancellationToken cancellationToken) =>
        Call(() => { database.Acknowledge(epoch, number); return true; }, cancellationToken);

    public Task<ImmutableArray<LeaseRow>> Leases(CancellationToken cancellationToken) => Call(database.Leases, cancellationToken);

    public Task<long?> SealIfLapsed(long epoch, CancellationToken cancellationToken) => Call(() => database.SealIfLapsed(epoch), cancellationToken);

    public Task<long?> Condemn(string address, CancellationToken cancellationToken) => Call(() => database.Condemn(address), cancellationToken);

    public Task<long> Mark(string reason, CancellationToken cancellationToken) => Call(database.Mark, cancellationToken);

    public Task Leave(long epoch, CancellationToken cancellationToken) => Call(() => { database.Leave(epoch); return true; }, cancellationToken);

    public IDisposable Listen(Action<AuthorityNews> news) => database.Listen(process, news);

    public async Task<BatchResult> Append(EvidenceBatch batch, CancellationToken cancellationToken)
    {
        if (world.Flaw == Flaw.RetriesAtNewPositions)
        {
            if (failed?.FirstPosition == batch.FirstPosition)
                shift += batch.Records.Length;
            failed = batch;
            batch = EvidenceBatch.Create(batch.Shard, batch.FirstPosition + shift, batch.CommittedAt, batch.Records.AsSpan(), batch.Index);
        }

        return await Call(() => database.Append(batch), cancellationToken);
    }

    public Task<ImmutableArray<ImmutableArray<SpentAssertion>>> Spent(ImmutableArray<SubjectKey> subjects, DateTimeOffset now, CancellationToken cancellationToken) =>
        Call(() => ImmutableArray.CreateRange(subjects, subject => database.Spent(subject.Realm, subject.Subject)), cancellationToken);

    public Task<ObjectList> List(string realm, string kind, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<ObjectList> ListAsOf(string realm, string kind, long number, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<ImmutableArray<ObjectChange>> Changes(string realm, string kind, string? id, long after, long before, int limit, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<ImmutableArray<StoredObject>> Page(string realm, string kind, string? after, int limit, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<ImmutableArray<SiloRow>> Silos(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<EvidenceBatch?> Find(long shard, long position, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<ImmutableArray<EvidenceIndexRow>> IndexBack(
        string realm, string subject, DateTimeOffset until, DateTimeOffset since, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<ImmutableArray<EvidenceIndexRow>> Index(
        string realm, string subject, DateTimeOffset since, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<EvidencePage> Before(EvidencePlace place, DateTimeOffset since, int maxBytes, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<ImmutableArray<EvidenceBatch>> Newest(int batches, CancellationToken cancellationToken) => throw new NotSupportedException();

    private Task<T> Call<T>(Func<T> operation, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<T>();
        cancellationToken.UnsafeRegister((_, token) => answer.TrySetCanceled(token), null);
        scheduler.After(Delay(), () =>
        {
            if (IsLost())
            {
                Fail(answer, "the question was lost");
                return;
            }

            var (result, refusal) = Ask(operation);
            scheduler.After(Delay(), () =>
            {
                if (IsLost())
                    Fail(answer, "the answer was lost");
                else if (refusal is not null)
                    answer.TrySetException(refusal);
                else
                    answer.TrySetResult(result!);
            });
        });
        return answer.Task;
    }

    private static (T? Result, InvalidOperationException? Refusal) Ask<T>(Func<T> operation)
    {
        try
        {
            return (operation(), null);
        }
        catch (InvalidOperationException refusal)
        {
            return (default, refusal);
        }
    }

    private bool IsLost() => IsCut || scheduler.Chance(world.IsHealed ? 0 : 0.01);

    private void Fail<T>(TaskCompletionSource<T> answer, string how) =>
        scheduler.After(scheduler.Between(10, 1000), () => answer.TrySetException(new IOException(how)));

    private TimeSpan Delay() => scheduler.Chance(world.IsHealed ? 0 : 0.03) ? scheduler.Between(100, 3000) : scheduler.Between(0, 8);
}
