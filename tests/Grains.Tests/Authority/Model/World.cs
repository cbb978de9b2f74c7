using System.Text;
using Assay.Grains.Authority;

namespace Assay.Grains.Tests.Authority.Model;

/// <summary>
/// Several silos over one database, requests, changes and faults drawn from a seed; and what must hold: P3, nothing decided on an old state
/// leaves once the change that ended it has returned; P4, nothing leaves without its record, and no assertion buys two tokens.
/// </summary>
internal sealed class World
{
    public const string Realm = "default";

    private const int Slots = 3;
    private static readonly string[] Identities = ["exporter", "importer"];

    private readonly Database database;
    private readonly List<Silo> silos = [];
    private readonly List<Silo> gone = [];
    private readonly Dictionary<string, List<Silo>> hosts = [];
    private readonly List<Silo> changing = [];
    private readonly Dictionary<ObjectKey, long> returned = [];
    private readonly HashSet<(long, long)> left = [];
    private readonly HashSet<AssertionHash> bought = [];
    private readonly List<AssertionHash> assertions = [];
    private readonly TimeSpan length;
    private int starts;
    private int requests;
    private long newestReturned;
    private string? violation;

    public World(int seed, Flaw flaw, TimeSpan length)
    {
        Flaw = flaw;
        this.length = length;
        Scheduler = new Scheduler(seed);
        database = new Database(Scheduler, flaw, Violated);
        Scheduler.Stepped = process =>
        {
            // Whoever asks this silo anything now gets an answer from this view: it may not be older than what has returned.
            if (Of(process)?.View.Current is { } view && view.Number < newestReturned)
                Violated("P3: a silo answers from a view older than a change that has returned");
        };
        database.Write(Policy, []);
        foreach (var identity in Identities)
            database.Write(Identity(identity), []);
    }

    public static ObjectKey Policy { get; } = new(Realm, ObjectKinds.ActivePolicy, "tokens");

    public static ObjectKey Identity(string id) => new(Realm, ObjectKinds.Identity, id);

    public Flaw Flaw { get; }

    public Scheduler Scheduler { get; }

    /// <summary>No more faults: what is still under way has to come to an end.</summary>
    public bool IsHealed { get; private set; }

    public int Left => left.Count;

    public int Returned { get; private set; }

    public int Epochs => (int)silos.Max(silo => silo.Lease.Epoch);

    /// <summary>Runs it all; the first violation, or null.</summary>
    public string? Run()
    {
        for (var slot = 0; slot < Slots; slot++)
            StartSilo(slot);
        Later(Happening, 1);
        Scheduler.Run(length, () => violation is not null);

        Heal();
        Scheduler.Run(length + TimeSpan.FromMinutes(5), () => violation is not null || (!IsChanging && IsWhole));
        if (IsChanging)
            Violated("a change never returned although every fault was healed");
        if (!IsWhole)
            Violated("a silo never served although every fault was healed");
        return violation;
    }

    public void Violated(string what) => violation ??= $"{what} (at {TimeSpan.FromTicks(Scheduler.Now)})";

    /// <summary>The silo found its lease over: its process stops, and is started again.</summary>
    public void Ended(Silo silo)
    {
        if (silos.Contains(silo))
            Later(() => Replace(silo, killed: true), 1000);
        else if (silo.IsDeclaredDead)
            Later(() => StartAgain(silo), 1000);
    }

    public int NextRequest() => ++requests;

    /// <summary>Asks the identity's activation, wherever this silo believes it to be.</summary>
    public async Task<Granted?> Decide(Silo from, string identity, int request, AssertionHash assertion, long least)
    {
        var answer = new TaskCompletionSource<Granted?>();
        var host = Host(from, identity);
        Scheduler.After(Hop(from, host), () => host.Process.Start(() =>
        {
            var granted = host.Find(identity)?.Decide(request, assertion, least);
            Scheduler.After(Hop(host, from), () => answer.TrySetResult(granted));
            return Task.CompletedTask;
        }));
        Scheduler.After(TimeSpan.FromSeconds(20), () => answer.TrySetException(new IOException("no answer")));
        return await answer.Task;
    }

