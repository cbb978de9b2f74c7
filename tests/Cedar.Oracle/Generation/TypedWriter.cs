using System.Collections.Immutable;
using Assay.Cedar.Tests.Compilation;

namespace Assay.Cedar.Oracle.Generation;

/// <summary>
/// Writes expressions by type, as a schema and the head of a policy have it, with what may be absent mostly guarded. Now and then another
/// type than expected, or no guard.
/// </summary>
internal sealed class TypedWriter
{
    private static readonly string[] Orders = ["<", "<=", ">", ">="];

    private readonly Choices choices;
    private readonly SchemaModel schema;
    private readonly List<Way> paths;

    public TypedWriter(Choices choices, SchemaModel schema, string principal, ActionModel action, string resource)
    {
        this.choices = choices;
        this.schema = schema;
        paths = Way.All(schema, [
            new Way("principal", TypeModel.Entity(principal), []),
            new Way("resource", TypeModel.Entity(resource), []),
            new Way("context", action.Context, []),
        ]);
    }

    /// <summary>A condition.</summary>
    public string Bool(int depth)
    {
        if (depth <= 0)
            return Atom(0);

        return choices.Below(12) switch
        {
            0 or 1 => $"({Bool(depth - 1)} && {Bool(depth - 1)})",
            2 => $"({Bool(depth - 1)} || {Bool(depth - 1)})",
            3 => $"!({Bool(depth - 1)})",
            4 => $"(if {Bool(depth - 1)} then {Bool(depth - 1)} else {Bool(depth - 1)})",
            5 => Guarded(),
            _ => Atom(depth - 1),
        };
    }

    /// <summary>A comparison or the like, behind the guards of what is in it.</summary>
    private string Atom(int depth)
    {
        var guards = new List<string>();
        var text = Atom(depth, guards);
        if (guards.Count == 0 || choices.OnceIn(10))
            return text;

        var guard = string.Join(" && ", guards.Distinct());
        return choices.Below(8) switch
        {
            6 => $"(if {guard} then {text} else {choices.Of("false", "true")})",
            7 => $"(!({guard}) || {text})",
            _ => $"({guard} && {text})",
        };
    }

    private string Atom(int depth, List<string> guards)
    {
        string Of(TypeModel type) => this.Of(type, depth, guards);

        switch (choices.Below(20))
        {
            case 0:
                return choices.Of("true", "false");
            case 1 or 2:
                return $"({Of(TypeModel.Long)} {choices.Of(Orders.AsSpan())} {Of(TypeModel.Long)})";
            case 3:
                var time = choices.Of(TypeModel.Datetime, TypeModel.Duration);
                return $"({Of(time)} {choices.Of(Orders.AsSpan())} {Of(time)})";
            case 4:
                return $"{Of(TypeModel.Decimal)}.{choices.Of("lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual")}({Of(TypeModel.Decimal)})";
            case 5:
                return choices.OnceIn(2) ? $"{Of(TypeModel.Ip)}.{choices.Of("isIpv4", "isIpv6", "isLoopback", "isMulticast")}()" : $"{Of(TypeModel.Ip)}.isInRange({Of(TypeModel.Ip)})";
            case 6 or 7 or 8:
                var type = SomeType();
                return $"({Of(type)} {choices.Of("==", "!=")} {Of(type)})";
            case 9:
                return $"({Of(SomeType())} {choices.Of("==", "!=")} {Of(SomeType())})";
            case 10:
                var (child, parent) = Kin();
                return $"({Of(child)} in {Of(parent)})";
            case 11:
                (child, parent) = Kin();
                return $"({Of(child)} in [{Of(parent)}, {Of(choices.OnceIn(5) ? SomeEntity() : parent)}])";
            case 12:
                (child, parent) = Kin();
                return $"({Of(child)} in {Of(TypeModel.SetOf(parent))})";
            case 13:
                return $"({Of(SomeEntity())} is {SomeEntity().Name})";
            case 14:
                (child, parent) = Kin();
                return $"({Of(child)} is {choices.Of(child.Name, SomeEntity().Name)} in {Of(parent)})";
            case 15:
                return Has(guards);
            case 16:
                return $"({Of(TypeModel.String)} like \"{choices.Of("*", "a*", "*b", "a\\*", "", "\\u{61}*", "**a")}\")";
            case 17:
                var element = SomeType();
                return choices.OnceIn(2)
                    ? $"{Of(TypeModel.SetOf(element))}.contains({Of(element)})"
                    : $"{Of(TypeModel.SetOf(element))}.{choices.Of("containsAll", "containsAny")}({Of(TypeModel.SetOf(element))})";
            case 18:
                return choices.OnceIn(2) ? $"{Of(TypeModel.SetOf(SomeType()))}.isEmpty()" : $"{Of(SomeEntity())}.hasTag({Of(TypeModel.String)})";
            default:
                return Of(TypeModel.Bool);
        }
    }

