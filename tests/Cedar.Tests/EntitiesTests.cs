using System.Collections.Immutable;
using CsCheck;

namespace Assay.Cedar.Tests;

public sealed class EntitiesTests
{
    [Fact]
    public void An_entity_is_in_itself_its_parents_and_theirs()
    {
        var entities = Entities.Of(Node("a", "b", "c"), Node("b", "d"), Node("c", "d"), Node("d", "absent"));

        Assert.Equal(["absent", "b", "c", "d"], entities.Ancestors(Uid("a")).Select(uid => uid.Id).Order());
        Assert.True(entities.IsIn(Uid("a"), Uid("a")));
        Assert.True(entities.IsIn(Uid("a"), Uid("absent")));
        Assert.True(entities.IsDescendant(Uid("a"), Uid("d")));
        Assert.False(entities.IsDescendant(Uid("a"), Uid("a")));
        Assert.False(entities.IsIn(Uid("d"), Uid("a")));
        Assert.True(entities.IsIn(Uid("nowhere"), Uid("nowhere")));
        Assert.False(entities.IsDescendant(Uid("absent"), Uid("d")));
    }

    [Fact]
    public void What_is_not_there_is_not_found()
    {
        var entities = Entities.Of(Node("a"));

        Assert.True(entities.TryGet(Uid("a"), out var found));
        Assert.Equal(Node("a"), found);
        Assert.False(entities.TryGet(Uid("b"), out _));
        Assert.False(entities.TryGet(new EntityUid("Other", "a"), out _));
    }

    [Fact]
    public void The_same_entity_twice_is_one()
    {
        Assert.Equal(1, Entities.Of(Node("a", "b", "c"), Node("a", "c", "b")).Count);
        Assert.Equal(10, Entities.Of(Enumerable.Range(0, 20).Select(i => Node($"{i % 10}"))).Count);
    }

    [Fact]
    public void Two_entities_of_one_name_are_refused()
    {
        var other = new Entity(Uid("a"), Value.Record(("x", Value.Of(1))), []);
        const string Message = "T::\"a\" is given twice, with different content";

        Assert.Equal(Message, Assert.Throws<CedarDataException>(() => Entities.Of(Node("a"), other)).Message);
        Assert.Equal(Message, Assert.Throws<CedarDataException>(() => Entities.Over(Entities.Of(Node("a")), other)).Message);
        Assert.Equal(Message, Assert.Throws<CedarDataException>(() => Entities.Of(Node("a"), new Entity(Uid("a"), RecordValue.Empty, [], Value.Record(("t", Value.Of(1)))))).Message);
        Assert.Equal(Message, Assert.Throws<CedarDataException>(() => Entities.Of(Node("a"), Node("a", "b"))).Message);
    }

