using System.Collections.Immutable;
using System.Text;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Assay.Grains.Tests.Authority.Model;

/// <summary>A simulated silo around the real protocol: lease, view, gate, follower, narrowing, evidence.</summary>
internal sealed class Silo : ISnapshotLoader, ISiloAddress
{
    private readonly World world;
    private readonly Scheduler scheduler;
    private readonly TimeProvider clock;
    private readonly FeedFollower follower;
    private readonly CancellationTokenSource stopping = new();
    private readonly Dictionary<string, Activation> activations = [];
    private Task following = Task.CompletedTask;

    public Silo(World world, SiloPlace place, Database database, double clockRate)
    {
        this.world = world;
        scheduler = world.Scheduler;
        Slot = place.Slot;
        Address = place.Address;
        Process = new Process(scheduler, clockRate, world.Violated);
        clock = Process.CreateClock();
        Connection = new Connection(scheduler, Process, database, world);
        TaskScheduler? here = null;
        Process.Run(() => here = TaskScheduler.FromCurrentSynchronizationContext());
        Reads = new IdentityReads(Connection, Connection, static _ => Task.CompletedTask, clock, here!); // whom an activation waits for is its own affair here

        var settings = new AuthorityOptions { Slot = Slot };
        var options = Options.Create(settings);
        Lease = new SiloLease(settings.LeaseLife, settings.LeaseMargin, clock);
        Connection.Renewed = () => Lease.Extend(clock.GetTimestamp());
        View = new SiloView(Lease);

        var eternal = new SiloLease(TimeSpan.FromDays(365), TimeSpan.Zero, clock);
        eternal.Begin(1, clock.GetTimestamp());
        Gate = new DecisionGate(world.Flaw == Flaw.LeaseNotCheckedAtLeaving ? eternal : Lease, clock);
        var acknowledged = world.Flaw == Flaw.AcknowledgesWithoutDraining ? new DecisionGate(Lease, clock) : Gate;

        follower = new FeedFollower(
            Connection, this, [], Lease, View, acknowledged, this, options, clock, NullLogger<FeedFollower>.Instance);
        Narrowing = new Narrowing(Connection, Lease, options, clock);
        Evidence = new EvidenceAppender(
            Connection, Lease, (_, position) => Encoding.UTF8.GetBytes($"void {position}"), new EvidenceOptions(), clock, NullLogger.Instance);
    }

    public string Slot { get; }

    public string Address { get; }

    /// <summary>The others believe it dead, whether or not it is.</summary>
    public bool IsDeclaredDead { get; set; }

    public Process Process { get; }

    public Connection Connection { get; }

    public IdentityReads Reads { get; }

    public SiloLease Lease { get; }

    public SiloView View { get; }

    public DecisionGate Gate { get; }

    public Narrowing Narrowing { get; }

    public EvidenceAppender Evidence { get; }

    public bool IsServing { get; private set; }

    public void Start() => Process.Start(async () =>
    {
        while (Lease.Epoch == 0)
        {
            try
            {
                await follower.Join(stopping.Token);
            }
            catch (IOException)
            {
                await Process.Pass(scheduler.Between(10, 500));
            }
            catch (InvalidOperationException)
            {
                world.Ended(this); // it was declared dead before it lived
                return;
            }
        }

        IsServing = true;
        Process.Start(() => Evidence.Run(CancellationToken.None));
        following = follower.Follow(stopping.Token);
        await following;
        IsServing = false;
        if (!stopping.IsCancellationRequested)
            world.Ended(this);
    });

    /// <summary>An orderly stop: answers under way are finished, then the lease is given back.</summary>
    public void Stop() => Process.Start(async () =>
    {
        IsServing = false;
        stopping.Cancel(); // CancelAsync would leave the one thread
        await following;
        Lease.End();
        await Gate.Acknowledge(long.MaxValue, TimeSpan.FromSeconds(1), CancellationToken.None);
        Evidence.Close();
        await Connection.Leave(Lease.Epoch, CancellationToken.None);
    });

    public async Task<SiloSnapshot> Load(
        SiloSnapshot? previous, ImmutableArray<FeedEntry> entries, long head, DateTimeOffset refreshedAt, CancellationToken cancellationToken)
    {
        var number = world.Flaw == Flaw.AppliesNothing && previous is not null ? previous.Policies["tokens"].Number : head;
        var policy = await Connection.ReadAsOf(World.Policy, number, cancellationToken);
        var active = ImmutableDictionary<string, ActivePolicy>.Empty.Add("tokens", new ActivePolicy("tokens", "", null!, policy!.Number));
        return new SiloSnapshot(head, null!, active, [], refreshedAt);
    }

