using System.Collections.Immutable;
using System.Security.Cryptography;
using Assay.Core.Evidence;
using Assay.Core.Registry;
using Assay.Core.Revocation;
using Assay.Core.Tokens;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Keys;
using Assay.Silo.Admin.Forensics;
using Assay.Silo.Evidence;
using Assay.Silo.Signing;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Tests.Storage;
using Microsoft.Extensions.Options;

namespace Assay.Silo.Tests.Forensics;

/// <summary>Tokens without a record: forged is said only of what can never have been recorded.</summary>
public sealed class TokenExaminerTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();
    private static readonly byte[] Input = SHA256.HashData("header.payload"u8);

    private readonly TemporaryFolder temporary = new();
    private readonly KeyVault vault = new(RandomNumberGenerator.GetBytes(32));
    private readonly JtiCodec jtis = new(RandomNumberGenerator.GetBytes(32));
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private DataFolder folder = null!;
    private SqliteStorage storage = null!;
    private TokenExaminer examiner = null!;
    private string keyId = "";

    public async ValueTask InitializeAsync()
    {
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, TimeProvider.System);
        var jwk = Core.Jose.JsonWebKey.From(key);
        keyId = jwk.Thumbprint;
        var published = new SigningKey
        {
            KeyId = keyId, Purpose = KeyPurposes.AccessToken, Algorithm = "ES256", PublicJwk = jwk.ToJson(), WrappedPrivateKey = "", AnnouncedAt = Now.AddDays(-90),
            ActivatesAt = Now.AddDays(-90), RetiresAt = Now.AddDays(-60), RemovedAt = Now.AddDays(-60), // long gone from the key set
        };
        await storage.Authority.Commit(
            new Change([new ObjectWrite(new ObjectKey("default", ObjectKinds.SigningKey, $"{KeyPurposes.AccessToken}/{keyId}"), 0, RegistryJson.Write(published), [])], "system", "made"), default);
        examiner = new TokenExaminer(
            new EvidenceReader(storage.Log, jtis), storage.Trees, explainer: null!, storage.Authority, new TokenHandles(new byte[32]), new SiloIdentity("https://issuer.example", "one"),
            Options.Create(new DecisionOptions()), TimeProvider.System); // without a record nothing is explained
    }

    public ValueTask DisposeAsync()
    {
        storage.Dispose();
        folder.Dispose();
        temporary.Dispose();
        vault.Dispose();
        jtis.Dispose();
        key.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Beyond_the_end_of_a_shard_that_goes_on_nothing_is_known()
    {
        var shard = await Shard("one");

        Assert.Equal("unknown", await Class(jtis.Encode(new RecordId(shard, 1))));
        Assert.Equal("unknown", await Class(jtis.Encode(new RecordId(shard, 1)), signed: true));
        Assert.Equal("unknown", await Class(jtis.Encode(new RecordId(shard + 9, 0)))); // of a shard that this database never had
    }

    [Fact]
    public async Task Beyond_the_end_of_a_shard_that_has_ended_there_never_was_a_record()
    {
        var shard = await Shard("one");
        await storage.Authority.Join(new SiloPlace("one", "two"), TimeSpan.FromMinutes(1), default); // seals the one before it

        Assert.Equal("no-record", await Class(jtis.Encode(new RecordId(shard, 1))));
        Assert.Equal("minted-around", await Class(jtis.Encode(new RecordId(shard, 1)), signed: true));
        Assert.Equal("forged", await Class(jtis.Encode(new RecordId(shard, 1)), signed: false));
    }

    [Fact]
    public async Task What_a_lost_history_may_have_recorded_is_not_called_forged()
    {
        var shard = await Shard("one");
        await storage.Authority.Join(new SiloPlace("one", "two"), TimeSpan.FromMinutes(1), default);
        var put = View with { Timelines = Timelines.Of([new Timeline(2, Now, shard + 100, 1, shard, [new ShardEnd(shard, 1)])]) };

        Assert.Equal("unknown", (await examiner.Examine(jtis.Encode(new RecordId(shard, 1)), null, put, default)).Finding!.Class);
        Assert.Equal("no-record", (await examiner.Examine(jtis.Encode(new RecordId(shard, 1)), null, View, default)).Finding!.Class);
    }

    [Fact]
    public async Task A_record_that_was_dropped_is_told_from_one_that_never_was()
    {
        var shard = await Shard("one");
        await storage.Trees.Drop(Now.AddDays(1), 100, default);

        Assert.Equal("dropped", await Class(jtis.Encode(new RecordId(shard, 0))));
    }

    [Fact]
    public async Task A_jti_that_this_cluster_never_made_is_nobodys_token()
    {
        Assert.Equal("no-record", await Class("AAAAAAAAAAAAAAAAAAAAAA"));
        Assert.Equal("minted-around", await Class("AAAAAAAAAAAAAAAAAAAAAA", signed: true));
        Assert.Equal("forged", await Class(null, signed: false));
    }

    [Fact]
    public async Task A_key_that_was_never_published_is_said_whatever_the_jti_leads_to()
    {
        var shard = await Shard("one");
        var proof = new TokenProof("another-key", Input, key.SignHash(Input));

        Assert.Equal("unknown-key", (await examiner.Examine(jtis.Encode(new RecordId(shard, 7)), proof, View, default)).Finding!.Class);
        Assert.Equal("unknown-key", (await examiner.Examine(null, proof with { KeyId = null }, View, default)).Finding!.Class);
    }

    private static SiloSnapshot View { get; } = new(1, DirectorySnapshot.Empty, ImmutableDictionary<string, ActivePolicy>.Empty, [], Now);

    /// <summary>A shard with one record.</summary>
    private async Task<long> Shard(string slot)
    {
        var shard = (await storage.Authority.Join(new SiloPlace(slot, slot), TimeSpan.FromMinutes(1), default)).Epoch;
        var record = new EvidenceRecord { Kind = EvidenceKind.Void, Shard = shard, Position = 0, Node = slot, Time = Now };
        var leaf = EvidenceLeaf.Commit(new byte[EvidenceLeaf.SaltSize], record.Encode());
        var proof = new BatchProof(new byte[EvidenceLeaf.SaltSize], leaf.ToArray(), leaf, default);
        await storage.Log.Append(EvidenceBatch.Create(shard, 0, Now, [record.Encode()], [], proof), default);
        return shard;
    }

    private async Task<string> Class(string? jti, bool? signed = null)
    {
        var proof = signed is { } isOurs ? new TokenProof(keyId, Input, isOurs ? key.SignHash(Input) : new byte[64]) : null;
        var examined = await examiner.Examine(jti, proof, View, default);
        Assert.Null(examined.Explanation);
        return examined.Finding!.Class;
    }
}