    /// <summary>An expression of a type. What it needs to be there is added to the guards.</summary>
    private string Of(TypeModel type, int depth, List<string> guards)
    {
        if (choices.OnceIn(100))
            type = SomeType();

        if (choices.Below(3) != 2 && Find(type) is { } path)
        {
            guards.AddRange(path.Guards);
            return path.Text;
        }

        if (depth > 0 && choices.OnceIn(10))
            return $"(if {Bool(depth - 1)} then {Of(type, depth - 1, guards)} else {Of(type, depth - 1, guards)})";

        if (depth > 0 && choices.OnceIn(2) && Made(type, depth - 1, guards) is { } made)
            return made;

        return Literal(type, depth - 1, guards);
    }

    private Way? Find(TypeModel type)
    {
        var fitting = paths.Where(path => path.Type == type).ToArray();
        return fitting.Length == 0 ? null : fitting[choices.Below(fitting.Length)];
    }

    private string? Made(TypeModel type, int depth, List<string> guards)
    {
        string Of(TypeModel of) => this.Of(of, depth, guards);

        switch (type.Kind, type.Name)
        {
            case (TypeKind.Long, _):
                return choices.Below(5) switch
                {
                    0 => $"({Of(TypeModel.Long)} {choices.Of("+", "-")} {Of(TypeModel.Long)})",
                    1 => $"({Of(TypeModel.Long)} * {Of(TypeModel.Long)})",
                    2 => $"(-{Of(TypeModel.Long)})",
                    3 => $"{Of(TypeModel.Duration)}.{choices.Of("toMilliseconds", "toSeconds", "toMinutes", "toHours", "toDays")}()",
                    _ => $"({Of(TypeModel.Long)} + {Of(TypeModel.Long)} - {Of(TypeModel.Long)})",
                };
            case (TypeKind.Extension, "datetime"):
                return choices.OnceIn(2) ? $"{Of(TypeModel.Datetime)}.offset({Of(TypeModel.Duration)})" : $"{Of(TypeModel.Datetime)}.toDate()";
            case (TypeKind.Extension, "duration"):
                return choices.OnceIn(2) ? $"{Of(TypeModel.Datetime)}.durationSince({Of(TypeModel.Datetime)})" : $"{Of(TypeModel.Datetime)}.toTime()";
            case (TypeKind.Bool, _):
                return Bool(depth);
            default:
                return null;
        }
    }

    private string Literal(TypeModel type, int depth, List<string> guards)
    {
        switch (type.Kind)
        {
            case TypeKind.Bool:
                return choices.Of("true", "false");
            case TypeKind.Long:
                return choices.Of("1", "0", "2", "3", "(-1)", "5000000000", "9223372036854775807", "(-9223372036854775808)", "3037000500");
            case TypeKind.String:
                return choices.Of("\"a\"", "\"\"", "\"ab\"", "\"n\"", "\"1.5\"", "\"\\u{e9}😀\"", "\"\\\"\\\\\\n\"");
            case TypeKind.Entity:
                return Uid(type.Name);
            case TypeKind.Set:
                var count = choices.Of(1, 2, 3);
                return choices.OnceIn(30) ? "[]" : $"[{string.Join(", ", Enumerable.Range(0, count).Select(_ => Of(type.Element!, depth, guards)))}]";
            case TypeKind.Record:
                return Record(type, depth, guards);
            default:
                return type.Name switch
                {
                    "decimal" => $"decimal(\"{choices.Of("1.5", "-0.0001", "922337203685477.5807", "1", "00.10")}\")",
                    "ipaddr" => $"ip(\"{choices.Of("10.0.0.1", "10.0.0.0/8", "::1", "10.0.0", "ffff::/16", "224.0.0.0/4", "127.0.0.1")}\")",
                    "datetime" => $"datetime(\"{choices.Of("2024-10-15", "2024-10-15T11:35:00Z", "2024-13-15", "1969-12-31T23:59:59.999-0100")}\")",
                    _ => $"duration(\"{choices.Of("1h", "-1d", "9223372036854775807ms", "1d1h", "h", "0ms")}\")",
                };
        }
    }