    /// <summary>The life of a token request, as the token endpoint lives it.</summary>
    public async Task Issue(string identity, AssertionHash assertion)
    {
        var request = world.NextRequest();
        using var ticket = Gate.Enter();
        Granted? granted = null;
        for (var attempt = 0; attempt < 4; attempt++)
        {
            granted = await world.Decide(this, identity, request, assertion, Gate.Floor);
            if (granted is null)
                return;
            if (ticket.Decided(world.Flaw == Flaw.TakesOldDecisions ? long.MaxValue : granted.Number))
                break;
            granted = null;
        }

        if (granted is null || Evidence.Reserve() is not { } slot)
            return;

        using (slot)
        {
            await Process.Pass(scheduler.Chance(0.1) ? scheduler.Between(0, 2000) : scheduler.Between(0, 1)); // signs
            if (scheduler.Chance(0.05))
                return; // the caller went away
            var record = Encoding.UTF8.GetBytes($"{request} {identity}");
            slot.Fill(record, new EvidenceEntry(World.Realm, identity, null, new SpentAssertion(assertion, DateTimeOffset.MaxValue)));
            if (world.Flaw != Flaw.LeavesBeforeCommit && !await slot.Committed)
                return;
            if (scheduler.Chance(0.02))
            {
                world.Pause(this); // between commit and leave, where it hurts most
                await Process.Pass(TimeSpan.Zero);
            }

            if (!ticket.MayLeave())
                return;
            world.Leave(granted, slot.Shard, slot.Position, record, identity, assertion);
            await Process.Pass(scheduler.Between(0, 2)); // hands it to the transport
        }
    }

    /// <summary>This silo's activation of the identity grain.</summary>
    /// <param name="before">The silos that hosted it before.</param>
    public Activation Activate(string identity, ImmutableArray<Silo> before)
    {
        if (!activations.TryGetValue(identity, out var activation))
        {
            activations.Add(identity, activation = new Activation(world, this, identity));
            Process.Start(() => activation.Load(before));
        }

        return activation;
    }

    public Activation? Find(string identity) => activations.GetValueOrDefault(identity);
}

/// <param name="Number">The feed number it was decided at.</param>
/// <param name="IdentityNumber">The version of the identity it rests on.</param>
/// <param name="PolicyNumber">The activation of the policy it rests on.</param>
internal sealed record Granted(long Number, long IdentityNumber, long PolicyNumber);

/// <summary>What an identity grain holds: its state and its replay cache. Deciding never awaits.</summary>
internal sealed class Activation(World world, Silo silo, string identity)
{
    private readonly Dictionary<AssertionHash, int> spent = [];
    private StoredObject? state;
    private IdentityFreshness? freshness;
    private bool loading;

    public async Task Load(ImmutableArray<Silo> before)
    {
        loading = true;
        if (world.Flaw != Flaw.TracksAfterReading)
            freshness = silo.View.Track(World.Realm, identity);
        while (true)
        {
            try
            {
                foreach (var host in before)
                {
                    var epoch = host.IsDeclaredDead ? await silo.Connection.Condemn(host.Address, default) ?? 0 : host.Lease.Epoch;
                    if (epoch != 0 && !(host.IsDeclaredDead && world.Flaw == Flaw.CondemnedCountsAsEnded))
                        await WaitForTheEndOf(epoch);
                }

                var recalled = await silo.Reads.Recall(World.Realm, identity, default);
                foreach (var one in recalled.Spent)
                    spent.TryAdd(one.Hash, -1);
                state = recalled.State;
                freshness ??= silo.View.Track(World.Realm, identity);
                break;
            }
            catch (IOException)
            {
                await silo.Process.Pass(TimeSpan.FromMilliseconds(100));
            }
        }

        loading = false;
    }

    public Granted? Decide(int request, AssertionHash assertion, long least)
    {
        if (silo.View.Current is not { } view || view.Number < least || state is null || freshness is null)
            return null;
        if (freshness.RequiredNumber > state.Number && world.Flaw != Flaw.DecidesOnStaleIdentity)
        {
            if (!loading)
                silo.Process.Start(Reload);
            return null;
        }

        if (spent.TryGetValue(assertion, out var by) && by != request)
            return null;
        spent[assertion] = request;
        return new Granted(view.Number, state.Number, view.Policies["tokens"].Number);
    }

    private async Task WaitForTheEndOf(long epoch)
    {
        switch (world.Flaw)
        {
            case Flaw.TakesOverWithoutWaiting:
                return;
            case Flaw.TakesOverAtTheSeal:
                while (await silo.Connection.SealIfLapsed(epoch, default) is null)
                    await silo.Process.Pass(TimeSpan.FromMilliseconds(100));
                return;
            default:
                await silo.Narrowing.Ended(epoch, default);
                return;
        }
    }

    private async Task Reload()
    {
        loading = true;
        try
        {
            state = await silo.Reads.State(World.Realm, identity, default);
            freshness ??= silo.View.Track(World.Realm, identity);
        }
        finally
        {
            loading = false;
        }
    }
}
