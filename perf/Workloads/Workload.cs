namespace Assay.Workloads;

/// <summary>One question to a cluster: what to ask, how often, and what must hold.</summary>
/// <param name="Begin">Makes what sends the requests, one a call, from any number of threads.</param>
public sealed record Workload(string Name, string Summary, Func<Session, Func<CancellationToken, Task<Outcome>>> Begin)
{
    public Load Load { get; init; } = new(500, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10));

    public Limits Limits { get; init; } = new();

    /// <summary>What happens to the cluster meanwhile, each once.</summary>
    public IReadOnlyList<Disturbance> Disturbances { get; init; } = [];

    /// <summary>Runs before the load, and before warm-up.</summary>
    public Func<Session, CancellationToken, Task>? Before { get; init; }

    /// <summary>How many identities it asks as; fewer in the population are an error.</summary>
    public int Identities { get; init; } = 1;

    /// <summary>What the population lacks for this workload; null when nothing.</summary>
    public string? Lacks(Session session)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.Population.Count < Identities
            ? FormattableString.Invariant($"{Name} asks as {Identities:N0} identities, and the population has {session.Population.Count:N0}: prepare --identities {Identities}")
            : null;
    }
}

/// <param name="At">When, as a share of the measured time.</param>
public sealed record Disturbance(string Name, double At, Func<Session, CancellationToken, Task> Happen);
