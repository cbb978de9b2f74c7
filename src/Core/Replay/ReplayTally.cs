using System.Collections.Immutable;
using System.Numerics;
using Assay.Core.Decisions;
using Assay.Core.Evidence;

namespace Assay.Core.Replay;

/// <summary>
/// Gathers what a replay finds, by identity, resource, scope and change. Exact up to <paramref name="capacity"/> such changes; what would be one more is
/// counted as left out. For one thread.
/// </summary>
public sealed class ReplayTally(int capacity)
{
    private static readonly ChangeKind[] Kinds = [ChangeKind.Lost, ChangeKind.StepUp, ChangeKind.Gained, ChangeKind.Shorter, ChangeKind.Longer];

    private readonly Dictionary<Key, Row> rows = [];
    private readonly long[] decisions = new long[Kinds.Length];
    private readonly List<AnswerChange> found = [];

    /// <summary>Decisions compared.</summary>
    public long Decided { get; private set; }

    /// <summary>Of those, the ones a caller would see a difference of.</summary>
    public long Changed { get; private set; }

    /// <summary>Of those compared, the ones that withhold the same scopes for another reason.</summary>
    public long OtherReason { get; private set; }

    /// <summary>Changes of decisions that no row holds, because there are too many.</summary>
    public long LeftOut { get; private set; }

    /// <summary>The time of the oldest decision compared; null when there was none.</summary>
    public DateTimeOffset? First { get; private set; }

    public DateTimeOffset? Last { get; private set; }

    public void Add(RecordId id, RecordedDecision recorded, DecisionAnswers answers)
    {
        Decided++;
        First = recorded.Time < First ? recorded.Time : First ?? recorded.Time;
        Last = recorded.Time > Last ? recorded.Time : Last ?? recorded.Time;
        found.Clear();
        if (!DecisionDifference.Between(recorded.Answers, answers, found))
            return;

        if (found.Count > 0)
            Changed++;
        else
            OtherReason++;
        var kinds = 0;
        foreach (var change in found)
        {
            Add(id, recorded, answers, change);
            kinds |= 1 << (int)change.Kind;
        }

        for (; kinds != 0; kinds &= kinds - 1)
            decisions[BitOperations.TrailingZeroCount(kinds)]++;
    }

    /// <summary>
    /// How much there is of each kind of change, all kinds, in the order of <see cref="Changes"/>. Decisions are counted to the last one, each once for a kind;
    /// identities only as far as rows hold them: with <see cref="LeftOut"/> there may be more.
    /// </summary>
    public ImmutableArray<ReplayTotal> Totals()
    {
        var identities = rows.Keys.GroupBy(key => key.Kind).ToDictionary(of => of.Key, of => of.Select(key => key.Identity).Distinct(StringComparer.Ordinal).Count());
        return [.. Kinds.Select(kind => new ReplayTotal(kind, decisions[(int)kind], identities.GetValueOrDefault(kind)))];
    }

    /// <summary>The changes: losses first, then step-ups, gains and lives; each in the order of identity, resource and scope.</summary>
    public ImmutableArray<ReplayChange> Changes() =>
    [
        .. rows.Select(row => row.Value.As(row.Key))
            .OrderBy(row => Rank(row.Kind)).ThenBy(row => row.Identity, StringComparer.Ordinal).ThenBy(row => row.Resource, StringComparer.Ordinal)
            .ThenBy(row => row.Scope, StringComparer.Ordinal).ThenBy(row => row.Before).ThenBy(row => row.After),
    ];

    private void Add(RecordId id, RecordedDecision recorded, DecisionAnswers answers, AnswerChange change)
    {
        var key = new Key(change.Kind, recorded.ClientId, recorded.Resource, change.Scope, change.Before, change.After);
        if (!rows.TryGetValue(key, out var row))
        {
            if (rows.Count >= capacity)
            {
                LeftOut++;
                return;
            }

            rows.Add(key, row = new Row { First = recorded.Time, Last = DateTimeOffset.MinValue });
        }

        row.Count++;
        if (recorded.Time < row.First)
            row.First = recorded.Time;
        if (recorded.Time >= row.Last)
            (row.Last, row.Example, row.LifeBefore, row.LifeAfter, row.StepUp) = (recorded.Time, id, recorded.Answers.Lifetime, answers.Lifetime, change.StepUp);
    }

    internal static int Rank(ChangeKind kind) => Array.IndexOf(Kinds, kind);

    private readonly record struct Key(ChangeKind Kind, string Identity, string Resource, string? Scope, ScopeOutcome? Before, ScopeOutcome? After);

    private sealed class Row
    {
        public long Count;
        public DateTimeOffset First;
        public DateTimeOffset Last;
        public RecordId Example;
        public TimeSpan LifeBefore;
        public TimeSpan LifeAfter;
        public ImmutableArray<string> StepUp = [];

        public ReplayChange As(Key key) => new(
            key.Kind, key.Identity, key.Resource, key.Scope, key.Before, key.After, StepUp, LifeBefore, LifeAfter, Count, First, Last, Example);
    }
}

/// <summary>All changes of one kind.</summary>
/// <param name="Decisions">Decisions with at least one such change.</param>
/// <param name="Identities">Identities whose decisions they are.</param>
public readonly record struct ReplayTotal(ChangeKind Kind, long Decisions, int Identities);

/// <summary>One change of a replay.</summary>
/// <param name="Scope">Null for the life of tokens.</param>
/// <param name="LifeBefore">The life of the example's token as it was recorded; zero when it granted nothing.</param>
/// <param name="LifeAfter">The life it would have.</param>
/// <param name="Count">Decisions that it is a change of.</param>
/// <param name="Example">The newest of them.</param>
public sealed record ReplayChange(
    ChangeKind Kind,
    string Identity,
    string Resource,
    string? Scope,
    ScopeOutcome? Before,
    ScopeOutcome? After,
    ImmutableArray<string> StepUp,
    TimeSpan LifeBefore,
    TimeSpan LifeAfter,
    long Count,
    DateTimeOffset First,
    DateTimeOffset Last,
    RecordId Example);