    private string Record(TypeModel type, int depth, List<string> guards)
    {
        var fields = type.Fields.Where(field => field.IsRequired ? !choices.OnceIn(30) : choices.OnceIn(2));
        return $"{{{string.Join(", ", fields.Select(field => $"{(choices.OnceIn(6) ? Words.Quote(field.Name) : Words.Attribute(field.Name))}: {Of(field.Type, depth, guards)}"))}}}";
    }

    private string Uid(string typeName)
    {
        var type = schema.Types.FirstOrDefault(type => type.Name == typeName);
        return $"{typeName}::{Words.Quote(type is null || choices.OnceIn(40) ? "gone" : choices.Of(type.UsedIds))}";
    }

    /// <summary>A guard of its own: of something that exists, may exist or does not.</summary>
    private string Has(List<string> guards)
    {
        var path = choices.Of([.. paths]);
        guards.AddRange(path.Guards);
        if (choices.OnceIn(2) && path.Guards is [.., var last])
            return $"({last})";

        return choices.Below(4) switch
        {
            0 => $"({path.Text} has {choices.Of("n", "s", "gone", "\"a b\"", "when")})",
            1 => $"({path.Text} has {choices.Of("n.s", "r.n", "e.r.s", "b.gone", "u.n")})",
            2 => $"(!({path.Text} has {choices.Of("n", "e", "r")}))",
            _ => $"({path.Text}.hasTag({choices.Of("\"n\"", "\"s\"", "\"a b\"")}))",
        };
    }

    /// <summary>Several uses behind the guards of one way, perhaps with the guard said in another form.</summary>
    private string Guarded()
    {
        var optional = paths.Where(path => !path.Guards.IsEmpty).ToArray();
        if (optional.Length == 0)
            return Atom(0);

        var path = optional[choices.Below(optional.Length)];
        var guards = new List<string>();
        var use = $"({path.Text} {choices.Of("==", "!=")} {Of(path.Type, 0, guards)})";
        var guard = string.Join(" && ", path.Guards.Concat(guards).Distinct());
        return choices.Below(9) switch
        {
            0 => $"({guard} && {use} && {use})",
            1 => $"(({guard}) && ({use} || {use}))",
            2 => $"(if ({guard}) then {use} else !({guard}))",
            3 => $"((({guard}) || ({guard})) && {use})",
            4 => $"((({guard}) && {Atom(0)}) && {use})",
            5 => $"(({guard}) && (if {use} then {use} else {Atom(0)}))",
            6 => $"((if {Atom(0)} then ({guard}) else false) && {use})",
            7 => $"((if {Atom(0)} then ({guard}) else ({guard})) && {use})",
            _ => $"(true && ({guard}) && {use})",
        };
    }

    private (TypeModel Child, TypeModel Parent) Kin()
    {
        var child = SomeEntity();
        var parents = schema.Types.FirstOrDefault(type => type.Name == child.Name)?.Parents ?? [];
        return (child, parents.IsEmpty || choices.OnceIn(4) ? SomeEntity() : TypeModel.Entity(parents[choices.Below(parents.Length)]));
    }

    private TypeModel SomeEntity() => TypeModel.Entity(schema.Types[choices.Below(schema.Types.Length)].Name);

    private TypeModel SomeType() => choices.Below(3) == 0
        ? choices.Of(
            TypeModel.Long, TypeModel.String, TypeModel.Bool, TypeModel.Decimal, TypeModel.Ip, TypeModel.Datetime, TypeModel.Duration, SomeEntity(),
            TypeModel.SetOf(TypeModel.Long), TypeModel.SetOf(SomeEntity()), TypeModel.Record(new FieldModel("n", TypeModel.Long, true)))
        : paths[choices.Below(paths.Count)].Type;
}
