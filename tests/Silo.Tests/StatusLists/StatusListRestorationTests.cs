using Assay.Core.Decisions;
using Assay.Core.Evidence;
using Assay.Core.Revocation;
using Assay.Core.Risk;
using Assay.Core.StatusLists;
using Assay.Grains.Authority;
using Assay.Silo.StatusLists;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Tests.Running;
using Assay.Silo.Tests.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using static Assay.Silo.Tests.Conformance.TokenQuestions;

namespace Assay.Silo.Tests.StatusLists;

/// <summary>The lists of a silo that is over, made again from what it recorded.</summary>
public sealed class StatusListRestorationTests : IAsyncLifetime
{
    private const string Realm = "default";
    private const int BatchRecords = 50;

    private static readonly SiloIdentity Self = new("https://issuer.example", "one");
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(1);

    private readonly TestClock clock = new();
    private readonly TemporaryFolder temporary = new();
    private readonly StatusListNames names = new(new JtiCodec(new byte[32]), new byte[32], Self);
    private readonly TokenHandles handles = new(new byte[32]);
    private DataFolder folder = null!;
    private SqliteStorage storage = null!;
    private StatusShard shard = null!;

    public async ValueTask InitializeAsync()
    {
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, clock);
        shard = new StatusShard((await storage.Authority.Join(new SiloPlace("one", "one"), Life, default)).Epoch, names);
    }

    public ValueTask DisposeAsync()
    {
        storage.Dispose();
        folder.Dispose();
        temporary.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Every_token_that_can_live_is_back_in_its_place_with_what_was_revoked()
    {
        var old = await Issue(0, 120); // their time is over
        clock.Advance(TimeSpan.FromMinutes(30));
        var ended = await Revoke(new RevocationId(RevocationKind.Identity, "client-7"));
        var live = await Issue(120, 230, number: ended - 1);
        var after = await Issue(350, 30, number: ended);
        await Seal();

        var restored = await Restore(RestorationState.Ready);

        Assert.Equal(live.Concat(after).Select(place => place.List.Id).Distinct().Order(), restored.Lists.Select(list => list.Address.Id).Order());
        Assert.All(live, (place, i) => Assert.Equal((120 + i) % 10 == 7 ? 1 : 0, At(restored, place)));
        Assert.All(after, place => Assert.Equal(0, At(restored, place))); // issued on the newer state
        Assert.Equal(260, restored.Held);
        Assert.NotEmpty(old);
    }

    [Fact]
    public async Task An_index_without_a_record_is_shown_as_invalid()
    {
        var recorded = (await Issue(0, 10))[0];
        var unrecorded = Take(99, 1);
        await Seal();

        var restored = await Restore(RestorationState.Ready);

        Assert.Equal((0, 1), (At(restored, recorded), At(restored, unrecorded)));
    }

    [Fact]
    public async Task What_is_revoked_later_is_looked_for_too()
    {
        var places = await Issue(0, 10);
        await Seal();
        var restored = await Restore(RestorationState.Ready);

        restored.Add([new PendingEnd(new RevocationEntry(handles.Of(RevocationKind.Credential, "key-3"), 1_000, null, clock.GetUtcNow()), null)]);
        restored.Sweep(long.MaxValue);

        Assert.Equal([0, 0, 0, 1, 0, 0, 0, 0, 0, 0], places.Select(place => At(restored, place)));
        Assert.False(restored.HasPending);
    }

    [Fact]
    public async Task A_batch_that_was_damaged_takes_its_tokens_along_and_no_others()
    {
        var places = await Issue(0, 3 * BatchRecords);
        await Seal();
        using (var connection = new SqliteConnection($"Data Source={Path.Combine(temporary.Path, "evidence.db")};Pooling=False"))
        {
            connection.Open();
            using var damage = connection.CreateCommand();
            damage.CommandText = $"UPDATE batch SET checksum = checksum + 1 WHERE first = {BatchRecords}";
            Assert.Equal(1, damage.ExecuteNonQuery());
        }

        var restored = await Restore(RestorationState.Ready);

        Assert.All(places, (place, i) => Assert.Equal(i / BatchRecords == 1 ? 1 : 0, At(restored, place)));
    }

    [Fact]
    public async Task A_silo_that_is_not_over_is_left_alone_and_one_that_never_was_has_no_lists()
    {
        await Issue(0, 10);

        await Restore(RestorationState.Elsewhere);

        await Restore(RestorationState.Never, new StatusShard(999, names, isRestored: true));
    }

    private static int At(StatusShard restored, StatusReference place) =>
        StatusList.At(restored.Lists.Single(list => list.Address.Id == place.List.Id).Table.Read(), 1, place.Index);

    private async Task<StatusShard> Restore(RestorationState expected, StatusShard? into = null)
    {
        var lists = into ?? new StatusShard(shard.Shard, names, isRestored: true);
        var restoration = new StatusListRestoration(
            storage.Authority, storage.Trees, names, handles, Self, clock, NullLogger<StatusListRestoration>.Instance);
        var state = await restoration.Restore(
            lists, (to, id, number) => to.Add([new PendingEnd(new RevocationEntry(handles.Of(id.Kind, id.Name), number, id.Window, clock.GetUtcNow()), null)]));
        Assert.Equal(expected, state);
        return lists;
    }

    /// <summary>Tokens of ten clients with a key each, issued and recorded.</summary>
    private async Task<List<StatusReference>> Issue(int first, int count, long number = 1)
    {
        var places = new List<StatusReference>();
        for (var at = first; at < first + count; at += BatchRecords)
        {
            var records = new List<ReadOnlyMemory<byte>>();
            for (var position = at; position < Math.Min(at + BatchRecords, first + count); position++)
            {
                places.Add(Take(position, number));
                records.Add(Record(position, number, places[^1]).Encode());
            }

            Assert.Equal(BatchResult.Committed, await storage.Log.Append(EvidenceBatch.Create(shard.Shard, at, clock.GetUtcNow(), records.ToArray(), []), default));
        }

        return places;
    }

    private StatusReference Take(int position, long number) => shard.Take(new StatusEntry(
        position, number, clock.GetUtcNow().ToUnixTimeSeconds(), clock.GetUtcNow().ToUnixTimeSeconds() + 300, Identity: 1, Credential: 2, PolicyVersion: 3, Key: 4))!.Value;

    private EvidenceRecord Record(long position, long number, StatusReference place) => new()
    {
        Kind = EvidenceKind.Permit,
        Shard = shard.Shard,
        Position = position,
        Node = "one",
        Time = clock.GetUtcNow(),
        Input = new DecisionInput
        {
            Realm = Realm, ClientId = $"client-{position % 10}", Time = clock.GetUtcNow(), GrantType = "client_credentials", AuthenticationMethod = "private_key_jwt",
            CredentialHandle = $"key-{position % 10}", Resource = TokenRequests.Payments, Scopes = ["payments:read"], Risk = new RiskAssessment(0, "low", []), EntitlementAge = default, RiskAge = default,
            IdentityNumber = 1, DirectoryNumber = number, PolicyDomain = "tokens", PolicyVersion = "f00d", DefaultLifetime = TimeSpan.FromMinutes(5), MaxLifetime = TimeSpan.FromMinutes(15),
        },
        Verdict = new Verdict([new ScopeDecision { Scope = "payments:read", Outcome = ScopeOutcome.Granted }], TimeSpan.FromMinutes(5)),
        JwtId = "jti",
        KeyId = "kid-1",
        ExpiresAt = clock.GetUtcNow().AddMinutes(5),
        SigningInputHash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        Status = new TokenStatus(place.List.Id, place.Index),
    };

    private async Task<long> Revoke(RevocationId id) =>
        Assert.IsType<CommitResult.Committed>(await storage.Authority.Commit(new Change([Revocations.First(Realm, id, "tried")], "tests", "tried"), default)).Number;

    private Task Seal() => storage.Authority.Leave(shard.Shard, default);
}

