using System.Diagnostics;

namespace Assay.Cedar;

/// <summary>Turns the conditions of policies into nodes. Recursion is bounded by <see cref="CedarLimits.ExpressionDepth"/>.</summary>
internal sealed class Compiler
{
    // All are forgotten at the beginning of each request, which must not cost more than they save.
    private const int MostPlaces = 64;

    private readonly Dictionary<PolicyBody, Clause[]> bodies = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, string> names = new(StringComparer.Ordinal);
    private readonly VariableNode[] variables = [.. Enum.GetValues<Variable>().Select(variable => new VariableNode(variable))];
    private readonly Dictionary<(Node Target, string Name), AttributeNode> attributes = [];
    private int built;

    /// <summary>Attributes that evaluations keep.</summary>
    public int Places { get; private set; }

    /// <summary>The conditions of a policy. Policies linked from one template share theirs.</summary>
    public Clause[] Compile(PolicyBody body)
    {
        if (bodies.TryGetValue(body, out var known))
            return known;

        var clauses = new Clause[body.Conditions.Length];
        for (var i = 0; i < clauses.Length; i++)
            clauses[i] = new Clause(Compile(body.Conditions[i].Body), body.Conditions[i].IsUnless ? Truth.False : Truth.True);

        bodies.Add(body, clauses);
        return clauses;
    }

    private Node Compile(Expr expression)
    {
        if (expression.Constant is { } constant)
            return new ConstantNode(constant);

        // Each kind in a method of its own: what one kind needs of the stack must not be taken at every level of a deep expression.
        return expression switch
        {
            VariableExpr variable => variables[(int)variable.Variable],
            AndExpr and => new AndNode(Compile(and.Operands)),
            OrExpr or => new OrNode(Compile(or.Operands)),
            NotExpr not => new NotNode(Compile(not.Operand)),
            NegateExpr negate => new NegateNode(Compile(negate.Operand)),
            IfExpr choice => Compile(choice),
            CompareExpr compare => Compile(compare),
            InExpr contained => Compile(contained),
            ArithmeticExpr arithmetic => new ArithmeticNode(Compile(arithmetic.Operands), arithmetic.Operators),
            AttributeExpr attribute => Attribute(Compile(attribute.Target), Interned(attribute.Name)),
            HasExpr has => new HasNode(Compile(has.Target), Array.ConvertAll(has.Path, Interned)),
            LikeExpr like => new LikeNode(Compile(like.Target), like.Pattern),
            IsExpr typed => Compile(typed),
            MethodExpr method => Compile(method),
            CallExpr call => Compile(call),
            SetExpr set => Compile(null, set.Elements),
            RecordExpr record => Compile(record.Names, record.Values),
            _ => throw new UnreachableException(),
        };
    }

    private IfNode Compile(IfExpr choice) => new(Compile(choice.Condition), Compile(choice.Then), Compile(choice.Otherwise));

    private Node Compile(CompareExpr compare)
    {
        var left = Compile(compare.Left);
        var right = Compile(compare.Right);
        return compare.Comparison is Comparison.Equal or Comparison.NotEqual
            ? new EqualNode(left, right, compare.Comparison == Comparison.NotEqual)
            : new OrderNode(compare.Comparison, left, right);
    }

    private InNode Compile(InExpr contained) => new(Compile(contained.Left), Compile(contained.Right));

    private IsNode Compile(IsExpr typed) =>
        new(Compile(typed.Target), Interned(typed.Type), typed.Ancestor is null ? null : Compile(typed.Ancestor));

    private Node[] Compile(Expr[] expressions)
    {
        var nodes = new Node[expressions.Length];
        for (var i = 0; i < nodes.Length; i++)
            nodes[i] = Compile(expressions[i]);

        return nodes;
    }

    // One node for every mention, and a place to keep what it finds from the second mention on.
    private AttributeNode Attribute(Node target, string name)
    {
        if (!target.IsFixed)
            return new AttributeNode(target, name);

        if (!attributes.TryGetValue((target, name), out var node))
            attributes.Add((target, name), node = new AttributeNode(target, name));
        else if (node.Place < 0 && Places < MostPlaces)
            node.Place = Places++;

        return node;
    }

    private Node Compile(string[]? names, Expr[] parts)
    {
        var before = built;
        var nodes = Compile(parts);
        var holdsBuilt = built > before;
        built++;
        return holdsBuilt || parts.Length > PartsTag.Most ? new BuildNode(names, nodes) : new PartsNode(new PartsTag(names, parts.Length), nodes);
    }

    private Node Compile(MethodExpr method)
    {
        var target = Compile(method.Target);
        if (method.Argument is null)
            return new IsEmptyNode(target);

        var argument = Compile(method.Argument);
        return method.Method switch
        {
            BuiltInMethod.HasTag => new HasTagNode(target, argument),
            BuiltInMethod.GetTag => new GetTagNode(target, argument),
            _ => new ContainsNode(method.Method, target, argument),
        };
    }

    private Node Compile(CallExpr call)
    {
        var function = call.Function;
        var arguments = Compile(call.Arguments);
        if (arguments.Length != function.Arity())
            return new WrongCallNode(arguments);

        var second = arguments.Length > 1 ? arguments[1] : null;
        return function switch
        {
            <= ExtensionFunction.Duration when call.Arguments is [LiteralExpr { Value: StringValue }] => new MalformedNode(), // else it were a constant
            <= ExtensionFunction.Duration => new ConstructNode(function, arguments[0]),
            <= ExtensionFunction.GreaterThanOrEqual => new DecimalNode(function, arguments[0], second!),
            <= ExtensionFunction.IsInRange => new IpNode(function, arguments[0], second),
            <= ExtensionFunction.ToTime => new DatetimeNode(function, arguments[0], second),
            _ => new DurationNode(function, arguments[0]),
        };
    }

    // Equal names become one string, within this set only: a pool for all sets would keep what dropped sets named. A name that the
    // program itself knows (as those of the context it builds) becomes the program's string, and is found by reference.
    private string Interned(string name)
    {
        if (!names.TryGetValue(name, out var known))
            names.Add(name, known = string.IsInterned(name) ?? name);

        return known;
    }
}

/// <summary>A condition, and what it must come to: true after <c>when</c>, false after <c>unless</c>.</summary>
internal readonly record struct Clause(Node Condition, Truth Wanted);
