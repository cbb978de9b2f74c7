using System.Collections.Immutable;
using Assay.Core.Decisions;
using Assay.Core.Evidence;

namespace Assay.Core.Replay;

/// <summary>
/// Gathers what a replay finds, by identity, resource, scope and change. Exact up to <paramref name="capacity"/> such changes; what would be one more is
/// counted as left out. For one thread.
/// </summary>
public sealed class ReplayTally(int capacity)
{
    private readonly Dictionary<Key, Row> rows = [];
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
        foreach (var change in found)
            Add(id, recorded, answers, change);
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

    internal static int Rank(ChangeKind kind) => kind switch
    {
        ChangeKind.Lost => 0,
        ChangeKind.StepUp => 1,
        ChangeKind.Gained => 2,
        ChangeKind.Shorter => 3,
        _ => 4,
    };

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
