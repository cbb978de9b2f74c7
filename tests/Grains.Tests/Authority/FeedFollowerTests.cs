using System.Collections.Immutable;
using System.Threading.Channels;
using Assay.Core.Registry;
using Assay.Grains.Authority;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Assay.Grains.Tests.Authority;

public sealed class FeedFollowerTests : IAsyncDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);
    private static readonly ObjectKey Exporter = new("default", ObjectKinds.Identity, "exporter");

    private readonly ManualClock clock = new();
    private readonly AuthorityOptions settings = new();
    private readonly ScriptedStore store = new();
    private readonly SiloLease lease;
    private readonly SiloView view;
    private readonly DecisionGate gate;
    private readonly RecordingLoader loader = new();
    private readonly ScriptedReport report = new();
    private readonly List<ISnapshotListener> listeners = [];
    private readonly Metered metered = new();
    private readonly AuthorityMeter meter;
    private readonly CancellationTokenSource stopping = new();
    private Task following = Task.CompletedTask;

    public FeedFollowerTests()
    {
        lease = new SiloLease(settings.LeaseLife, settings.LeaseMargin, clock);
        view = new SiloView(lease);
        gate = new DecisionGate(lease, clock);
        meter = new AuthorityMeter(metered.Factory, lease);
    }

    [Fact]
    public async Task Joining_brings_view_floor_and_lease_at_once()
    {
        await Start();

        Assert.Equal((41, 41, 3), (view.Current?.Number, gate.Floor, lease.Epoch));
    }

    [Fact]
    public async Task News_is_applied_and_acknowledged_without_waiting_for_the_next_renewal()
    {
        await Start();
        using var freshness = view.Track("default", "exporter");

        store.Append(Exporter);

        Assert.Equal(42, await store.NextAcknowledgement());
        Assert.Equal((42, 42, 42), (view.Current?.Number, gate.Floor, freshness.RequiredNumber));
    }

    [Fact]
    public async Task Nothing_is_acknowledged_while_an_older_answer_is_on_its_way_out()
    {
        await Start();
        var ticket = gate.Enter();
        Assert.True(ticket.Decided(41));

        store.Append(Exporter);
        await view.WaitFor(42, default).WaitAsync(Soon);
        Assert.False(store.HasAcknowledgement);
        ticket.Dispose();

        Assert.Equal(42, await store.NextAcknowledgement());
    }

    [Fact]
    public async Task Listeners_are_told_after_the_swap_and_before_the_acknowledgement()
    {
        var listener = new RecordingListener(() => (view.Current?.Number, store.HasAcknowledgement));
        listeners.Add(listener);
        await Start();

        store.Append(Exporter);
        await store.NextAcknowledgement();

        Assert.Equal([(42, false)], listener.Seen);
    }

    [Fact]
    public async Task A_listener_that_fails_keeps_the_change_unacknowledged_until_it_succeeds()
    {
        var failures = 1;
        var listener = new RecordingListener(() => failures-- > 0 ? throw new IOException("not now") : (view.Current?.Number, store.HasAcknowledgement));
        listeners.Add(listener);
        await Start();

        store.Append(Exporter);
        await Until(() => failures == 0);
        Assert.False(store.HasAcknowledgement);
        await Pump(store.NextAcknowledgement());

        Assert.Equal([(42, false)], listener.Seen);
    }

    [Fact]
    public async Task What_cannot_be_loaded_lets_the_lease_lapse_and_is_not_renewed_meanwhile()
    {
        await Start();
        loader.Fault = new InvalidDataException("the policy set does not load");
        store.Append(Exporter);
        await Until(() => loader.Failures > 0);
        var renewals = store.Renewals;

        for (var second = 0; second < 40; second++)
        {
            await Until(() => clock.Armed > 0);
            clock.Advance(TimeSpan.FromMilliseconds(250));
        }

        Assert.Equal((false, renewals, false), (lease.IsCurrent, store.Renewals, store.HasAcknowledgement));

        loader.Fault = null;
        Assert.Equal(42, await Pump(store.NextAcknowledgement()));
        await Until(() => clock.Armed > 0);
        clock.Advance(settings.PollEvery); // what was applied is too old by now: it asks again soon
        await Until(() => lease.IsCurrent);
        Assert.Equal(42, view.Current?.Number);
    }

    [Fact]
    public async Task A_database_that_is_away_lets_the_lease_lapse_and_comes_back()
    {
        await Start();
        store.IsAway = true;
        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(view.Current);
        await Until(() => clock.Armed > 0);

        store.IsAway = false;
        clock.Advance(TimeSpan.FromSeconds(10));

        await Until(() => view.Current is not null);
    }

    [Fact]
    public async Task A_sealed_lease_is_over_for_good()
    {
        await Start();
        store.IsSealed = true;

        store.Append(Exporter);

        await following.WaitAsync(Soon);
        Assert.Equal((true, null), (lease.IsOver, view.Current));
    }

    [Fact]
    public async Task A_silo_that_was_declared_dead_is_over_for_good()
    {
        await Start();
        store.IsCondemned = true;

        store.Append(Exporter);

        await following.WaitAsync(Soon);
        Assert.Equal((true, null), (lease.IsOver, view.Current));
    }

    [Fact]
    public async Task A_silo_whose_database_went_back_is_over_for_good()
    {
        await Start();
        store.Append(Exporter);
        Assert.Equal(42, await store.NextAcknowledgement());
        await Until(() => clock.Armed > 0);

        store.GoBack();

        await following.WaitAsync(Soon);
        Assert.Equal((true, null), (lease.IsOver, view.Current));
    }

    [Fact]
    public async Task It_joins_by_its_slot_and_address_and_reports_with_every_renewal()
    {
        settings.Slot = "one";
        report.Written = """{"a":1}""";
        await Start();
        report.Written = """{"a":2}""";

        store.Append(Exporter);
        await store.NextAcknowledgement();

        Assert.Equal(new SiloPlace("one", "127.0.0.1:1@7"), store.Place);
        Assert.Equal("""{"a":2}""", store.Report);
    }

    [Theory]
    [InlineData(false)] // longer than allowed
    [InlineData(true)] // throws
    public async Task A_bad_report_is_left_out_and_the_lease_renewed(bool throws)
    {
        report.Written = new string('x', SiloReport.MaxLength + 1);
        report.Throws = throws;
        await Start();

        store.Append(Exporter);

        Assert.Equal(42, await store.NextAcknowledgement());
        Assert.Equal((null, true), (store.Report, lease.IsCurrent));
    }

    [Fact]
    public async Task Metrics_say_how_far_it_is_and_how_old_its_lease()
    {
        Assert.Equal((null, null), (metered["assay.lease.age"], metered["assay.lease.left"]));
        await Start();
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((41, 41, 41, 0), (metered["assay.feed.head"], metered["assay.feed.applied"], metered["assay.feed.acknowledged"], metered["assay.feed.lag"]));
        Assert.Equal((1, 8.5, 0), (metered["assay.lease.age"], metered["assay.lease.left"], metered["assay.lease.over"]));

        var ticket = gate.Enter();
        Assert.True(ticket.Decided(41));
        store.Append(Exporter);
        store.Append(new ObjectKey("*", ObjectKinds.Lease, "2"));
        await view.WaitFor(43, default).WaitAsync(Soon);
        await Until(() => meter.Applied == 43);

        Assert.Equal((43, 43, 41, 2), (metered["assay.feed.head"], metered["assay.feed.applied"], metered["assay.feed.acknowledged"], metered["assay.feed.lag"]));
        Assert.Equal((1, 1), (metered["assay.seals.seen"], meter.SealsSeen));

        ticket.Dispose();
        await Until(() => meter.Acknowledged == 43);
        Assert.Equal(0, metered["assay.feed.lag"]);
    }

    [Fact]
    public async Task Metrics_say_when_it_was_declared_dead()
    {
        await Start();
        Assert.Equal((0, 0), (metered["assay.lease.condemned"], metered["assay.lease.over"]));
        store.IsCondemned = true;

        store.Append(Exporter);
        await following.WaitAsync(Soon);

        Assert.Equal((1, 1, null), (metered["assay.lease.condemned"], metered["assay.lease.over"], metered["assay.lease.age"]));
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await following.WaitAsync(Soon);
        stopping.Dispose();
        meter.Dispose();
        metered.Dispose();
    }

    private async Task Start()
    {
        var follower = new FeedFollower(
            store, loader, listeners, lease, view, gate, store, Options.Create(settings), clock, NullLogger<FeedFollower>.Instance, report, meter);
        await follower.Join(default);
        following = Task.Run(() => follower.Follow(stopping.Token));
        await Until(() => clock.Armed > 0); // it waits for news
    }

    private static async Task Until(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(Soon);
        while (!condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>Moves the clock whenever the follower waits for it.</summary>
    private async Task<T> Pump<T>(Task<T> until)
    {
        using var patience = new CancellationTokenSource(Soon);
        while (!until.IsCompleted)
        {
            patience.Token.ThrowIfCancellationRequested();
            if (clock.Armed > 0)
                clock.Advance(TimeSpan.FromMilliseconds(250));
            await Task.Yield();
        }

        return await until;
    }

    private sealed class ScriptedReport : ISiloReport
    {
        public string? Written { get; set; }

        public bool Throws { get; set; }

        public string? Write() => Throws ? throw new InvalidOperationException("no figures") : Written;
    }

    private sealed class RecordingListener(Func<(long?, bool)> see) : ISnapshotListener
    {
        public List<(long?, bool)> Seen { get; } = [];

        public ValueTask Changed(SiloSnapshot snapshot, ImmutableArray<FeedEntry> entries, CancellationToken cancellationToken)
        {
            Seen.Add(see());
            return ValueTask.CompletedTask;
        }
    }

    private sealed class RecordingLoader : ISnapshotLoader
    {
        public Exception? Fault { get; set; }

        public int Failures { get; private set; }

        public Task<SiloSnapshot> Load(
            SiloSnapshot? previous, ImmutableArray<FeedEntry> entries, long head, DateTimeOffset refreshedAt, CancellationToken cancellationToken)
        {
            if (Fault is { } fault)
            {
                Failures++;
                throw fault;
            }

            return Task.FromResult(
                new SiloSnapshot(head, DirectorySnapshot.Empty, ImmutableDictionary<string, ActivePolicy>.Empty, [], refreshedAt));
        }
    }

    /// <summary>One silo's side of the store, at feed number 41 to begin with.</summary>
    private sealed class ScriptedStore : IAuthorityStore, ISiloAddress
    {
        private readonly Channel<long> acknowledgements = Channel.CreateUnbounded<long>();
        private ImmutableArray<FeedEntry> feed = [];
        private Action<AuthorityNews>? listener;

        public bool IsAway { get; set; }

        public bool IsSealed { get; set; }

        public bool IsCondemned { get; set; }

        public string Address => "127.0.0.1:1@7";

        public SiloPlace? Place { get; private set; }

        public string? Report { get; private set; }

        public int Renewals { get; private set; }

        public bool HasAcknowledgement => acknowledgements.Reader.Count > 0;

        public Task<long> NextAcknowledgement() => acknowledgements.Reader.ReadAsync().AsTask().WaitAsync(Soon);

        public void Append(ObjectKey key)
        {
            feed = feed.Add(new FeedEntry(42 + feed.Length, [key]));
            listener?.Invoke(AuthorityNews.Feed);
        }

        public void GoBack()
        {
            feed = [];
            listener?.Invoke(AuthorityNews.Feed);
        }

        public Task<LeaseGrant> Join(SiloPlace place, TimeSpan life, CancellationToken cancellationToken)
        {
            Place = place;
            return Task.FromResult(new LeaseGrant(3, 41));
        }

        public Task<LeaseRenewal> Renew(long epoch, long applied, string? report, TimeSpan life, CancellationToken cancellationToken)
        {
            if (IsAway)
                throw new IOException("the database is away");
            Renewals++;
            Report = report;
            return Task.FromResult<LeaseRenewal>(
                IsSealed ? new LeaseRenewal.Sealed()
                : IsCondemned ? new LeaseRenewal.Condemned()
                : new LeaseRenewal.Renewed(41 + feed.Length, [.. feed.Where(entry => entry.Number > applied)]));
        }

        public Task Acknowledge(long epoch, long number, CancellationToken cancellationToken) => acknowledgements.Writer.WriteAsync(number, cancellationToken).AsTask();

        public IDisposable Listen(Action<AuthorityNews> news)
        {
            listener = news;
            return new CancellationTokenSource();
        }

        public Task<StoredObject?> Read(ObjectKey key, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ImmutableArray<StoredObject?>> ReadAll(ImmutableArray<ObjectKey> keys, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ObjectKey?> Holder(string realm, string uniqueKey, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<StoredObject?> ReadAsOf(ObjectKey key, long number, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ObjectList> List(string realm, string kind, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ImmutableArray<ObjectChange>> Changes(string realm, string kind, string? id, long after, long before, int limit, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<ImmutableArray<StoredObject>> Page(string realm, string kind, string? after, int limit, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<ObjectList> ListAsOf(string realm, string kind, long number, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<CommitResult> Commit(Change change, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ImmutableArray<LeaseRow>> Leases(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<long?> SealIfLapsed(long epoch, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<long?> Condemn(string address, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<long> Mark(string reason, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ImmutableArray<SiloRow>> Silos(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task Leave(long epoch, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
