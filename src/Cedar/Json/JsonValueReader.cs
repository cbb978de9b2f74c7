using System.Text.Json;

namespace Assay.Cedar;

/// <summary>Reads values; <paramref name="place"/> and <paramref name="member"/>, the attribute or tag being read, begin every message.</summary>
internal readonly partial struct JsonValueReader(string place, string? member = null)
{
    public Value Read(JsonElement element, int depth)
    {
        Bound(depth);
        return element.ValueKind switch
        {
            JsonValueKind.True => Value.Of(true),
            JsonValueKind.False => Value.Of(false),
            JsonValueKind.Number => element.TryGetInt64(out var number) ? Value.Of(number) : throw Bad("a number that is no 64-bit integer"),
            JsonValueKind.String => Value.Of(Text(element)),
            JsonValueKind.Array => ReadSet(element, depth),
            JsonValueKind.Object => ReadObject(element, depth),
            JsonValueKind.Null => throw Bad("null is no value of Cedar"),
            _ => throw Bad("no value"),
        };
    }

    /// <summary>Reads <c>{"type","id"}</c>, also within <c>{"__entity":…}</c>, where nothing else can stand. Further members are ignored.</summary>
    public EntityUid ReadUid(JsonElement element)
    {
        element = Inside(element, "__entity");
        if (element.ValueKind != JsonValueKind.Object)
            throw Bad("expected an entity reference, {\"type\": …, \"id\": …}");

        string? type = null, id = null;
        foreach (var member in element.EnumerateObject())
        {
            if (member.NameEquals("type"))
                Once(ref type, member);
            else if (member.NameEquals("id"))
                Once(ref id, member);
        }

        if (type is null || id is null)
            throw Bad("an entity reference needs type and id");

        if (!Names.IsEntityType(type))
            throw Bad($"{Escapes.Quote(type)} is no entity type");

        return new EntityUid(type, id);
    }

    public CedarDataException Bad(string message) => new(member is not null ? $"{place}, {member}: {message}" : place.Length == 0 ? message : $"{place}: {message}");

    private void Bound(int depth)
    {
        if (depth > CedarLimits.ValueDepth)
            throw Bad($"nested deeper than {CedarLimits.ValueDepth}");
    }

    private void Once(ref string? slot, JsonProperty member)
    {
        if (slot is not null)
            throw Bad($"the name {Escapes.Quote(member.Name)} appears twice in one object");

        if (member.Value.ValueKind != JsonValueKind.String)
            throw Bad($"{member.Name} must be a string");

        slot = Text(member.Value);
    }

    private string Text(JsonElement element)
    {
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            throw new CedarDataException(Bad("a string that is not valid Unicode").Message, exception);
        }
    }

    private string NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException exception)
        {
            throw new CedarDataException(Bad("a name that is not valid Unicode").Message, exception);
        }
    }

    private SetValue ReadSet(JsonElement element, int depth)
    {
        var values = new Value[element.GetArrayLength()];
        var i = 0;
        foreach (var item in element.EnumerateArray())
            values[i++] = Read(item, depth + 1);

        return SetValue.From(values);
    }

    private Value ReadObject(JsonElement element, int depth)
    {
        if (Only(element) is { } only)
        {
            CheckNumbers(only.Value);
            switch (only.Name)
            {
                case "__entity": return Value.Of(ReadUid(only.Value));
                case "__extn": return ReadExtension(only.Value, depth);
                case "__expr": throw Bad("the escape __expr is not supported");
            }
        }

        var count = element.GetPropertyCount();
        var names = new string[count];
        var values = new Value[count];
        var i = 0;
        foreach (var member in element.EnumerateObject())
        {
            names[i] = NameOf(member);
            values[i] = Read(member.Value, depth + 1);
            i++;
        }

        return Gather(names, values);
    }

    // Also members that are ignored are values: the reference engine reads an object first and sees then that it is an escape.
    private void CheckNumbers(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Number when !element.TryGetInt64(out _):
                throw Bad("a number that is no 64-bit integer");
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                    CheckNumbers(item);

                break;
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                    CheckNumbers(member.Value);

                break;
        }
    }

    // With a schema, the types of the arguments are known as well.
    private Value ReadExtension(JsonElement element, int depth, bool isTyped = false)
    {
        string? name = null;
        JsonProperty? arguments = null;
        if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in element.EnumerateObject())
            {
                if (member.NameEquals("fn"))
                    Once(ref name, member);
                else if (member.NameEquals("arg") || member.NameEquals("args"))
                    arguments = arguments is null ? member : throw Bad("__extn has more than one arg or args");
            }
        }

        if (name is null || arguments is not { } given)
            throw Bad("__extn needs fn and arg, or fn and args");

        if (!ExtensionFunctions.ByName.TryGetValue(name, out var function))
            throw Bad($"there is no extension function {Escapes.Quote(name)}");

        if (given.NameEquals("arg"))
            return Call(function, [ReadArgument(given.Value, isTyped ? function.Operand(0) : null, depth)]);

        if (given.Value.ValueKind != JsonValueKind.Array)
            throw Bad("args must be an array");

        var all = new Expr[given.Value.GetArrayLength()];
        var i = 0;
        foreach (var item in given.Value.EnumerateArray())
        {
            all[i] = ReadArgument(item, isTyped ? function.Operand(i) : null, depth);
            i++;
        }

        return Call(function, all);
    }

    private LiteralExpr ReadArgument(JsonElement element, ExtensionType? type, int depth) =>
        new(0, type is { } expected ? ReadExtension(element, expected, depth + 1) : Read(element, depth + 1));

    private Value Call(ExtensionFunction function, Expr[] arguments)
    {
        if (arguments.Length != function.Arity())
            throw Bad($"{function.Name()} takes {function.Arity()} arguments, not {arguments.Length}");

        // A call needs no request and no entities.
        var interpreter = new Interpreter(Nothing, Entities.Empty);
        return interpreter.Evaluate(new CallExpr(0, function, arguments)) ?? throw Bad(interpreter.ErrorMessage);
    }

    private static readonly Request Nothing = new(default, default, default, RecordValue.Empty);

    // The value of the only member of that name; the element itself when there is none.
    private JsonElement Inside(JsonElement element, string escape)
    {
        JsonElement? inner = null;
        if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in element.EnumerateObject())
            {
                if (member.NameEquals("__expr") && member.Value.ValueKind == JsonValueKind.String)
                    throw Bad("the escape __expr is not supported");

                if (member.NameEquals(escape))
                    inner = inner is null ? member.Value : throw Bad($"the name {Escapes.Quote(escape)} appears twice in one object");
            }
        }

        // What only looks like an escape is a member among others when the reference itself stands beside it.
        return inner is { } found && (Refers(found) || !Refers(element)) ? found : element;

        bool Refers(JsonElement one) =>
            one.ValueKind == JsonValueKind.Object && (escape == "__entity" ? one.TryGetProperty("type", out _) && one.TryGetProperty("id", out _) : one.TryGetProperty("fn", out _));
    }

    private static JsonProperty? Only(JsonElement element)
    {
        JsonProperty? only = null;
        foreach (var member in element.EnumerateObject())
        {
            if (only is not null)
                return null;

            only = member;
        }

        return only is { } found && found.NameEquals("__entity") | found.NameEquals("__extn") | found.NameEquals("__expr") ? found : null;
    }
}
