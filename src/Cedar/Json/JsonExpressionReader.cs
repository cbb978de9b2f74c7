using System.Text;
using System.Text.Json;

namespace Assay.Cedar;

/// <summary>Reads expressions from the JSON policy format. They are there to be printed: their offsets mean nothing.</summary>
internal static class JsonExpressionReader
{
    private static readonly Dictionary<string, Comparison> Comparisons =
        Enum.GetValues<Comparison>().ToDictionary(ExpressionPrinter.Symbol, StringComparer.Ordinal);

    private static readonly Dictionary<string, Variable> Variables = Enum.GetValues<Variable>().ToDictionary(ExpressionPrinter.NameOf, StringComparer.Ordinal);

    private static readonly Dictionary<string, BuiltInMethod> Methods =
        Enum.GetValues<BuiltInMethod>().ToDictionary(ExpressionPrinter.NameOf, StringComparer.Ordinal);

    /// <summary>Those with a name one may misspell.</summary>
    private static readonly string[] Operators = ["Value", "Var", "neg", "in", "if-then-else", "has", "like", "is", "Set", "Record"];

    private enum Chain
    {
        None,
        And,
        Or,
        Sum,
        Product,
    }

    public static Expr Read(JsonPart part) => Read(part, 1);

    private static Expr Read(JsonPart part, int depth)
    {
        var (name, inner) = Only(part, depth);
        if (ChainOf(name) is not Chain.None)
            return ReadChain(part, depth);

        depth++;
        switch (name)
        {
            case "Value": return ReadValue(inner, depth - 1);
            case "Var": return new VariableExpr(0, Variables.TryGetValue(inner.Text(), out var variable) ? variable : throw inner.Bad("expected principal, action, resource or context"));
            case "Slot": throw inner.Bad("a slot can stand only in the head of a template");
            case "!": return new NotExpr(0, ReadArgument(inner, depth));
            case "neg": return new NegateExpr(0, ReadArgument(inner, depth));
            case "in": return ReadIn(inner, depth);
            case "if-then-else": return ReadIf(inner, depth);
            case ".": return ReadAttribute(inner, depth);
            case "has": return ReadHas(inner, depth);
            case "like": return ReadLike(inner, depth);
            case "is": return ReadIs(inner, depth);
            case "Set": return new SetExpr(0, ReadItems(inner, depth));
            case "Record": return ReadRecord(inner, depth);
            default: return ReadNamed(name, inner, depth);
        }
    }

    private static (string Name, JsonPart Part) Only(JsonPart part, int depth)
    {
        if (depth > CedarLimits.ExpressionDepth)
            throw part.Bad($"the expression nests deeper than {CedarLimits.ExpressionDepth}");

        return part.Members() is [var only] ? only : throw part.Bad("an expression has exactly one member, named for its operator");
    }

    private static Chain ChainOf(string name) => name switch
    {
        "&&" => Chain.And,
        "||" => Chain.Or,
        "+" or "-" => Chain.Sum,
        "*" => Chain.Product,
        _ => Chain.None,
    };

    // The left side of a chain is the rest of it: followed in a loop, since chains are long.
    private static Expr ReadChain(JsonPart part, int depth)
    {
        var (name, inner) = Only(part, depth);
        var chain = ChainOf(name);
        var rights = new List<JsonPart>();
        var operators = new List<ArithmeticOperator>();
        while (ChainOf(name) == chain)
        {
            var sides = inner.Object("left", "right");
            rights.Add(sides.Required("right"));
            operators.Add(name switch { "+" => ArithmeticOperator.Add, "-" => ArithmeticOperator.Subtract, _ => ArithmeticOperator.Multiply });
            part = sides.Required("left");
            (name, inner) = Only(part, depth);
        }

        rights.Add(part);
        rights.Reverse();
        operators.Reverse();
        Expr[] operands = [.. rights.Select(operand => Read(operand, depth + 1))];
        return chain switch
        {
            Chain.And => new AndExpr(operands),
            Chain.Or => new OrExpr(operands),
            _ => new ArithmeticExpr(operands, [.. operators]),
        };
    }

    private static Expr ReadArgument(JsonPart part, int depth) => Read(part.Object("arg").Required("arg"), depth);

    private static (Expr Left, Expr Right) ReadPair(JsonPart part, int depth)
    {
        var members = part.Object("left", "right");
        return (Read(members.Required("left"), depth), Read(members.Required("right"), depth));
    }

    private static InExpr ReadIn(JsonPart part, int depth)
    {
        var (left, right) = ReadPair(part, depth);
        return new InExpr(left, right);
    }

    private static Expr[] ReadItems(JsonPart part, int depth) => [.. part.Items().Select(item => Read(item, depth))];

    private static IfExpr ReadIf(JsonPart part, int depth)
    {
        var members = part.Object("if", "then", "else");
        return new IfExpr(0, Read(members.Required("if"), depth), Read(members.Required("then"), depth), Read(members.Required("else"), depth));
    }

    private static AttributeExpr ReadAttribute(JsonPart part, int depth)
    {
        var members = part.Object("left", "attr");
        return new AttributeExpr(Read(members.Required("left"), depth), members.Required("attr").Text());
    }

