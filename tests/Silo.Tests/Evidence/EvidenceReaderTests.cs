using System.Collections.Immutable;
using System.Security.Cryptography;
using Assay.Core.Evidence;
using Assay.Grains.Authority;
using Assay.Silo.Evidence;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Tests.Storage;

namespace Assay.Silo.Tests.Evidence;

public sealed class EvidenceReaderTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);

    private readonly TemporaryFolder temporary = new();
    private readonly JtiCodec jtis = new(RandomNumberGenerator.GetBytes(32));
    private DataFolder folder = null!;
    private SqliteStorage storage = null!;
    private EvidenceReader reader = null!;
    private long shard;

    public async ValueTask InitializeAsync()
    {
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, TimeProvider.System);
        reader = new EvidenceReader(storage.Log, jtis);
        shard = (await storage.Authority.Join(new SiloPlace("one", "one"), TimeSpan.FromMinutes(1), default)).Epoch;
    }

    public ValueTask DisposeAsync()
    {
        storage.Dispose();
        folder.Dispose();
        temporary.Dispose();
        jtis.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_jti_leads_to_its_record()
    {
        await Append(0, "exporter", EvidenceKind.Void, EvidenceKind.Admin);

        var found = Assert.IsType<EvidenceFound.Record>(await reader.Find(jtis.Encode(new RecordId(shard, 1)), default));

        Assert.Equal((shard, 1, EvidenceKind.Admin), (found.Found.Shard, found.Found.Position, found.Found.Kind));
    }

    [Fact]
    public async Task A_jti_of_this_cluster_without_a_record_is_named_so()
    {
        await Append(0, "exporter", EvidenceKind.Admin);
        var beyond = new RecordId(shard, 1);

        Assert.Equal(new EvidenceFound.NoRecord(beyond), await reader.Find(jtis.Encode(beyond), default));
    }

    [Theory]
    [InlineData("")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("not base64url, and long!")]
    public async Task Anything_else_is_not_ours(string jti)
    {
        Assert.Equal(new EvidenceFound.NotOurs(), await reader.Find(jti, default));
    }

    [Fact]
    public async Task What_was_decided_about_a_subject_comes_newest_first_and_no_more_than_asked()
    {
        await Append(0, "exporter", EvidenceKind.Admin, EvidenceKind.Admin);
        await Append(2, "importer", EvidenceKind.Admin);
        await Append(3, "exporter", EvidenceKind.Admin);

        Assert.Equal([3, 1, 0], await BySubject(10));
        Assert.Equal([3, 1], await BySubject(2));
    }

    [Fact]
    public async Task The_newest_records_leave_out_void_ones()
    {
        await Append(0, "exporter", EvidenceKind.Admin, EvidenceKind.Void);
        await Append(2, "exporter", EvidenceKind.Admin, EvidenceKind.Void);

        Assert.Equal([2, 0], (await reader.Newest(10, default)).Select(record => record.Position));
        Assert.Equal([2], (await reader.Newest(1, default)).Select(record => record.Position));
    }

    [Fact]
    public async Task A_record_that_claims_another_position_is_not_passed_on()
    {
        await Store(0, [Record(7, EvidenceKind.Admin)], []);

        await Assert.ThrowsAsync<InvalidDataException>(() => reader.Find(new RecordId(shard, 0), default));
    }

    private async Task<IEnumerable<long>> BySubject(int limit) =>
        (await reader.BySubject("default", EvidenceSubject.Identity("exporter"), Now, limit, default)).Select(record => record.Position);

    private Task Append(long first, string clientId, params EvidenceKind[] kinds) => Store(
        first,
        kinds.Select((kind, i) => Record(first + i, kind)),
        [new EvidenceIndexRow("default", EvidenceSubject.Identity(clientId), shard, Now.AddSeconds(first), [.. kinds.Select((_, i) => first + i)], [])]);

    private async Task Store(long first, IEnumerable<ReadOnlyMemory<byte>> records, ImmutableArray<EvidenceIndexRow> index) =>
        Assert.Equal(BatchResult.Committed, await storage.Log.Append(EvidenceBatch.Create(shard, first, Now, records.ToArray(), index), default));

    private ReadOnlyMemory<byte> Record(long position, EvidenceKind kind) =>
        new EvidenceRecord
        {
            Kind = kind,
            Shard = shard,
            Position = position,
            Node = "one",
            Time = Now,
            Admin = kind == EvidenceKind.Admin ? new AdminAct("assay-bootstrap", "disable", "exporter", 7) : null,
        }.Encode();
}
