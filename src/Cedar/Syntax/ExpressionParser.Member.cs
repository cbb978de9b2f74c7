using System.Text;

namespace Assay.Cedar;

/// <summary>Literals, names, calls and what follows a dot or stands in brackets.</summary>
internal sealed partial class ExpressionParser
{
    private static readonly Dictionary<string, BuiltInMethod> BuiltInMethods = new(StringComparer.Ordinal)
    {
        ["contains"] = BuiltInMethod.Contains,
        ["containsAll"] = BuiltInMethod.ContainsAll,
        ["containsAny"] = BuiltInMethod.ContainsAny,
        ["isEmpty"] = BuiltInMethod.IsEmpty,
        ["hasTag"] = BuiltInMethod.HasTag,
        ["getTag"] = BuiltInMethod.GetTag,
    };

    /// <summary>An entity literal, <c>Type::"id"</c>.</summary>
    public EntityUid ParseEntity(string what)
    {
        if (reader.Is(TokenKind.Identifier))
        {
            var start = reader.Current.Start;
            var path = ParsePath(out var id);
            if (id is not null)
                return new EntityUid(path, id);

            reader.Fail(start, $"'{path}' is no entity; expected {what}");
        }
        else
        {
            reader.Unexpected(what);
        }

        return new EntityUid("", "");
    }

    /// <summary>The name of an entity type, as after <c>is</c>.</summary>
    public string ParseEntityType()
    {
        if (!reader.Is(TokenKind.Identifier))
        {
            reader.Unexpected("the name of an entity type, without quotes");
            return "";
        }

        var start = reader.Current.Start;
        var path = ParsePath(out var id);
        if (id is not null)
            reader.Report(start, "expected the name of an entity type, not an entity; to compare with an entity use '=='");

        return path;
    }

    /// <summary>The text of a string token with escapes resolved.</summary>
    public string Unescape(Token literal) => reader.Unescape(literal);

    private Pattern ParsePattern()
    {
        var literal = reader.Expect(TokenKind.String, "a pattern in quotes");
        if (literal.Kind != TokenKind.String)
            return new Pattern([]);

        if (!Escapes.TryUnescapePattern(reader.BodyOf(literal), out var parts, out var fault))
            reader.ReportEscape(literal, fault);

        return new Pattern(parts);
    }

    private Expr ParseMember() => reader.Current.Kind switch
    {
        TokenKind.Identifier => ParseAccessors(ParseNamed()),
        TokenKind.Number => ParseAccessors(ParseNumber()),
        TokenKind.String => ParseAccessors(ParseString()),
        TokenKind.OpenParenthesis => ParseAccessors(ParseParenthesized()),
        TokenKind.OpenBracket => ParseAccessors(ParseSet()),
        TokenKind.OpenBrace => ParseAccessors(ParseRecord()),
        TokenKind.Slot => RejectSlot(),
        _ => RejectPrimary(),
    };

    private LiteralExpr RejectSlot()
    {
        var slot = reader.Take();
        reader.Report(slot.Start, $"the slot {reader.TextOf(slot)} can stand only in the head of a template");
        return Nothing();
    }

    private LiteralExpr RejectPrimary()
    {
        reader.Unexpected("an expression");
        return Nothing();
    }

    private LiteralExpr ParseNumber()
    {
        var number = reader.Take();
        return new LiteralExpr(number.Start, Value.Of(ReadNumber(number)));
    }

    private LiteralExpr ParseString()
    {
        var literal = reader.Take();
        return new LiteralExpr(literal.Start, Value.Of(Unescape(literal)));
    }

    private Expr ParseParenthesized()
    {
        reader.Take();
        var inner = ParseExpression();
        reader.Expect(TokenKind.CloseParenthesis, "an operator or ')'");
        return inner;
    }

    private SetExpr ParseSet()
    {
        var start = reader.Take().Start;
        return new SetExpr(start, ParseList([], TokenKind.CloseBracket, "',' or ']'"));
    }

    private Expr[] ParseList(List<Expr> items, TokenKind close, string separator)
    {
        while (!reader.Is(close) && !reader.Is(TokenKind.End))
        {
            items.Add(ParseExpression());
            if (!reader.Is(close))
                reader.Expect(TokenKind.Comma, $"an operator, {separator}");
        }

        reader.Expect(close, separator);
        return [.. items];
    }

    private RecordExpr ParseRecord()
    {
        var start = reader.Take().Start;
        List<string> names = [];
        List<Expr> values = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        while (!reader.Is(TokenKind.CloseBrace) && !reader.Is(TokenKind.End))
        {
            var at = reader.Current.Start;
            var name = reader.Is(TokenKind.String) ? Unescape(reader.Take()) : ParseName("the name of an attribute, or a string");
            if (!seen.Add(name))
                reader.Report(at, $"the attribute {Escapes.Quote(name)} is given twice");

            reader.Expect(TokenKind.Colon, "':'");
            names.Add(name);
            values.Add(ParseExpression());
            if (!reader.Is(TokenKind.CloseBrace))
                reader.Expect(TokenKind.Comma, "an operator, ',' or '}'");
        }

        reader.Expect(TokenKind.CloseBrace, "'}'");
        return new RecordExpr(start, [.. names], [.. values]);
    }

