using Assay.Cedar.Tests.Compilation;

namespace Assay.Cedar.Oracle.Generation;

/// <summary>Makes policies and templates whose heads and conditions fit a schema, mostly.</summary>
internal sealed class PolicyMaker(Choices choices, SchemaModel schema)
{
    public string Policy(bool isTemplate = false)
    {
        var applied = schema.Actions.Where(action => action.Applies).ToArray();
        var action = applied[choices.Below(applied.Length)];
        var principal = action.Principals[choices.Below(action.Principals.Length)];
        var resource = action.Resources[choices.Below(action.Resources.Length)];
        var writer = new TypedWriter(choices, schema, principal, action, resource);
        var slots = isTemplate ? choices.Of(("?principal", ""), ("", "?resource"), ("?principal", "?resource")) : ("", "");
        var annotations = choices.OnceIn(8) ? choices.Of("@id(\"x\") ", "@public ", "@if(\"\") @a(\"\\u{41}\")\n") : "";
        var conditions = Enumerable.Range(0, choices.Of(1, 1, 1, 2, 0)).Select(_ => $" {choices.Of("when", "when", "when", "unless")} {{ {writer.Bool(choices.Below(4))} }}");
        return $"{annotations}{choices.Of("permit", "forbid")}({Part("principal", principal, slots.Item1)}, {Action(action)}, {Part("resource", resource, slots.Item2)}){string.Concat(conditions)};";
    }

    /// <summary>A policy whose condition need not make any sense.</summary>
    public string Loose()
    {
        var writer = new ExpressionWriter(choices);
        var conditions = Enumerable.Range(0, choices.Of(1, 1, 2)).Select(_ => $" {choices.Of("when", "when", "unless")} {{ {writer.Bool(1 + choices.Below(4))} }}");
        return $"{choices.Of("permit", "forbid")}({Part("principal", writer.Type(), "")}, action, {Part("resource", writer.Type(), "")}){string.Concat(conditions)};";
    }

    private string Part(string name, string type, string slot)
    {
        if (choices.OnceIn(30))
            type = schema.Types[choices.Below(schema.Types.Length)].Name;

        if (slot.Length > 0)
            return choices.Of($"{name} == {slot}", $"{name} in {slot}", $"{name} is {type} in {slot}");

        return choices.Below(9) switch
        {
            6 => $"{name} == {Uid(type)}",
            7 => $"{name} in {Uid(Ancestor(type))}",
            8 => $"{name} is {type} in {Uid(Ancestor(type))}",
            5 => name,
            _ => $"{name} is {type}",
        };
    }

    private string Action(ActionModel action) => choices.Below(8) switch
    {
        4 => "action",
        5 => $"action in {(action.Groups.IsEmpty ? action.Uid : action.Groups[0])}",
        6 => $"action in [{action.Uid}, {schema.Actions[choices.Below(schema.Actions.Length)].Uid}]",
        7 => choices.Of("action in []", $"action == {schema.Actions[^1].Uid}", $"action == {action.Uid.Type}::\"gone\"", $"action in [{action.Uid}]"),
        _ => $"action == {action.Uid}",
    };

    private string Ancestor(string type)
    {
        var parents = schema.Types.FirstOrDefault(one => one.Name == type)?.Parents ?? [];
        return parents.IsEmpty || choices.OnceIn(5) ? type : parents[choices.Below(parents.Length)];
    }

    private string Uid(string type)
    {
        var known = schema.Types.FirstOrDefault(one => one.Name == type);
        return $"{type}::{Words.Quote(known is null || choices.OnceIn(40) ? "gone" : choices.Of(known.UsedIds))}";
    }
}