/// <summary>The same over the life of a process.</summary>
[Collection(Undisturbed.Collection)]
public sealed class StatusListKillTests
{
    [Fact]
    public async Task After_a_kill_a_list_is_not_served_until_it_shows_what_was_revoked_before_and_it_goes_on_showing_what_is_revoked_later()
    {
        await using var silo = await RunningSilo.Start(("Assay:StatusLists:PublishEvery", "00:00:00.1"));
        var (revoked, live, later) = (await silo.TokenOf("payments-exporter"), await silo.TokenOf("payments-exporter"), await silo.TokenOf("acme-crm"));
        var api = SampleResourceServer.Of(silo, TokenRequests.Payments);
        Assert.Equal(200, (await silo.Revoke("payments-exporter", revoked)).Status);
        Assert.Equal(200, await api.Answer(live));

        await silo.Kill();
        await silo.Start();

        var bits = await silo.Http.Until(Place.Of(revoked), 1, meanwhile: Assert.Null); // 503 or the truth
        var valid = new[] { live, later }.Count(token => Place.Of(token).Uri == Place.Of(revoked).Uri);
        Assert.Equal(StatusTable.Capacity - valid, StatusQuestions.Ended(bits).Count()); // all that is not known to be valid
        Assert.Equal((401, 200, 200), (await api.Answer(revoked), await api.Answer(live), await api.Answer(later)));
        var next = Place.Of(await silo.TokenOf("payments-exporter"));
        Assert.NotEqual(Place.Of(live).Uri, next.Uri);
        Assert.Equal(200, (await silo.Revoke("acme-crm", later)).Status);
        await silo.Http.Until(Place.Of(later), 1);
        Assert.Equal((200, 401), (await api.Answer(live), await api.Answer(later)));
    }
}
