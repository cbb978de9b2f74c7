using System.Collections.Immutable;
using System.Text;
using Assay.Core.Policies;
using Assay.Core.Registry;
using Assay.Core.Revocation;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Silo.Evidence;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Tests.Running;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Assay.Silo.Tests.Storage;

/// <summary>The authority as two silos of one process run it, over real files.</summary>
[Collection(Undisturbed.Collection)]
public sealed class TwoSilosTests : IAsyncLifetime
{
    private const string Realm = GrainKey.DefaultRealm;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    /// <summary>Of a silo that is to lapse. The others must not, however long the machine stands still.</summary>
    private static readonly TimeSpan BriefLease = TimeSpan.FromSeconds(2);

    private static readonly ObjectKey Exporter = new(Realm, ObjectKinds.Identity, "exporter");

    private readonly TemporaryFolder temporary = new();
    private DataFolder folder = null!;
    private SqliteStorage storage = null!;
    private Silo one = null!;
    private Silo two = null!;

    public async ValueTask InitializeAsync()
    {
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, TimeProvider.System);
        one = await Silo.Start("one", storage);
        two = await Silo.Start("two", storage);
    }

    public async ValueTask DisposeAsync()
    {
        await one.DisposeAsync();
        await two.DisposeAsync();
        storage.Dispose();
        folder.Dispose();
        temporary.Dispose();
    }

    [Fact]
    public async Task A_narrowing_call_returns_when_both_have_applied_it()
    {
        var number = await Change();

        await one.Narrowing.Everywhere(number, default).WaitAsync(Soon);

        Assert.True(one.View.Current?.Number >= number && two.View.Current?.Number >= number);
        Assert.All(await storage.Authority.Leases(default), lease => Assert.True(lease.Acknowledged >= number));
    }

    [Fact]
    public async Task It_waits_for_an_answer_on_its_way_out_of_the_other_silo()
    {
        var ticket = two.Gate.Enter();
        Assert.True(ticket.Decided(two.View.Current!.Number));
        Assert.True(ticket.MayLeave());
        var number = await Change();

        var narrowing = one.Narrowing.Everywhere(number, default);
        await two.View.WaitFor(number, default).WaitAsync(Soon);
        Assert.False(narrowing.IsCompleted);

        ticket.Dispose();
        await narrowing.WaitAsync(Soon);
    }

    [Fact]
    public async Task A_decision_made_before_it_does_not_leave_after_it()
    {
        var before = two.View.Current!.Number;
        using var ticket = two.Gate.Enter();
        var number = await Change();
        await one.Narrowing.Everywhere(number, default).WaitAsync(Soon);

        Assert.Equal((false, false), (ticket.Decided(before), ticket.MayLeave()));
    }

    [Fact]
    public async Task A_silo_that_cannot_apply_it_is_sealed_and_stops_deciding_and_serving()
    {
        await using var three = await Silo.Start("three", storage, BriefLease);
        three.Listener.Fault = new IOException("the signer cannot be swapped");
        var number = await Change();

        await one.Narrowing.Everywhere(number, default).WaitAsync(Soon);

        Assert.Null(three.View.Current);
        three.Listener.Fault = null;
        await three.Ended.WaitAsync(Soon);
        Assert.Equal((true, false), (three.Lease.IsOver, one.Lease.IsOver));
        Assert.Equal(["one", "two"], (await storage.Authority.Leases(default)).Select(lease => lease.Slot).Order());
    }

    [Fact]
    public async Task A_silo_does_not_seal_itself_and_a_wait_can_be_given_up()
    {
        await using var three = await Silo.Start("three", storage, BriefLease);
        three.Listener.Fault = new IOException("the signer cannot be swapped");
        var number = await Change();
        using var patience = new CancellationTokenSource(BriefLease * 1.5);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => three.Narrowing.Everywhere(number, patience.Token));

        Assert.Contains(await storage.Authority.Leases(default), lease => lease is { Slot: "three", Sealed: false });
        three.Listener.Fault = null;
        await three.Narrowing.Everywhere(number, default).WaitAsync(Soon);
    }

    [Fact]
    public async Task An_orderly_stop_gives_the_lease_back_at_once_and_keeps_what_was_reserved()
    {
        var epoch = two.Lease.Epoch;
        var slot = two.Evidence.Reserve()!;
        var stopping = two.StopAsync();
        slot.Fill(Encoding.UTF8.GetBytes("permit"), new EvidenceEntry(Realm, "exporter", null));

        Assert.True(await slot.Committed.WaitAsync(Soon));
        await stopping.WaitAsync(Soon);

        Assert.DoesNotContain(await storage.Authority.Leases(default), lease => lease.Epoch == epoch);
        Assert.Equal("permit", Encoding.UTF8.GetString((await storage.Log.Find(epoch, 0, default))!.Records[0].Span));
        await one.Narrowing.Ended(epoch, default).WaitAsync(Soon);
    }

    [Fact]
    public async Task Ended_is_said_of_a_running_silo_only_when_it_has_ended()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one.Narrowing.Ended(two.Lease.Epoch, patience.Token));

        await two.StopAsync();
        await one.Narrowing.Ended(two.Lease.Epoch, default).WaitAsync(Soon);
    }

    [Fact]
    public async Task An_identity_that_changed_has_to_be_read_again_on_both()
    {
        using var first = one.View.Track(Realm, "exporter");
        using var second = two.View.Track(Realm, "exporter");

        var number = await Change();
        await one.Narrowing.Everywhere(number, default).WaitAsync(Soon);

        Assert.Equal((number, number), (first.RequiredNumber, second.RequiredNumber));
    }

    [Fact]
    public async Task The_view_follows_directory_policy_and_keys()
    {
        var document = new PolicyDocument([new PolicyFile("policies/a.cedar", "@id(\"all\") permit(principal, action, resource);")], null);
        var version = document.ContentHash();
        var api = new Api { Resource = "https://payments.example", Scopes = [new ApiScope("payments.read", null, [])] };
        var key = new SigningKey
        {
            KeyId = "kid-1", Purpose = "access-token", Algorithm = "ES256", PublicJwk = "{}", WrappedPrivateKey = "", AnnouncedAt = DateTimeOffset.UnixEpoch,
        };
        var number = await Write(
            new ObjectWrite(new ObjectKey(Realm, ObjectKinds.Api, api.Resource), 0, RegistryJson.Write(api), []),
            new ObjectWrite(new ObjectKey(Realm, ObjectKinds.PolicySet, $"tokens/{version}"), 0, RegistryJson.Write(document), []),
            new ObjectWrite(new ObjectKey(Realm, ObjectKinds.ActivePolicy, "tokens"), 0, RegistryJson.Write(new PolicyPointer(version, [])), []),
            new ObjectWrite(new ObjectKey(Realm, ObjectKinds.SigningKey, "access-token/kid-1"), 0, RegistryJson.Write(key), []));
        await two.View.WaitFor(number, default).WaitAsync(Soon);

        var view = two.View.Current!;
        Assert.True(view.Directory.TryGetApi("https://payments.example", out _));
        Assert.Equal((version, number), (view.Policies["default/tokens"].Version, view.Policies["default/tokens"].Number));
        Assert.Equal("kid-1", Assert.Single(view.Keys).KeyId);

        // A change of something else keeps what it does not touch.
        var later = await Change();
        await two.View.WaitFor(later, default).WaitAsync(Soon);
        Assert.Same(view.Directory, two.View.Current!.Directory);
        Assert.Same(view.Policies["default/tokens"].Policies, two.View.Current.Policies["default/tokens"].Policies);

        // And a silo that joins now begins with all of it.
        await using var three = await Silo.Start("three", storage);
        Assert.Equal(version, three.View.Current!.Policies["default/tokens"].Version);
        Assert.Equal(later, three.Gate.Floor);
    }

    [Fact]
    public async Task A_policy_set_that_was_changed_at_rest_is_not_used()
    {
        var document = new PolicyDocument([new PolicyFile("policies/a.cedar", "permit(principal, action, resource);")], null);
        await using var three = await Silo.Start("three", storage, BriefLease);
        var number = await Write(
            new ObjectWrite(new ObjectKey(Realm, ObjectKinds.PolicySet, "tokens/f00d"), 0, RegistryJson.Write(document), []),
            new ObjectWrite(new ObjectKey(Realm, ObjectKinds.ActivePolicy, "tokens"), 0, RegistryJson.Write(new PolicyPointer("f00d", [])), []));

        while (three.View.Current is not null) // it keeps what it has until its lease lapses, and then refuses
            await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.True(three.View.Newest!.Number < number);
    }

    private Task<long> Change() => Write(new ObjectWrite(Exporter, last, Encoding.UTF8.GetBytes("changed"), []));

    private long last;

    private async Task<long> Write(params ObjectWrite[] writes)
    {
        var result = await storage.Authority.Commit(new Change([.. writes], "test", ""), default);
        var number = Assert.IsType<CommitResult.Committed>(result).Number;
        if (writes[0].Key == Exporter)
            last = number;
        return number;
    }

    private sealed class Silo : IAsyncDisposable
    {
        private readonly IHost host;

        private Silo(IHost host) => this.host = host;

        public SiloView View => host.Services.GetRequiredService<SiloView>();

        public SiloLease Lease => host.Services.GetRequiredService<SiloLease>();

        public DecisionGate Gate => host.Services.GetRequiredService<DecisionGate>();

        public Narrowing Narrowing => host.Services.GetRequiredService<Narrowing>();

        public EvidenceAppender Evidence => host.Services.GetRequiredService<EvidenceAppender>();

        public FailingListener Listener => host.Services.GetRequiredService<FailingListener>();

        /// <summary>The process would end now.</summary>
        public Task Ended => host.Services.GetRequiredService<RecordedEnd>().Ended;

        public static async Task<Silo> Start(string slot, SqliteStorage storage, TimeSpan? leaseLife = null)
        {
            var builder = Host.CreateEmptyApplicationBuilder(null);
            builder.Logging.ClearProviders();
            builder.Services.AddSingleton<IAuthorityStore>(storage.Authority);
            builder.Services.AddSingleton<IEvidenceStore>(storage.Log);
            builder.Services.AddSingleton<FailingListener>();
            builder.Services.AddSingleton<ISnapshotListener>(provider => provider.GetRequiredService<FailingListener>());
            builder.Services.AddSingleton<ISiloAddress>(new FixedAddress(slot));
            builder.Services.AddSingleton<RecordedEnd>();
            builder.Services.AddSingleton<ISiloEnd>(provider => provider.GetRequiredService<RecordedEnd>());
            builder.Services.AddSingleton(new TokenHandles(new byte[32]));
            builder.Services.AddAuthority();
            builder.Services.AddEvidence();
            builder.Services.Configure<AuthorityOptions>(options =>
            {
                options.Slot = slot;
                options.LeaseLife = leaseLife ?? TimeSpan.FromMinutes(2);
                options.LeaseMargin = options.LeaseLife / 20;
                options.RenewEvery = TimeSpan.FromMilliseconds(400);
                options.PollEvery = TimeSpan.FromMilliseconds(50);
            });
            var host = builder.Build();
            await host.StartAsync();
            return new Silo(host);
        }

        public Task StopAsync() => host.StopAsync();

        public async ValueTask DisposeAsync()
        {
            Listener.Fault = null;
            await host.StopAsync();
            host.Dispose();
        }
    }

    private sealed record FixedAddress(string Address) : ISiloAddress;

    private sealed class RecordedEnd : ISiloEnd
    {
        private readonly TaskCompletionSource<string> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Ended => ended.Task;

        public void AtOnce(string why) => ended.TrySetResult(why);
    }

    private sealed class FailingListener : ISnapshotListener
    {
        public volatile Exception? Fault;

        public ValueTask Changed(SiloSnapshot snapshot, ImmutableArray<FeedEntry> entries, CancellationToken cancellationToken) =>
            Fault is { } fault ? throw fault : ValueTask.CompletedTask;
    }
}
