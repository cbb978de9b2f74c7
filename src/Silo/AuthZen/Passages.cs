using Assay.Grains.Authority;

namespace Assay.Silo.AuthZen;

/// <summary>The tickets of one answer: one for each decision it rests on. Used by one request.</summary>
internal sealed class Passages(DecisionGate gate) : IDisposable
{
    private readonly List<DecisionTicket> tickets = new(4);

    public DecisionTicket Enter()
    {
        var ticket = gate.Enter();
        tickets.Add(ticket);
        return ticket;
    }

    /// <summary>Whether no change has overtaken any of them. Ask right before sending; dispose when it is sent.</summary>
    public bool MayLeave()
    {
        foreach (var ticket in tickets)
        {
            if (!ticket.MayLeave())
                return false;
        }

        return true;
    }

    public void Dispose()
    {
        foreach (var ticket in tickets)
            ticket.Dispose();
    }
}

internal static class PassageViews
{
    /// <summary>What this silo knows, for an answer that rests on it: as new as all that the silo has acknowledged. Null when its lease has lapsed.</summary>
    public static SiloSnapshot? CurrentFor(this SiloView silo, DecisionTicket passage)
    {
        while (silo.Current is { } view)
        {
            if (passage.Decided(view.Number)) // else an acknowledgement went by since: the next view is as new as that
                return view;
        }

        return null;
    }
}
