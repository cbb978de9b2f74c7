using System.Collections.Immutable;
using Assay.Grains.Authority;

namespace Assay.Baseline;

/// <summary>
/// A silo whose evidence is made as always and then dropped: what durable evidence costs is what the real one takes more. Only here: no silo can be
/// told to run like this.
/// </summary>
internal sealed class ForgetfulEvidence : IEvidenceStore
{
    public static Task<int> Serve(string[] args) => Silo.Hosting.SiloProcess.Run(args, static services => services.AddSingleton<IEvidenceStore, ForgetfulEvidence>());

    public Task<BatchResult> Append(EvidenceBatch batch, CancellationToken cancellationToken) => Task.FromResult(BatchResult.Committed);

    public Task<EvidenceBatch?> Find(long shard, long position, CancellationToken cancellationToken) => Task.FromResult<EvidenceBatch?>(null);

    public Task<ImmutableArray<EvidenceIndexRow>> Index(string realm, string subject, DateTimeOffset since, int limit, CancellationToken cancellationToken) =>
        Task.FromResult(ImmutableArray<EvidenceIndexRow>.Empty);

    public Task<ImmutableArray<EvidenceIndexRow>> IndexBack(
        string realm, string subject, DateTimeOffset until, DateTimeOffset since, int limit, CancellationToken cancellationToken) => Index(realm, subject, since, limit, cancellationToken);

    public Task<ImmutableArray<ImmutableArray<SpentAssertion>>> Spent(ImmutableArray<SubjectKey> subjects, DateTimeOffset now, CancellationToken cancellationToken) =>
        Task.FromResult(ImmutableArray.CreateRange(subjects, static _ => ImmutableArray<SpentAssertion>.Empty));

    public Task<ImmutableArray<EvidenceBatch>> Newest(int batches, CancellationToken cancellationToken) => Task.FromResult(ImmutableArray<EvidenceBatch>.Empty);

    public Task<EvidencePage> Before(EvidencePlace place, DateTimeOffset since, int maxBytes, CancellationToken cancellationToken) =>
        Task.FromResult(new EvidencePage([], null, 0));
}