    /// <summary>What begins with an identifier: a literal, a variable, an entity, or a call of a function.</summary>
    private Expr ParseNamed()
    {
        var first = reader.Current;
        if (reader.TryTakeWord("true"))
            return new LiteralExpr(first.Start, Value.Of(true));

        if (reader.TryTakeWord("false"))
            return new LiteralExpr(first.Start, Value.Of(false));

        if (reader.IsWord("if"))
        {
            reader.Fail(first.Start, "'if' stands in parentheses when it is part of a larger expression");
            return Nothing();
        }

        var faults = reader.FaultCount;
        var path = ParsePath(out var id);
        if (reader.FaultCount > faults && !reader.Is(TokenKind.OpenParenthesis))
            return Nothing(); // one fault for one name

        if (id is not null)
            return new LiteralExpr(first.Start, Value.Of(new EntityUid(path, id)));

        switch (path)
        {
            case "principal": return new VariableExpr(first.Start, Variable.Principal);
            case "action": return new VariableExpr(first.Start, Variable.Action);
            case "resource": return new VariableExpr(first.Start, Variable.Resource);
            case "context": return new VariableExpr(first.Start, Variable.Context);
        }

        if (reader.Is(TokenKind.OpenParenthesis))
            return ParseFunctionCall(first.Start, path);

        reader.Report(first.Start, $"'{path}' means nothing here; variables are principal, action, resource and context, a string stands in quotes");
        return Nothing();
    }

    private Expr ParseFunctionCall(int start, string name)
    {
        reader.Take();
        var arguments = ParseList([], TokenKind.CloseParenthesis, "',' or ')'");
        if (ExtensionFunctions.ByName.TryGetValue(name, out var function) && function.IsConstructor())
            return new CallExpr(start, function, arguments);

        var isMethod = BuiltInMethods.ContainsKey(name) || ExtensionFunctions.ByName.ContainsKey(name);
        reader.Report(start, isMethod
            ? $"'{name}' is a method; write value.{name}(…)"
            : $"there is no function '{name}'; functions are decimal, ip, datetime and duration");
        return Nothing();
    }

    private Expr ParseAccessors(Expr target)
    {
        while (true)
        {
            switch (reader.Current.Kind)
            {
                case TokenKind.Dot:
                    reader.Take();
                    var at = reader.Current.Start;
                    var name = ParseName("the name of an attribute or method");
                    target = reader.Is(TokenKind.OpenParenthesis) ? ParseMethodCall(target, name, at) : new AttributeExpr(target, name) { NameOffset = at };
                    break;

                case TokenKind.OpenBracket:
                    reader.Take();
                    var key = reader.Expect(TokenKind.String, "the name of an attribute in quotes");
                    target = new AttributeExpr(target, Unescape(key)) { NameOffset = key.Start };
                    reader.Expect(TokenKind.CloseBracket, "']'");
                    break;

                case TokenKind.OpenParenthesis:
                    reader.Fail(reader.Current.Start, "this cannot be called; only functions and methods can");
                    return target;

                default:
                    return target;
            }

            if (Bounded(target).Depth > CedarLimits.ExpressionDepth)
                return target;
        }
    }

    private Expr ParseMethodCall(Expr target, string name, int at)
    {
        reader.Take();
        var arguments = ParseList([target], TokenKind.CloseParenthesis, "',' or ')'");
        if (BuiltInMethods.TryGetValue(name, out var method))
        {
            var expected = method == BuiltInMethod.IsEmpty ? 1 : 2;
            if (arguments.Length != expected)
                reader.Report(at, $"'{name}' takes {(expected == 1 ? "no argument" : "one argument")}, not {arguments.Length - 1}");

            return new MethodExpr(method, target, arguments.Length > 1 ? arguments[1] : null);
        }

        var known = ExtensionFunctions.ByName.TryGetValue(name, out var function);
        if (known && !function.IsConstructor())
            return new CallExpr(target.Offset, function, arguments);

        reader.Report(at, known ? $"'{name}' is a function; write {name}(…)" : $"there is no method '{name}'");
        return target;
    }

    /// <summary>Identifiers joined by <c>::</c>, and the string after them when it names an entity.</summary>
    private string ParsePath(out string? id)
    {
        id = null;
        var first = ParseName("a name");
        if (!reader.Is(TokenKind.DoubleColon))
            return first;

        var path = new StringBuilder(first);
        while (reader.TryTake(TokenKind.DoubleColon))
        {
            if (reader.Is(TokenKind.String))
            {
                id = Unescape(reader.Take());
                break;
            }

            path.Append("::").Append(ParseName("a name, or a string"));
        }

        return path.ToString();
    }

    private string ParseName(string what)
    {
        var token = reader.Expect(TokenKind.Identifier, what);
        if (token.Kind != TokenKind.Identifier)
            return "";

        var name = reader.TextOf(token).ToString();
        if (Names.IsKeyword(name) || name == Names.Internal)
            reader.Report(token.Start, $"'{name}' is reserved; an attribute of that name is written in quotes: [\"{name}\"]");

        return name;
    }
}
