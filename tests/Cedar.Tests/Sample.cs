namespace Assay.Cedar.Tests;

/// <summary>Entities and a context that give every operator something to work on.</summary>
internal static class Sample
{
    public static readonly RecordValue Context = Value.Record(
        ("n", Value.Of(3)),
        ("s", Value.Of("a*b")),
        ("none", Value.Set()),
        ("r", Value.Record(("x", Value.Of(Cedar.Alice)))),
        ("groups", Value.Set(Value.Of(new EntityUid("User", "bob")), Value.Of(new EntityUid("Group", "staff")))));

    public static readonly Entities Entities = Entities.Of(
        new Entity(
            Cedar.Alice,
            Value.Record(
                ("n", Value.Of(1)),
                ("s", Value.Of("str")),
                ("b", Value.Of(true)),
                ("boss", Value.Of(new EntityUid("User", "bob"))),
                ("gone", Value.Of(new EntityUid("User", "gone"))),
                ("set", Value.Set(Value.Of(1), Value.Of(2), Value.Of("x"))),
                ("r", Value.Record(("a", Value.Record(("b", Value.Record(("c", Value.Of(1))))))))),
            [new("User", "bob")],
            Value.Record(("team", Value.Of("red")), ("level", Value.Of(7)))),
        new Entity(new("User", "bob"), Value.Record(("n", Value.Of(2))), [new("Group", "staff")]),
        new Entity(Cedar.View, RecordValue.Empty, [new("Action", "read")]));
}
