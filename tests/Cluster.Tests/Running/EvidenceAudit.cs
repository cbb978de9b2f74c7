using System.Security.Cryptography;
using System.Text;
using Assay.Core.Evidence;
using Assay.Core.Jose;
using Assay.Silo.Storage.Postgres;

namespace Assay.Cluster.Tests.Running;

/// <summary>Holds what clients received against what the database remembers (P4).</summary>
internal static class EvidenceAudit
{
    /// <summary>
    /// Every token that was received has a record, which names it and the hash of what was signed; no two tokens and no two records share a
    /// <c>jti</c>; no shard has a gap.
    /// </summary>
    public static async Task Check(TestCluster cluster, IEnumerable<TokenAnswer> answers)
    {
        var records = await Records(cluster);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var answer in answers.Where(answer => answer.Status == 200))
        {
            Assert.True(seen.Add(answer.JwtId), $"{answer.JwtId} is in two tokens");
            Assert.True(records.TryGetValue(answer.JwtId, out var record), $"there is no record of {answer.JwtId}, from {answer.Silo} for {answer.Identity}");
            var signed = answer.Token![..answer.Token!.LastIndexOf('.')];
            Assert.Equal(
                (EvidenceKind.Permit, answer.Identity, Base64UrlText.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(signed)))),
                (record.Kind, record.Input?.ClientId, record.SigningInputHash));
        }
    }

    private static async Task<Dictionary<string, EvidenceRecord>> Records(TestCluster cluster)
    {
        using var database = new PostgresDatabase(cluster.Database, TimeSpan.FromMinutes(2), TimeProvider.System);
        var batches = await new PostgresEvidenceStore(database, database).Newest(int.MaxValue, CancellationToken.None);
        var records = new Dictionary<string, EvidenceRecord>(StringComparer.Ordinal);
        foreach (var shard in batches.GroupBy(batch => batch.Shard))
        {
            var next = 0L;
            foreach (var batch in shard.OrderBy(batch => batch.FirstPosition))
            {
                Assert.Equal((shard.Key, next), (batch.Shard, batch.FirstPosition));
                next += batch.Records.Length;
                foreach (var encoded in batch.Records)
                {
                    var record = EvidenceRecord.Decode(encoded.Span);
                    if (record.JwtId is { } jti)
                        Assert.True(records.TryAdd(jti, record), $"{jti} has two records");
                }
            }
        }

        return records;
    }
}