    private static Expr ReadHas(JsonPart part, int depth)
    {
        var members = part.Object("left", "attr");
        var left = Read(members.Required("left"), depth);
        var attribute = members.Required("attr");
        if (attribute.Kind != JsonValueKind.Array)
            return new HasExpr(left, [attribute.Text()]);

        string[] path = [.. attribute.Items().Select(item => item.Text())];
        if (path.Length == 0)
            throw attribute.Bad("expected at least one name");

        return path.Length == 1 || path.All(Names.IsUnquoted) ? new HasExpr(left, path) : ExpandHas(left, path);
    }

    // A path in text is made of identifiers. With another name in it, it is written as what it stands for: each step after the other.
    private static AndExpr ExpandHas(Expr left, string[] path)
    {
        var steps = new Expr[path.Length];
        for (var i = 0; i < path.Length; i++)
        {
            steps[i] = new HasExpr(left, [path[i]]);
            left = new AttributeExpr(left, path[i]);
        }

        return new AndExpr(steps);
    }

    private static LikeExpr ReadLike(JsonPart part, int depth)
    {
        var members = part.Object("left", "pattern");
        var left = Read(members.Required("left"), depth);
        return new LikeExpr(left, new Pattern([.. members.Required("pattern").Items().Select(ReadPatternPart)]));
    }

    private static string? ReadPatternPart(JsonPart part)
    {
        if (part.Kind != JsonValueKind.String)
            return part.Object("Literal").Required("Literal").Text();

        return part.Text() == "Wildcard" ? null : throw part.Bad("expected \"Wildcard\" or {\"Literal\": …}");
    }

    private static IsExpr ReadIs(JsonPart part, int depth)
    {
        var members = part.Object("left", "entity_type", "in");
        var type = members.Required("entity_type");
        if (!Names.IsEntityType(type.Text()))
            throw type.Bad($"{Escapes.Quote(type.Text())} is no entity type");

        return new IsExpr(Read(members.Required("left"), depth), type.Text(), members.Optional("in") is { } ancestor ? Read(ancestor, depth) : null);
    }

    private static RecordExpr ReadRecord(JsonPart part, int depth)
    {
        var members = part.Members();
        return new RecordExpr(0, [.. members.Select(member => member.Name)], [.. members.Select(member => Read(member.Part, depth))]);
    }

    /// <summary>A comparison, a method or an extension function.</summary>
    private static Expr ReadNamed(string name, JsonPart part, int depth)
    {
        if (Comparisons.TryGetValue(name, out var comparison))
        {
            var (left, right) = ReadPair(part, depth);
            return new CompareExpr(comparison, left, right);
        }

        if (Methods.TryGetValue(name, out var method))
        {
            if (method == BuiltInMethod.IsEmpty)
                return new MethodExpr(method, ReadArgument(part, depth), null);

            var (target, argument) = ReadPair(part, depth);
            return new MethodExpr(method, target, argument);
        }

        return Call(part, name, ReadItems, depth);
    }

    private static CallExpr Call(JsonPart part, string name, Func<JsonPart, int, Expr[]> readArguments, int depth)
    {
        if (!ExtensionFunctions.ByName.TryGetValue(name, out var function))
            throw part.Bad($"there is no operator or function {Escapes.Quote(name)}{DidYouMean.Hint(name, [.. Operators, .. Methods.Keys, .. ExtensionFunctions.ByName.Keys])}");

        var arguments = readArguments(part, depth);
        if (arguments.Length == 0 && !function.IsConstructor())
            throw part.Bad($"{name} is a method: its first argument is what it is called on");

        return new CallExpr(0, function, arguments);
    }

    /// <summary>A value as entities hold it, as the expression that makes it.</summary>
    private static Expr ReadValue(JsonPart part, int depth)
    {
        if (depth > CedarLimits.ExpressionDepth)
            throw part.Bad($"the value nests deeper than {CedarLimits.ExpressionDepth}");

        return part.Kind switch
        {
            JsonValueKind.True => new LiteralExpr(0, Value.Of(true)),
            JsonValueKind.False => new LiteralExpr(0, Value.Of(false)),
            JsonValueKind.Number => new LiteralExpr(0, Value.Of(part.Element.TryGetInt64(out var number) ? number : throw part.Bad("a number that is no 64-bit integer"))),
            JsonValueKind.String => new LiteralExpr(0, Value.Of(part.Text())),
            JsonValueKind.Array => new SetExpr(0, [.. part.Items().Select(item => ReadValue(item, depth + 1))]),
            JsonValueKind.Object => ReadObject(part, depth),
            _ => throw part.Bad("null is no value of Cedar"),
        };
    }

    private static Expr ReadObject(JsonPart part, int depth)
    {
        var members = part.Members();
        return members switch
        {
            [("__entity", _)] => new LiteralExpr(0, Value.Of(JsonScopeReader.ReadUid(part))),
            [("__extn", var call)] => ReadExtension(call, depth),
            [("__expr", var expression)] => throw expression.Bad("the escape __expr is not supported"),
            _ => new RecordExpr(0, [.. members.Select(member => member.Name)], [.. members.Select(member => ReadValue(member.Part, depth + 1))]),
        };
    }

    private static CallExpr ReadExtension(JsonPart part, int depth)
    {
        var members = part.Object("fn", "arg", "args");
        var name = members.Required("fn");
        var (one, several) = (members.Optional("arg"), members.Optional("args"));
        if (one is null == several is null)
            throw part.Bad("__extn needs fn and either arg or args");

        return Call(name, name.Text(), (_, deeper) => [.. (one is null ? several!.Items() : [one]).Select(argument => ReadValue(argument, deeper))], depth + 1);
    }
}