    /// <summary>A token leaves: the moment everything is judged by.</summary>
    public void Leave(Granted granted, long shard, long position, byte[] record, string identity, AssertionHash assertion)
    {
        if (granted.IdentityNumber < returned.GetValueOrDefault(Identity(identity)))
            Violated("P3: a token left that was decided on an identity whose change has returned");
        if (granted.PolicyNumber < returned.GetValueOrDefault(Policy))
            Violated("P3: a token left that was decided by a policy whose replacement has returned");
        if (database.Record(shard, position) is not { } stored || !stored.Span.SequenceEqual(record))
            Violated("P4: a token left without its record");
        if (!left.Add((shard, position)))
            Violated("P4: two tokens with the same position");
        if (!bought.Add(assertion))
            Violated("P4: one assertion bought two tokens");
    }

    /// <summary>As SIGSTOP would, for a moment or for longer than a lease.</summary>
    public void Pause(Silo silo)
    {
        if (IsHealed)
            return;
        silo.Process.IsPaused = true;
        Scheduler.After(Scheduler.Chance(0.5) ? Scheduler.Between(1, 2000) : Scheduler.Between(2000, 30_000), () => silo.Process.IsPaused = false);
    }

    private void Happening()
    {
        if (silos.Count > 0)
            Happen(Scheduler.Random.Next(100));
        if (!IsHealed)
            Later(Happening, Scheduler.Chance(0.1) ? 4000 : 150);
    }

    private void Happen(int dice)
    {
        var silo = silos[Scheduler.Random.Next(silos.Count)];
        if (dice < 78)
            Request(silo);
        else if (dice < 91)
            Change(silo);
        else if (dice < 95)
            Pause(silo);
        else if (dice < 97)
            Cut(silo);
        else if (dice < 98)
            Replace(silo, killed: true);
        else if (dice < 99)
            TakeForDead(silo);
        else
            Retire(silo);
    }

    private void Request(Silo silo)
    {
        if (!silo.IsServing)
            return;
        if (assertions.Count == 0 || Scheduler.Chance(0.6))
            assertions.Add(new AssertionHash(0, (ulong)assertions.Count));
        var assertion = assertions[^Scheduler.Random.Next(1, Math.Min(assertions.Count, 5) + 1)]; // a fresh one, or one used lately
        var identity = Identities[(int)(assertion.Low % (ulong)Identities.Length)];
        silo.Process.Start(() => silo.Issue(identity, assertion));
    }

    /// <summary>A narrowing call: an identity is revoked or another policy is put in force.</summary>
    private void Change(Silo silo)
    {
        if (!silo.IsServing)
            return;
        var key = Scheduler.Chance(0.3) ? Policy : Identity(Identities[Scheduler.Random.Next(Identities.Length)]);
        changing.Add(silo);
        silo.Process.Start(async () =>
        {
            try
            {
                if (Scheduler.Chance(0.1))
                {
                    var marker = await silo.Connection.Mark("", default);
                    await silo.Narrowing.Everywhere(marker, default);
                    newestReturned = Math.Max(newestReturned, marker);
                    return;
                }

                var result = await silo.Connection.Commit(new Change([new ObjectWrite(key, 0, Encoding.UTF8.GetBytes("changed"), [])], "model", ""), default);
                var number = ((CommitResult.Committed)result).Number;
                await silo.Narrowing.Everywhere(number, default);
                returned[key] = Math.Max(number, returned.GetValueOrDefault(key));
                newestReturned = Math.Max(newestReturned, number);
                Returned++;
            }
            finally
            {
                changing.Remove(silo);
            }
        });
    }

    private void Cut(Silo silo)
    {
        silo.Connection.IsCut = true;
        Scheduler.After(Scheduler.Between(100, 25_000), () => silo.Connection.IsCut = false);
    }

