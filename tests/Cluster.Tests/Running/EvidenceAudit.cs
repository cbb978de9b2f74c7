using Assay.Core.Evidence;
using Assay.Grains.Authority;
using Assay.Silo.Storage.Postgres;
using Npgsql;

namespace Assay.Cluster.Tests.Running;

/// <summary>Holds what clients received against what the database remembers (P4).</summary>
internal static class EvidenceAudit
{
    /// <summary>
    /// Every token that was received has a record, which names it and the hash of what was signed; no two tokens and no two records share a
    /// <c>jti</c>; no shard has a gap.
    /// </summary>
    public static Task<int> Check(TestCluster cluster, IEnumerable<TokenAnswer> answers) =>
        Check(cluster, answers.Where(answer => answer.Status == 200).Select(TokenReceipt.Of));

    /// <summary>As for answers, of which only receipts were kept.</summary>
    /// <returns>How many records there are, also of tokens that never reached a client.</returns>
    public static async Task<int> Check(TestCluster cluster, IEnumerable<TokenReceipt> receipts)
    {
        var records = await Records(cluster);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var receipt in receipts)
        {
            Assert.True(seen.Add(receipt.JwtId), $"{receipt.JwtId} is in two tokens");
            Assert.True(records.TryGetValue(receipt.JwtId, out var record), $"there is no record of {receipt.JwtId}, from {receipt.Silo} for {receipt.Identity}");
            Assert.Equal((EvidenceKind.Permit, receipt.Identity, receipt.SigningInputHash), record);
        }

        return records.Count;
    }

    /// <summary>The position after the last durable record of each shard.</summary>
    public static async Task<IReadOnlyDictionary<long, long>> Ends(TestCluster cluster)
    {
        await using var connection = new NpgsqlConnection(cluster.Database);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT DISTINCT ON (shard) shard, first + count FROM assay.batch ORDER BY shard, first DESC", connection);
        await using var rows = await command.ExecuteReaderAsync();
        var ends = new Dictionary<long, long>();
        while (await rows.ReadAsync())
            ends.Add(rows.GetInt64(0), rows.GetInt64(1));
        return ends;
    }

    /// <summary>In each of the periods every silo recorded decisions about tokens, and all of these were made by the set in force in it.</summary>
    /// <returns>How many there were.</returns>
    public static async Task<int> Check(TestCluster cluster, IReadOnlyList<EvidencePeriod> periods, int silos)
    {
        var shards = (await Shards(cluster)).ToDictionary(shard => shard.Key);
        var found = 0;
        foreach (var (version, from, until) in periods)
        {
            var recorders = 0;
            foreach (var (shard, end) in until)
            {
                var made = Between(shards[shard], from.GetValueOrDefault(shard), end).Where(record => record.Input?.PolicyDomain == "tokens").ToList();
                Assert.All(made, record => Assert.True(
                    record.Input!.PolicyVersion == version, $"record {record.Shard}/{record.Position} was made by {record.Input.PolicyVersion} when {version} was in force"));
                recorders += made.Count > 0 ? 1 : 0;
                found += made.Count;
            }

            Assert.Equal(silos, recorders);
        }

        return found;
    }

    private static IEnumerable<EvidenceRecord> Between(IEnumerable<EvidenceBatch> shard, long from, long until) => shard
        .Where(batch => batch.FirstPosition < until && batch.FirstPosition + batch.Records.Length > from)
        .SelectMany(batch => batch.Records)
        .Select(encoded => EvidenceRecord.Decode(encoded.Span))
        .Where(record => record.Position >= from && record.Position < until);

    private static async Task<IEnumerable<IGrouping<long, EvidenceBatch>>> Shards(TestCluster cluster)
    {
        using var database = new PostgresDatabase(cluster.Database, TimeSpan.FromMinutes(2), TimeProvider.System);
        var batches = await new PostgresEvidenceStore(database, database).Newest(int.MaxValue, CancellationToken.None);
        return batches.GroupBy(batch => batch.Shard);
    }

    // By jti: what is held against a token, and no more, since there may be a million.
    private static async Task<Dictionary<string, (EvidenceKind Kind, string? Identity, string? SigningInputHash)>> Records(TestCluster cluster)
    {
        var records = new Dictionary<string, (EvidenceKind, string?, string?)>(StringComparer.Ordinal);
        foreach (var shard in await Shards(cluster))
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
                        Assert.True(records.TryAdd(jti, (record.Kind, record.Input?.ClientId, record.SigningInputHash)), $"{jti} has two records");
                }
            }
        }

        return records;
    }
}

/// <summary>What the evidence grew by while one policy set was in force.</summary>
/// <param name="From">By shard: the first position of it.</param>
/// <param name="Until">By shard: the first position that is no longer of it.</param>
internal sealed record EvidencePeriod(string Version, IReadOnlyDictionary<long, long> From, IReadOnlyDictionary<long, long> Until);
