using CsCheck;

namespace Assay.Cedar.Tests.Compilation;

/// <summary>Policies, entities and requests that have to do with each other.</summary>
internal sealed record World(string[] Policies, Entities Entities, Request[] Requests)
{
    private static readonly EntityUid[] People = [new("User", "a"), new("User", "b"), new("User", "c")];
    private static readonly EntityUid[] Groups = [new("Group", "a"), new("Group", "b"), new("Group", "c"), new("Group", "d")];
    private static readonly EntityUid[] Apis = [new("Assay::Api", "a"), new("Assay::Api", "b"), new("User", "d")];
    private static readonly EntityUid[] Actions = [new("Action", "a"), new("Action", "b"), new("Action", "c"), new("Action", "gone")];

    /// <summary>Up to six policies, most of them with conditions.</summary>
    public static Gen<World> Any { get; } = Of(Gen.Byte.Array[0, 300], most: 6, conditions: true);

    /// <summary>Up to two hundred policies without conditions.</summary>
    public static Gen<World> HeadsOnly { get; } = Of(Gen.Byte.Array[0, 1600], most: 200, conditions: false);

    public PolicySet Set => Cedar.Policies(string.Concat(Policies));

    /// <summary>What a failed sample shows.</summary>
    public override string ToString() =>
        $"{string.Concat(Policies)}\n{string.Join('\n', Entities.All.Select(entity => $"{entity} {entity.Attributes} in [{string.Join(", ", entity.Parents)}] tags {entity.Tags}"))}\n{string.Join('\n', Requests.Select(request => request.ToString()))}";

    private static Gen<World> Of(Gen<byte[]> policies, int most, bool conditions) =>
        Gen.Select(policies, Gen.Byte.Array[0, 1200], Gen.Byte.Array[0, 150], (p, e, r) => new World(
            PoliciesOf(new Choices(p), most, conditions), EntitiesOf(new Choices(e)), [RequestOf(new Choices(r)), RequestOf(new Choices(r[(r.Length / 2)..]))]));

    private static Request RequestOf(Choices choices) =>
        new(choices.Of([.. People, new("User", "gone")]), choices.Of<EntityUid>(Actions), choices.Of<EntityUid>(Apis), Attributes(choices, 1));

    private static Entities EntitiesOf(Choices choices)
    {
        var entities = new List<Entity>();
        EntityUid[] all = [.. People, .. Apis, .. Actions[..3], .. Groups];
        for (var i = 0; i < all.Length; i++)
        {
            if (choices.OnceIn(5))
                continue;

            // Parents stand behind their children, so there is no cycle; one of them need not be present.
            var parents = Enumerable.Range(0, choices.Below(3)).Select(_ => all[Math.Min(all.Length - 1, i + 1 + choices.Below(8))]).Where(parent => parent != all[i]);
            entities.Add(new Entity(all[i], Attributes(choices, 1), [.. parents], choices.OnceIn(2) ? Attributes(choices, 0) : null));
        }

        return Entities.Of(entities);
    }

    private static string[] PoliciesOf(Choices choices, int most, bool conditions)
    {
        var policies = new string[1 + choices.Below(most)];
        for (var i = 0; i < policies.Length; i++)
            policies[i] = Policy(choices, conditions);

        return policies;
    }

    private static string Policy(Choices choices, bool conditions)
    {
        var write = new ExpressionWriter(choices);
        var clauses = conditions ? Enumerable.Range(0, choices.Of(1, 1, 2, 0)).Select(_ => $" {choices.Of("when", "when", "unless")} {{ {write.Bool(1 + choices.Below(4))} }}") : [];
        return $"{choices.Of("permit", "forbid")}({Part("principal", choices, write, conditions)}, {Action(choices, write)}, {Part("resource", choices, write, conditions)}){string.Concat(clauses)};\n";
    }

    private static string Part(string name, Choices choices, ExpressionWriter write, bool mostlyOpen) => choices.Below(mostlyOpen ? 10 : 5) switch
    {
        1 => $"{name} == {write.Uid()}",
        2 => $"{name} in {write.Uid()}",
        3 => $"{name} is {write.Type()}",
        4 => $"{name} is {write.Type()} in {write.Uid()}",
        _ => name,
    };

    private static string Action(Choices choices, ExpressionWriter write)
    {
        string Uid() => choices.Of(Actions.AsSpan()).ToString();
        return choices.Below(8) switch
        {
            1 => $"action == {Uid()}",
            2 => $"action in {Uid()}",
            3 => $"action in [{Uid()}, {Uid()}]",
            4 => $"action in [{Uid()}, {Uid()}, {Uid()}, {Uid()}]",
            _ => "action",
        };
    }

    private static RecordValue Attributes(Choices choices, int depth)
    {
        var fields = new List<KeyValuePair<string, Value>>();
        foreach (var name in (ReadOnlySpan<string>)["n", "s", "b", "e", "set", "r", "d", "u", "f", "i"])
        {
            if (!choices.OnceIn(8))
                fields.Add(new(name, choices.OnceIn(16) ? Field(choices.Of("n", "s", "b", "e", "set", "d"), choices, depth) : Field(name, choices, depth)));
        }

        if (choices.OnceIn(2))
            fields.Reverse();

        return Value.Record(fields);
    }

    private static Value Field(string name, Choices choices, int depth) => name switch
    {
        "n" => Value.Of(choices.Of(0L, 1, 2, 3, -1, 5_000_000_000, long.MaxValue, long.MinValue)),
        "s" => Value.Of(choices.Of("", "a", "ab", "n", "s", "1.5", "10.0.0.1")),
        "b" => Value.Of(choices.Of(true, false)),
        "e" => Value.Of(choices.Of<EntityUid>([.. People, .. Groups, new("Group", "gone")])),
        "set" => Value.Set(Enumerable.Range(0, choices.Of(0, 1, 2, 3, 20)).Select(i => i > 4 ? Value.Of((long)i) : Field(choices.Of("n", "e", "s"), choices, depth)).ToArray()),
        "r" => depth > 0 ? Attributes(choices, depth - 1) : RecordValue.Empty,
        "d" => choices.Of(Value.Datetime("2024-10-15"), Value.Datetime("2024-10-15T11:35:00Z"), new DatetimeValue(long.MaxValue), new DatetimeValue(long.MinValue)),
        "u" => choices.Of(Value.Duration("1h"), Value.Duration("-3d"), new DurationValue(long.MaxValue)),
        "f" => choices.Of(Value.Decimal("1.5"), Value.Decimal("-2.0")),
        _ => choices.Of(Value.Ip("10.0.0.1"), Value.Ip("10.0.0.0/8"), Value.Ip("::1")),
    };
}
