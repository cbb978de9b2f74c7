using System.Collections.Immutable;
using System.Text;
using Assay.Cedar.Tests.Compilation;

namespace Assay.Cedar.Oracle.Generation;

/// <summary>Makes schemas that are well-formed: namespaces, common types, enumerated types, tags, action groups.</summary>
internal sealed class SchemaMaker(Choices choices)
{
    private static readonly string[] Names = ["n", "s", "b", "e", "set", "r", "when", "a b", "if", "type", "é", "u", "Long"];

    private readonly List<(string Namespace, string Text)> declarations = [];
    private readonly List<string> typeNames = [];
    private int commonTypes;

    public SchemaModel Make()
    {
        var home = choices.Of("", "N", "N::M");
        var away = choices.OnceIn(3) ? choices.Of("", "Other", "N") : home;
        var count = 2 + choices.Below(3);
        for (var i = 0; i < count; i++)
            typeNames.Add(Qualify(i > 1 ? away : home, choices.OnceIn(12) ? $"String{i}" : $"T{i}"));

        var types = typeNames.Select(EntityType).ToImmutableArray();
        var actions = Actions(home, types);
        return new SchemaModel(types, actions, Text());
    }

    private string Text()
    {
        var text = new StringBuilder();
        foreach (var space in declarations.Select(declaration => declaration.Namespace).Distinct())
        {
            var inside = declarations.Where(declaration => declaration.Namespace == space).Select(declaration => declaration.Text).ToArray();
            if (space.Length > 0)
                text.Append("namespace ").Append(space).Append(" {\n");

            foreach (var declaration in inside)
                text.Append(choices.OnceIn(12) ? "@doc(\"x\") @mark " : "").Append(declaration).Append('\n');

            if (space.Length > 0)
                text.Append("}\n");
        }

        return text.ToString();
    }

    private EntityTypeModel EntityType(string name)
    {
        var (space, basename) = Split(name);
        if (typeNames.IndexOf(name) > 1 && choices.OnceIn(4))
        {
            declarations.Add((space, $"entity {basename} enum [\"a\", \"x y\"];"));
            return new EntityTypeModel(name, [], [], null, ["a", "x y"]);
        }

        var parents = typeNames.Where(_ => choices.OnceIn(3)).ToImmutableArray();
        var shape = Record(2, space, out var shapeText);
        var tags = choices.OnceIn(3) ? Type(1, space, out var tagText) : Nothing(out tagText);
        var text = new StringBuilder($"entity {basename}");
        if (!parents.IsEmpty)
            text.Append(parents.Length == 1 && choices.OnceIn(2) ? $" in {parents[0]}" : $" in [{string.Join(", ", parents)}]");

        if (!shape.Fields.IsEmpty || choices.OnceIn(2))
            text.Append(choices.OnceIn(2) ? " = " : " ").Append(shapeText);

        if (tags is not null)
            text.Append(" tags ").Append(tagText);

        declarations.Add((space, text.Append(';').ToString()));
        return new EntityTypeModel(name, parents, shape.Fields, tags, []);
    }

    private ImmutableArray<ActionModel> Actions(string space, ImmutableArray<EntityTypeModel> types)
    {
        var type = Qualify(space, "Action");
        var actions = ImmutableArray.CreateBuilder<ActionModel>();
        var count = 1 + choices.Below(3);
        for (var i = 0; i < count; i++)
        {
            var uid = new EntityUid(type, choices.OnceIn(6) ? $"act {i}" : $"act{i}");
            ImmutableArray<EntityUid> groups = choices.OnceIn(2) ? [new EntityUid(type, "all")] : i > 0 && choices.OnceIn(4) ? [actions[i - 1].Uid] : [];
            var principals = Some(types);
            var resources = Some(types);
            var context = Record(2, space, out var contextText);
            var text = new StringBuilder($"action {Words.Attribute(uid.Id)}");
            if (!groups.IsEmpty)
                text.Append($" in [{string.Join(", ", groups.Select(group => choices.OnceIn(2) ? group.ToString() : Words.Attribute(group.Id)))}]");

            text.Append($" appliesTo {{ principal: [{string.Join(", ", principals)}], resource: [{string.Join(", ", resources)}]");
            text.Append(context.Fields.IsEmpty && choices.OnceIn(2) ? " };" : $", context: {contextText} }};");
            declarations.Add((space, text.ToString()));
            actions.Add(new ActionModel(uid, groups, principals, resources, context));
        }

        declarations.Add((space, "action all;"));
        actions.Add(new ActionModel(new EntityUid(type, "all"), [], [], [], TypeModel.Record()));
        return actions.ToImmutable();
    }

    private ImmutableArray<string> Some(ImmutableArray<EntityTypeModel> types)
    {
        ImmutableArray<string> some = [.. types.Where(_ => choices.OnceIn(3)).Select(type => type.Name)];
        return some.IsEmpty ? [types[choices.Below(types.Length)].Name] : some;
    }

    private TypeModel Record(int depth, string space, out string text)
    {
        var fields = ImmutableArray.CreateBuilder<FieldModel>();
        var parts = new List<string>();
        var count = choices.Below(6);
        for (var i = 0; i < count; i++)
        {
            var name = choices.Of(Names.AsSpan());
            if (fields.Any(field => field.Name == name))
                continue;

            var type = Type(depth - 1, space, out var typeText);
            var isRequired = !choices.OnceIn(3);
            fields.Add(new FieldModel(name, type, isRequired));
            parts.Add($"{Words.Attribute(name)}{(isRequired ? "" : "?")}: {typeText}");
        }

        text = $"{{{string.Join(", ", parts)}}}";
        return TypeModel.Record(fields.ToImmutable());
    }

    private TypeModel Type(int depth, string space, out string text)
    {
        var type = choices.Below(depth > 0 ? 13 : 9) switch
        {
            0 or 1 => Primitive(TypeModel.Long, "Long", out text),
            2 => Primitive(TypeModel.String, "String", out text),
            3 => Primitive(TypeModel.Bool, "Bool", out text),
            4 or 5 => Entity(out text),
            6 => Primitive(choices.Of(TypeModel.Datetime, TypeModel.Duration), null, out text),
            7 => Primitive(TypeModel.Decimal, null, out text),
            8 => Primitive(TypeModel.Ip, null, out text),
            9 or 10 => Record(depth, space, out text),
            _ => SetOf(depth, space, out text),
        };
        if (!choices.OnceIn(5))
            return type;

        var alias = $"C{commonTypes++}";
        declarations.Add((space, $"type {alias} = {text};"));
        text = choices.OnceIn(2) ? alias : Qualify(space, alias);
        return type;
    }

    private TypeModel Entity(out string text)
    {
        text = choices.Of([.. typeNames]);
        return TypeModel.Entity(text);
    }

    private TypeModel SetOf(int depth, string space, out string text)
    {
        var element = Type(depth - 1, space, out var elementText);
        text = $"Set<{elementText}>";
        return TypeModel.SetOf(element);
    }

    private TypeModel Primitive(TypeModel type, string? name, out string text)
    {
        text = (choices.OnceIn(10) ? "__cedar::" : "") + (name ?? type.Name);
        return type;
    }

    private static TypeModel? Nothing(out string text)
    {
        text = "";
        return null;
    }

    private static string Qualify(string space, string name) => space.Length == 0 ? name : $"{space}::{name}";

    private static (string Namespace, string Basename) Split(string name)
    {
        var end = name.LastIndexOf("::", StringComparison.Ordinal);
        return end < 0 ? ("", name) : (name[..end], name[(end + 2)..]);
    }
}
