using System.Collections.Immutable;

namespace Assay.Grains.Authority;

/// <summary>The durable, append-only log of decisions. A batch commits only while its epoch is not sealed: this commit is the fence.</summary>
public interface IEvidenceStore
{
    /// <summary>
    /// Appends a batch whole. Durable on <see cref="BatchResult.Committed"/>. Safe to retry unchanged after an exception: a batch that
    /// is already there with the same checksum counts as committed. Throws when its first position is not the next one of its shard, or is taken
    /// by other content. The batch is lent: once this has answered its memory is used for another, so whoever keeps it beyond that keeps a
    /// <see cref="EvidenceBatch.Copy"/>. Its index rows may be kept as they are.
    /// </summary>
    Task<BatchResult> Append(EvidenceBatch batch, CancellationToken cancellationToken);

    /// <summary>The batch that holds a position of a shard; null when there is none.</summary>
    Task<EvidenceBatch?> Find(long shard, long position, CancellationToken cancellationToken);

    /// <summary>Index rows of one subject since a moment, newest first.</summary>
    Task<ImmutableArray<EvidenceIndexRow>> Index(string realm, string subject, DateTimeOffset since, int limit, CancellationToken cancellationToken);

    /// <summary>As <see cref="Index"/>, of rows not after a moment: to go on at the last row of a page.</summary>
    Task<ImmutableArray<EvidenceIndexRow>> IndexBack(
        string realm, string subject, DateTimeOffset until, DateTimeOffset since, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// The assertions that records of each subject spent and that are not expired at <paramref name="now"/>, each subject's at its place; the durable memory of
    /// replay caches. No order; one spent in several records may come several times.
    /// </summary>
    Task<ImmutableArray<ImmutableArray<SpentAssertion>>> Spent(ImmutableArray<SubjectKey> subjects, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>The newest batches over all shards, newest first.</summary>
    Task<ImmutableArray<EvidenceBatch>> Newest(int batches, CancellationToken cancellationToken);

    /// <summary>
    /// The batches over all shards that were stored before a place and not before a moment, newest first: as many as come to
    /// <paramref name="maxBytes"/> of records, one at least if there is one. Costs what it answers. A batch that cannot be read is left out and counted.
    /// </summary>
    Task<EvidencePage> Before(EvidencePlace place, DateTimeOffset since, int maxBytes, CancellationToken cancellationToken);
}

/// <summary>Where a batch lies in the order in which batches were stored: by the store's clock, then by shard and position.</summary>
public readonly record struct EvidencePlace(DateTimeOffset Stored, long Shard, long FirstPosition)
{
    /// <summary>Before every batch that is stored at this moment or later.</summary>
    public static EvidencePlace At(DateTimeOffset moment) => new(moment, -1, -1);
}

/// <param name="Next">From where to go on; null when there is no more.</param>
/// <param name="DamagedRecords">Records of batches that are there and cannot be read.</param>
public sealed record EvidencePage(ImmutableArray<EvidenceBatch> Batches, EvidencePlace? Next, long DamagedRecords);

public enum BatchResult
{
    Committed,

    /// <summary>The epoch is sealed; nothing of it was written and nothing ever will be.</summary>
    Sealed,
}

/// <summary>One subject's part of one batch.</summary>
/// <param name="Subject"><c>identity:ID</c> or <c>credential:HANDLE</c> (<see cref="EvidenceSubject"/>).</param>
/// <param name="Positions">Positions of its records in the shard.</param>
/// <param name="Spent">Only for an identity: assertion ids spent in this batch, so that an activation need not read the records.</param>
public sealed record EvidenceIndexRow(
    string Realm,
    string Subject,
    long Shard,
    DateTimeOffset At,
    ImmutableArray<long> Positions,
    ImmutableArray<SpentAssertion> Spent);

/// <param name="Until">From here on the assertion is expired anyway (its <c>exp</c> plus the leeway).</param>
public readonly record struct SpentAssertion(AssertionHash Hash, DateTimeOffset Until);

/// <param name="Subject">As in <see cref="EvidenceIndexRow"/>.</param>
public readonly record struct SubjectKey(string Realm, string Subject);

/// <summary>What the index is asked for.</summary>
public static class EvidenceSubject
{
    internal const string IdentityPrefix = "identity:";
    internal const string CredentialPrefix = "credential:";

    public static string Identity(string clientId) => IdentityPrefix + clientId;

    public static string Credential(string handle) => CredentialPrefix + handle;
}
