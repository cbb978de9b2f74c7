namespace Assay.Grains.Authority;

/// <summary>
/// Where every answer that rests on a decision leaves this silo. Acknowledging a feed number means that nothing decided before it is still on
/// its way out: newer decisions are let in, older ones are waited for, and after a while discarded.
/// </summary>
/// <remarks>
/// Tickets belong to a phase: the one that was current when their decision arrived. Acknowledging raises the floor, opens a new phase and waits
/// for the old ones to empty. A ticket that passed the floor check before the floor rose was in an old phase by then, because it enters the
/// phase first and looks at the floor second, while acknowledging does it the other way round.
/// </remarks>
public sealed class DecisionGate(SiloLease lease, TimeProvider clock)
{
    private readonly List<GatePhase> draining = [];
    private GatePhase current = new();
    private long floor;
    private long drained;

    /// <summary>Decisions older than this feed number are not let through; ask for at least this.</summary>
    public long Floor => Volatile.Read(ref floor);

    /// <summary>Nothing that was decided before this feed number can leave any more.</summary>
    public long Drained => Volatile.Read(ref drained);

    /// <summary>A ticket for one answer. Dispose it when the answer has been handed to the transport, or will not be.</summary>
    public DecisionTicket Enter() => new(this);

    internal bool IsLeaseCurrent => lease.IsCurrent;

    /// <summary>The phase this decision is now counted in; null when it is too old.</summary>
    internal GatePhase? Admit(long number)
    {
        while (true)
        {
            var phase = Volatile.Read(ref current);
            phase.Enter();
            if (ReferenceEquals(phase, Volatile.Read(ref current)))
            {
                if (number >= Volatile.Read(ref floor))
                    return phase;
                phase.Exit(leaving: false);
                return null;
            }

            phase.Exit(leaving: false); // it closed between the two reads
        }
    }

    /// <summary>This silo joins at that feed number: it counts as having acknowledged it, so nothing older may come in from other silos.</summary>
    internal void Begin(long number)
    {
        Interlocked.Exchange(ref floor, number);
        Interlocked.Exchange(ref drained, number);
    }

    /// <summary>
    /// Completes when no answer decided before <paramref name="number"/>, or before this call, can leave any more. Waits up to
    /// <paramref name="patience"/> for those under way, then discards them; one that has been told it may leave is always waited for.
    /// One caller at a time. When cancelled, nothing is acknowledged and it may be called again.
    /// </summary>
    public async Task Acknowledge(long number, TimeSpan patience, CancellationToken cancellationToken)
    {
        if (number > floor)
            Interlocked.Exchange(ref floor, number);
        var closing = Interlocked.Exchange(ref current, new GatePhase());
        closing.Close();
        draining.Add(closing);

        var started = clock.GetTimestamp();
        foreach (var phase in draining)
        {
            var left = patience - clock.GetElapsedTime(started);
            if (await phase.Empty(left, clock, cancellationToken))
                continue;
            phase.Discard();
            await phase.NothingLeaving(clock, cancellationToken);
        }

        draining.Clear(); // empty, or discarded for good
        if (number > drained)
            Interlocked.Exchange(ref drained, number);
    }
}

/// <summary>One answer on its way out of this silo. Used by one request, not by several threads at once.</summary>
public sealed class DecisionTicket : IDisposable
{
    private readonly DecisionGate gate;
    private GatePhase? phase;
    private bool leaving;

    internal DecisionTicket(DecisionGate gate) => this.gate = gate;

    /// <summary>
    /// A decision made at feed number <paramref name="number"/> has arrived. False: it is older than what this silo has acknowledged; decide
    /// again at <see cref="DecisionGate.Floor"/> or later. Choose the signing key after this, not before.
    /// </summary>
    public bool Decided(long number)
    {
        Dispose();
        phase = gate.Admit(number);
        return phase is not null;
    }

    /// <summary>
    /// Whether the answer may be sent. Ask after its evidence is durable and right before sending it; false means refuse with 503. From a true
    /// answer until <see cref="Dispose"/> every narrowing call waits for this ticket: send and dispose without delay.
    /// </summary>
    public bool MayLeave()
    {
        if (phase is null)
            return false;

        if (!leaving)
        {
            phase.BeginLeaving(); // first, so that whoever discards sees it
            leaving = true;
        }

        if (!phase.IsDiscarded && gate.IsLeaseCurrent)
            return true;

        phase.EndLeaving();
        leaving = false;
        return false;
    }

    /// <summary>The answer has been handed to the transport, or never will be.</summary>
    public void Dispose()
    {
        phase?.Exit(leaving);
        phase = null;
        leaving = false;
    }
}