    /// <summary>The silo dies, or is only taken for dead, and its slot is taken by a new one.</summary>
    private void Replace(Silo silo, bool killed)
    {
        if (!silos.Contains(silo))
            return;
        if (killed)
        {
            silo.Process.Kill();
        }
        else
        {
            // It goes on for a while, and ends itself when it learns that the others believe it dead.
            if (Scheduler.Chance(0.5))
                Pause(silo);
            Scheduler.After(Scheduler.Between(5_000, 40_000), silo.Process.Kill);
        }

        TakeSlot(silo);
    }

    private void TakeForDead(Silo silo)
    {
        if (Scheduler.Chance(0.5))
            Replace(silo, killed: false);
        else
            DeclareDead(silo);
    }

    /// <summary>
    /// The others declare the silo dead although it lives. One of them condemns it, sooner or later or never; so does whoever takes over its work.
    /// It stops when it learns of it, and only then its slot is taken again.
    /// </summary>
    private void DeclareDead(Silo silo)
    {
        if (Scheduler.Chance(0.5))
            Pause(silo);
        silo.IsDeclaredDead = true;
        silos.Remove(silo);
        gone.Add(silo);
        if (silos.Count > 0 && Scheduler.Chance(0.7))
        {
            var other = silos[Scheduler.Random.Next(silos.Count)];
            other.Process.Start(() => other.Connection.Condemn(silo.Address, default));
        }

        Scheduler.After(Scheduler.Between(5_000, 40_000), () => StartAgain(silo));
    }

    private void StartAgain(Silo silo)
    {
        silo.Process.Kill();
        if (!silos.Exists(other => other.Slot == silo.Slot))
            StartSilo(Slot(silo));
    }

    private static int Slot(Silo silo) => int.Parse(silo.Slot, System.Globalization.CultureInfo.InvariantCulture);

    private void Retire(Silo silo)
    {
        if (!silo.IsServing)
            return;
        silo.Stop();
        TakeSlot(silo);
    }

    private void TakeSlot(Silo from)
    {
        silos.Remove(from);
        gone.Add(from);
        StartSilo(Slot(from));
    }

    /// <summary>Where the identity's activation is: on one silo as long as that is not gone, then on another that waits for the end of all before.</summary>
    private Silo Host(Silo from, string identity)
    {
        if (!hosts.TryGetValue(identity, out var all))
            hosts.Add(identity, all = []);
        if (all.Count == 0 || gone.Contains(all[^1]))
        {
            var serving = silos.Where(silo => silo.IsServing && !all.Contains(silo)).ToList();
            var chosen = serving.Count > 0 ? serving[Scheduler.Random.Next(serving.Count)] : from;
            chosen.Activate(identity, [.. all.Where(silo => silo != chosen)]);
            if (!all.Contains(chosen))
                all.Add(chosen);
        }

        // A silo that has not heard of the move still asks an old activation.
        return Scheduler.Chance(0.2) ? all[Scheduler.Random.Next(all.Count)] : all[^1];
    }

    private void StartSilo(int slot)
    {
        var name = slot.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var silo = new Silo(this, new SiloPlace(name, $"{name}@{starts++}"), database, 0.98 + (Scheduler.Random.NextDouble() * 0.04));
        silos.Add(silo);
        silo.Start();
    }

    private void Heal()
    {
        IsHealed = true;
        foreach (var silo in silos.Concat(gone))
        {
            silo.Process.IsPaused = false;
            silo.Connection.IsCut = false;
        }
    }

    private Silo? Of(Process process) =>
        silos.Find(silo => silo.Process == process) ?? gone.Find(silo => silo.Process == process);

    private TimeSpan Hop(Silo from, Silo to) =>
        from == to ? TimeSpan.Zero : Scheduler.Chance(0.05) ? Scheduler.Between(10, 3000) : Scheduler.Between(0, 3);

    private bool IsWhole => silos.Count == Slots && silos.TrueForAll(silo => silo.IsServing);

    private bool IsChanging => changing.Exists(silo => !silo.Process.IsDead);

    private void Later(Action action, int withinMilliseconds) => Scheduler.After(Scheduler.Between(0, withinMilliseconds), action);
}