    [Fact]
    public void A_cycle_is_refused()
    {
        Assert.Equal("the hierarchy has a cycle through T::\"a\"", Assert.Throws<CedarDataException>(() => Entities.Of(Node("a", "a"))).Message);
        Assert.StartsWith("the hierarchy has a cycle", Assert.Throws<CedarDataException>(() => Entities.Of(Node("a", "b"), Node("b", "c"), Node("c", "a"))).Message, StringComparison.Ordinal);
        Assert.StartsWith(
            "the hierarchy has a cycle", Assert.Throws<CedarDataException>(() => Entities.Over(Entities.Of(Node("a", "b")), Node("b", "a"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_hierarchy_deeper_than_the_limit_is_refused(bool upwards)
    {
        var chain = Enumerable.Range(0, CedarLimits.HierarchyDepth).Select(i => Node($"{i}", $"{i + 1}"));
        var tooLong = Enumerable.Range(0, CedarLimits.HierarchyDepth + 1).Select(i => Node($"{i}", $"{i + 1}"));

        Assert.Equal(CedarLimits.HierarchyDepth, Entities.Of(upwards ? chain.Reverse() : chain).Ancestors(Uid("0")).Count);
        Assert.StartsWith(
            "the hierarchy is deeper than 100", Assert.Throws<CedarDataException>(() => Entities.Of(upwards ? tooLong.Reverse() : tooLong)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hierarchy_of_a_million_steps_is_refused_without_a_crash()
    {
        var chain = Enumerable.Range(0, 200_000).Select(i => Node($"{i}", $"{i + 1}"));

        Assert.Throws<CedarDataException>(() => Entities.Of(chain));
    }

    [Fact]
    public void More_parents_than_the_limit_are_refused()
    {
        var parents = Enumerable.Range(0, CedarLimits.ParentCount + 1).Select(i => $"p{i}").ToArray();

        Assert.Equal("T::\"a\" has more than 10000 parents", Assert.Throws<CedarDataException>(() => Entities.Of(Node("a", parents))).Message);
    }

    [Fact]
    public void A_layer_sees_through_to_the_one_below_and_leaves_it_as_it_was()
    {
        var directory = Entities.Of(Node("role", "team"), Node("team", "org"));

        var layered = Entities.Over(directory, Node("me", "role"));

        Assert.True(layered.IsIn(Uid("me"), Uid("org")));
        Assert.True(layered.TryGet(Uid("team"), out _));
        Assert.Equal(3, layered.Count);
        Assert.False(directory.TryGet(Uid("me"), out _));
        Assert.Equal(2, directory.Count);
    }

    [Fact]
    public void A_layer_may_bring_the_parent_that_was_missing_below()
    {
        var directory = Entities.Of(Node("role", "team"));

        var layered = Entities.Over(Entities.Over(directory, Node("me", "role")), Node("team", "org"));

        Assert.True(layered.IsIn(Uid("role"), Uid("org")));
        Assert.True(layered.IsIn(Uid("me"), Uid("org")));
        Assert.False(directory.IsIn(Uid("role"), Uid("org")));
    }

    [Fact]
    public void A_layer_of_nothing_new_is_the_layer_below()
    {
        var directory = Entities.Of(Node("a"));

        Assert.Same(directory, Entities.Over(directory));
        Assert.Same(directory, Entities.Over(directory, Node("a")));
    }

    [Fact]
    public void Layers_and_one_pile_agree_with_a_walk_through_the_hierarchy()
    {
        // Edges go to higher numbers only, so there is no cycle; 20 nodes of which some are named but absent.
        var node = Gen.Select(Gen.Int[0, 19], Gen.Int[1, 5].List[0, 4], (id, steps) => (Id: id, Parents: steps.Select(step => id + step).Distinct().ToArray()));
        var graph = Gen.Select(node.List[0, 24], Gen.Int[0, 24]);

        graph.Sample((nodes, cut) =>
        {
            var distinct = nodes.DistinctBy(n => n.Id).Select(n => Node($"{n.Id}", [.. n.Parents.Select(p => $"{p}")])).ToArray();
            var pile = Entities.Of(distinct);
            var layers = Entities.Over(Entities.Of(distinct.Take(cut)), distinct.Skip(cut));
            var parents = distinct.ToDictionary(n => n.Uid.Id, n => n.Parents.Select(p => p.Id).ToArray());

            for (var from = 0; from < 25; from++)
            {
                var reached = Walk(parents, $"{from}");
                Assert.Equal(reached, pile.Ancestors(Uid($"{from}")).Select(uid => uid.Id).ToHashSet());
                Assert.Equal(reached, layers.Ancestors(Uid($"{from}")).Select(uid => uid.Id).ToHashSet());
                for (var to = 0; to < 25; to++)
                    Assert.Equal(reached.Contains($"{to}"), layers.IsDescendant(Uid($"{from}"), Uid($"{to}")));
            }
        });
    }

    private static HashSet<string> Walk(Dictionary<string, string[]> parents, string from)
    {
        var reached = new HashSet<string>();
        var open = new Stack<string>(parents.GetValueOrDefault(from, []));
        while (open.TryPop(out var next))
        {
            if (reached.Add(next))
            {
                foreach (var parent in parents.GetValueOrDefault(next, []))
                    open.Push(parent);
            }
        }

        return reached;
    }

    private static EntityUid Uid(string id) => new("T", id);

    private static Entity Node(string id, params string[] parents) => new(Uid(id), RecordValue.Empty, [.. parents.Select(Uid)]);
}
