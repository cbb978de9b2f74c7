using System.Net;
using Assay.Grains.Authority;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Tests.Storage;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace Assay.Silo.Tests.Cluster;

/// <summary>What is waited for before the evidence is trusted.</summary>
public sealed class PredecessorsTests : IDisposable
{
    private static readonly TimeSpan Life = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(90);
    private static readonly string[] Names = ["here", "other", "dead", "stopping", "stranger"];

    private readonly TemporaryFolder temporary = new();
    private readonly TestClock clock = new();
    private readonly DataFolder folder;
    private readonly SqliteStorage storage;
    private readonly SiloLease own;
    private readonly Members members = new();
    private readonly CuttableStore store;
    private readonly Predecessors predecessors;

    public PredecessorsTests()
    {
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, clock);
        own = new SiloLease(Life, TimeSpan.FromSeconds(1), clock);
        store = new CuttableStore(storage.Authority, storage.Log);
        var narrowing = new Narrowing(store, own, Options.Create(new AuthorityOptions { PollEvery = TimeSpan.FromMilliseconds(10) }), TimeProvider.System);
        predecessors = new Predecessors(members, new Here(), store, narrowing);
    }

    public void Dispose()
    {
        predecessors.Dispose();
        storage.Dispose();
        folder.Dispose();
        temporary.Dispose();
    }

    [Fact]
    public async Task Silos_that_live_are_not_waited_for()
    {
        await Join("other");
        members.Add(Address("other"), SiloStatus.Active);

        await predecessors.Settled(default).WaitAsync(Soon);

        Assert.False(Assert.Single(await storage.Authority.Silos(default)).Condemned);
    }

    [Fact]
    public async Task A_dead_silo_is_condemned_and_waited_for_until_it_is_sealed()
    {
        var epoch = await Join("dead");
        members.Add(Address("dead"), SiloStatus.Dead);

        var settled = predecessors.Settled(default);
        await Until(async () => (await storage.Authority.Silos(default)).Single().Condemned);
        Assert.False(settled.IsCompleted);

        clock.Advance(Life * 2); // nobody renews it
        await settled.WaitAsync(Soon);
        Assert.NotNull((await storage.Authority.Silos(default)).Single(silo => silo.Epoch == epoch).Seal);
    }

    [Fact]
    public async Task Who_never_took_a_lease_decided_nothing()
    {
        members.Add(Address("stranger"), SiloStatus.Dead);

        await predecessors.Settled(default).WaitAsync(Soon);
    }

    [Fact]
    public async Task An_end_is_waited_for_once()
    {
        var epoch = await Join("dead");
        await storage.Authority.Leave(epoch, default);
        members.Add(Address("dead"), SiloStatus.Dead);
        await predecessors.Settled(default).WaitAsync(Soon);

        store.Cut(); // the table of members is read each time; the store is not asked again
        await predecessors.Settled(default).WaitAsync(Soon);
    }

    [Fact]
    public async Task While_a_silo_stops_every_silo_has_to_acknowledge_a_marker()
    {
        var epoch = await Join("stopping");
        members.Add(Address("stopping"), SiloStatus.ShuttingDown);

        var settled = predecessors.Settled(default);
        LeaseRenewal.Renewed? news = null;
        await Until(async () => (news = (LeaseRenewal.Renewed)await storage.Authority.Renew(epoch, 0, null, Life, default)).Entries.Any(IsMarker));
        Assert.False(settled.IsCompleted);

        await storage.Authority.Acknowledge(epoch, news!.Head, default);
        await settled.WaitAsync(Soon);
    }

    [Fact]
    public async Task Without_the_database_nothing_is_settled_and_later_it_is()
    {
        var epoch = await Join("dead");
        await storage.Authority.Leave(epoch, default);
        members.Add(Address("dead"), SiloStatus.Dead);
        members.IsAway = true;

        await Assert.ThrowsAsync<IOException>(() => predecessors.Settled(default).WaitAsync(Soon));
        members.IsAway = false;

        await predecessors.Settled(default).WaitAsync(Soon);
    }

    private static bool IsMarker(FeedEntry entry) => entry.Keys.Any(key => key.Kind == ObjectKinds.Marker);

    private static SiloAddress Address(string name) => SiloAddress.New(new IPEndPoint(IPAddress.Loopback, Array.IndexOf(Names, name) + 1), 1);

    private async Task<long> Join(string name) =>
        (await storage.Authority.Join(new SiloPlace(name, Address(name).ToParsableString()), Life, default)).Epoch;

    private static async Task Until(Func<Task<bool>> done)
    {
        using var patience = new CancellationTokenSource(Soon);
        while (!await done())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private sealed class Here : ISiloAddress
    {
        public string Address => PredecessorsTests.Address("here").ToParsableString();
    }

    /// <summary>A membership table that is only read.</summary>
    private sealed class Members : IMembershipTable
    {
        private readonly List<Tuple<MembershipEntry, string>> entries = [];

        public bool IsAway { get; set; }

        public void Add(SiloAddress address, SiloStatus status) => entries.Add(Tuple.Create(new MembershipEntry { SiloAddress = address, Status = status }, ""));

        public Task<MembershipTableData> ReadAllAsync(CancellationToken cancellationToken) =>
            IsAway ? throw new IOException("the table is out of reach") : Task.FromResult(new MembershipTableData(entries, new TableVersion(1, "1")));

        public Task<MembershipTableData> ReadAll() => ReadAllAsync(default);

        public Task InitializeMembershipTable(bool tryInitTableVersion) => throw new NotSupportedException();

        public Task DeleteMembershipTableEntries(string clusterId) => throw new NotSupportedException();

        public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => throw new NotSupportedException();

        public Task<MembershipTableData> ReadRow(SiloAddress key) => throw new NotSupportedException();

        public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => throw new NotSupportedException();

        public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => throw new NotSupportedException();

        public Task UpdateIAmAlive(MembershipEntry entry) => throw new NotSupportedException();
    }
}
