namespace Assay.Cedar;

/// <summary>What an operator takes.</summary>
/// <param name="Name">The kind of type as messages show it.</param>
/// <param name="Holds">Whether a type is of that kind.</param>
internal sealed record Expected(string Name, Func<StaticType, bool> Holds)
{
    public static readonly Expected Bool = new("Bool", type => type.IsBool);

    public static readonly Expected Long = Exactly(StaticType.Long);

    public static readonly Expected String = Exactly(StaticType.String);

    public static readonly Expected Decimal = Exactly(StaticType.Decimal);

    public static readonly Expected IpAddr = Exactly(StaticType.IpAddr);

    public static readonly Expected Datetime = Exactly(StaticType.Datetime);

    public static readonly Expected Duration = Exactly(StaticType.Duration);

    public static readonly Expected Entity = new("an entity", type => type is StaticType.Entity);

    public static readonly Expected Set = new("a set", type => type is StaticType.Set);

    public static readonly Expected EntityOrRecord = new("an entity or a record", type => type is StaticType.Entity or StaticType.Record);

    public static readonly Expected EntityOrEntities = new(
        "an entity or a set of entities",
        type => type is StaticType.Entity || (type is StaticType.Set { Element: var element } && (element is StaticType.Entity || element == StaticType.Never)));

    private static Expected Exactly(StaticType type) => new(type.ToString(), actual => actual == type);
}
