using System.Collections.Immutable;
using Assay.Core.Decisions;
using Assay.Core.Evidence;

namespace Assay.Core.Replay;

/// <summary>Recorded decisions, each held against what its own policies say now: counted, all of them, and the first ones named.</summary>
public sealed class ReplayVerification
{
    /// <summary>Most that are named, of each fate.</summary>
    public const int MostNamed = 100;

    private readonly ImmutableArray<VerifiedRecord>.Builder differing = ImmutableArray.CreateBuilder<VerifiedRecord>();
    private readonly ImmutableArray<VerifiedRecord>.Builder notChecked = ImmutableArray.CreateBuilder<VerifiedRecord>();

    /// <summary>Decisions made again by the policies they name.</summary>
    public long Checked { get; private set; }

    /// <summary>Of those, the ones that come out otherwise than recorded.</summary>
    public long DifferingCount { get; private set; }

    /// <summary>Decisions whose policies are gone, or whose record cannot be read to its end.</summary>
    public long NotCheckedCount { get; private set; }

    /// <summary>The first <see cref="MostNamed"/>.</summary>
    public ImmutableArray<VerifiedRecord> NamedDiffering() => differing.ToImmutable();

    /// <summary>The first <see cref="MostNamed"/>.</summary>
    public ImmutableArray<VerifiedRecord> NamedNotChecked() => notChecked.ToImmutable();

    internal void Holds() => Checked++;

    internal void Differs(VerifiedRecord record)
    {
        Checked++;
        DifferingCount++;
        if (differing.Count < MostNamed)
            differing.Add(record);
    }

    internal void NotChecked(VerifiedRecord record)
    {
        NotCheckedCount++;
        if (notChecked.Count < MostNamed)
            notChecked.Add(record);
    }
}

/// <param name="Detail">What is wrong with it.</param>
public sealed record VerifiedRecord(RecordId Id, DateTimeOffset Time, string Identity, string Detail);

/// <summary>Where two verdicts about the same request part, in words.</summary>
internal static class VerdictDifference
{
    public static string Between(Verdict recorded, Verdict again)
    {
        for (var i = 0; i < recorded.Scopes.Length && i < again.Scopes.Length; i++)
        {
            var (was, now) = (recorded.Scopes[i], again.Scopes[i]);
            if (was.Equals(now))
                continue;
            return was.Outcome != now.Outcome
                ? $"{was.Scope} was {ScopeOutcomes.WordOf(was.Outcome)} and is {ScopeOutcomes.WordOf(now.Outcome)}"
                : $"{was.Scope} is {ScopeOutcomes.WordOf(was.Outcome)} as recorded, but by other policies, or with other reasons, errors or obligations";
        }

        return recorded.Lifetime != again.Lifetime
            ? $"the life was {recorded.Lifetime.TotalSeconds} s and is {again.Lifetime.TotalSeconds} s"
            : "it is about other scopes";
    }
}
