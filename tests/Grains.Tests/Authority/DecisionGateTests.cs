using Assay.Grains.Authority;

namespace Assay.Grains.Tests.Authority;

public sealed class DecisionGateTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly ManualClock clock = new();
    private readonly SiloLease lease;
    private readonly DecisionGate gate;

    public DecisionGateTests()
    {
        lease = new SiloLease(TimeSpan.FromMinutes(1), TimeSpan.Zero, clock);
        lease.Begin(1, lease.Ask());
        gate = new DecisionGate(lease, clock);
        gate.Begin(5);
    }

    [Fact]
    public void An_answer_without_a_decision_may_not_leave()
    {
        using var ticket = gate.Enter();

        Assert.False(ticket.MayLeave());
    }

    [Fact]
    public void A_decision_as_new_as_the_floor_may_leave()
    {
        using var ticket = gate.Enter();

        Assert.Equal((true, true), (ticket.Decided(5), ticket.MayLeave()));
    }

    [Fact]
    public void A_decision_older_than_what_this_silo_joined_at_is_made_again()
    {
        using var ticket = gate.Enter();

        Assert.Equal((false, false), (ticket.Decided(4), ticket.MayLeave()));
        Assert.Equal((true, true), (ticket.Decided(gate.Floor), ticket.MayLeave()));
    }

    [Fact]
    public void Acknowledging_with_nothing_under_way_is_immediate()
    {
        Assert.True(gate.Acknowledge(6, Patience, default).IsCompletedSuccessfully);

        using var ticket = gate.Enter();
        Assert.Equal((6, false, true), (gate.Floor, ticket.Decided(5), ticket.Decided(6)));
    }

    [Fact]
    public async Task Acknowledging_waits_for_what_is_under_way()
    {
        var ticket = gate.Enter();
        ticket.Decided(5);

        var acknowledged = gate.Acknowledge(6, Patience, default);

        Assert.False(acknowledged.IsCompleted);
        Assert.True(ticket.MayLeave()); // drained, not cut off
        ticket.Dispose();
        await acknowledged.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Older_decisions_are_drained_when_the_last_of_them_is_gone_and_not_before()
    {
        Assert.Equal(5, gate.Drained); // as new as the silo joined
        var ticket = gate.Enter();
        ticket.Decided(5);

        var acknowledged = gate.Acknowledge(6, Patience, default);

        Assert.Equal((6, 5), (gate.Floor, gate.Drained));
        ticket.Dispose();
        await acknowledged.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(6, gate.Drained);
    }

    [Fact]
    public async Task What_is_not_gone_in_time_is_discarded()
    {
        using var ticket = gate.Enter();
        ticket.Decided(5);
        var acknowledged = gate.Acknowledge(6, Patience, default);

        clock.Advance(Patience);

        await acknowledged.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.False(ticket.MayLeave());
    }

    [Fact]
    public async Task What_was_told_that_it_may_leave_is_waited_for_however_long_it_takes()
    {
        var ticket = gate.Enter();
        ticket.Decided(5);
        Assert.True(ticket.MayLeave());
        var acknowledged = gate.Acknowledge(6, Patience, default);

        clock.Advance(Patience * 20);
        Assert.False(acknowledged.IsCompleted);

        ticket.Dispose();
        await acknowledged.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_newer_decision_from_another_silo_is_not_forgotten_by_the_next_acknowledgement()
    {
        using var ticket = gate.Enter();
        ticket.Decided(7); // the other silo is ahead of this one
        using var cancelled = new CancellationTokenSource();
        var first = gate.Acknowledge(6, Patience, cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);

        var second = gate.Acknowledge(8, Patience, default);

        Assert.False(second.IsCompleted);
        clock.Advance(Patience);
        await second.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.False(ticket.MayLeave());
    }

    [Fact]
    public async Task A_decision_made_again_leaves_the_old_one_behind()
    {
        using var ticket = gate.Enter();
        ticket.Decided(5);
        var acknowledged = gate.Acknowledge(6, Patience, default);

        Assert.True(ticket.Decided(6));

        await acknowledged.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.True(ticket.MayLeave());
    }

    [Fact]
    public void Nothing_leaves_once_the_lease_has_lapsed()
    {
        using var ticket = gate.Enter();
        ticket.Decided(5);

        clock.Advance(TimeSpan.FromMinutes(1));

        Assert.False(ticket.MayLeave());
    }

    [Fact]
    public async Task A_ticket_that_was_refused_is_not_waited_for_as_leaving()
    {
        using var ticket = gate.Enter();
        ticket.Decided(5);
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.False(ticket.MayLeave());

        var acknowledged = gate.Acknowledge(6, Patience, default);
        clock.Advance(Patience);

        await acknowledged.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Under_load_nothing_old_leaves_after_its_acknowledgement()
    {
        // Real threads: tickets come and go while numbers are acknowledged as fast as they can be.
        var loaded = new DecisionGate(lease, TimeProvider.System);
        var acknowledged = 0L;
        var applied = 0L;
        var violations = 0;
        var left = 0;
        using var stop = new CancellationTokenSource();
        var requests = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                using var ticket = loaded.Enter();
                var number = Volatile.Read(ref applied);
                if (!ticket.Decided(number))
                    continue;
                await Task.Yield();
                if (!ticket.MayLeave())
                    continue;
                if (number < Volatile.Read(ref acknowledged))
                    Interlocked.Increment(ref violations);
                Interlocked.Increment(ref left);
            }
        })).ToArray();

        for (var number = 1L; number <= 3000 || Volatile.Read(ref left) < 3000; number++)
        {
            Volatile.Write(ref applied, number);
            await loaded.Acknowledge(number, number % 3 == 0 ? TimeSpan.Zero : Patience, default);
            Volatile.Write(ref acknowledged, number);
        }

        await stop.CancelAsync();
        await Task.WhenAll(requests);
        Assert.Equal(0, violations);
    }
}
