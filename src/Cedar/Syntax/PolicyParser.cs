using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>Reads policies and templates: annotations, effect, head, conditions (Cedar grammar, <c>Policy</c>).</summary>
internal sealed class PolicyParser
{
    private readonly TokenReader reader;
    private readonly ExpressionParser expressions;
    private readonly List<int> headOffsets = [];

    public PolicyParser(string text, string source)
    {
        reader = new TokenReader(text, source);
        expressions = new ExpressionParser(reader);
    }

    public PolicySetParse ParseSet()
    {
        var policies = ImmutableArray.CreateBuilder<Policy>();
        var templates = ImmutableArray.CreateBuilder<Template>();
        for (var index = 0; !reader.IsDone; index++)
        {
            var faultsBefore = reader.FaultCount;
            if (ParsePolicy() is { } parsed && reader.FaultCount == faultsBefore)
            {
                var (body, principal, resource) = parsed;
                if (principal.HasSlot || resource.HasSlot)
                    templates.Add(new Template($"template{templates.Count}", body, principal, resource));
                else
                    policies.Add(new Policy($"policy{index}", body, principal, resource));
            }

            reader.Recover();
        }

        return reader.HasFaults
            ? new PolicySetParse(null, reader.Faults())
            : new PolicySetParse(new PolicySet(policies.DrainToImmutable(), templates.DrainToImmutable()), []);
    }

    private (PolicyBody Body, ScopeConstraint Principal, ScopeConstraint Resource)? ParsePolicy()
    {
        var start = reader.Current.Start;
        var annotations = reader.TakeAnnotations(out var marks);
        var effect = ParseEffect();
        headOffsets.Clear();
        var (principal, action, resource) = ParseHead();
        var conditions = ParseConditions();
        var end = reader.Expect(TokenKind.Semicolon, "'when', 'unless' or ';'").End;
        if (reader.HasFaults)
            return null;

        var body = new PolicyBody(effect, annotations, marks, action, conditions, reader.PositionOf(start), start, reader.Slice(start, end))
        {
            HeadOffsets = [.. headOffsets],
        };
        return (body, principal, resource);
    }

    private Effect ParseEffect()
    {
        if (reader.TryTakeWord("forbid"))
            return Effect.Forbid;

        if (!reader.TryTakeWord("permit"))
            reader.Unexpected("'permit' or 'forbid'");

        return Effect.Permit;
    }

    private (ScopeConstraint Principal, ScopeConstraint Action, ScopeConstraint Resource) ParseHead()
    {
        reader.Expect(TokenKind.OpenParenthesis, "'('");
        var principal = ParseScope("principal");
        var action = ParseScope("action");
        var resource = ParseScope("resource");
        if (reader.Is(TokenKind.Identifier))
            reader.Fail(reader.Current.Start, "a head has three parts: principal, action, resource");

        reader.Expect(TokenKind.CloseParenthesis, "')'");
        return (principal, action, resource);
    }

    private ScopeConstraint ParseScope(string variable)
    {
        if (!reader.TryTakeWord(variable))
        {
            reader.Unexpected($"'{variable}' (a head has three parts: principal, action, resource)");
            return ScopeConstraint.Anything;
        }

        if (reader.Is(TokenKind.Colon))
            reader.Fail(reader.Current.Start, $"a head takes no types this way; write '{variable} is Type'");

        var constraint = variable == "action" ? ParseActionConstraint() : ParseConstraint(variable);
        if (reader.IsWord("is"))
            reader.Fail(reader.Current.Start, "'is' stands before 'in': principal is Type in Entity");
        else if (!reader.Is(TokenKind.CloseParenthesis))
            reader.Expect(TokenKind.Comma, variable == "resource" ? "')'" : "','");

        return constraint;
    }

    private ScopeConstraint ParseConstraint(string variable)
    {
        string? type = null;
        if (reader.TryTakeWord("is"))
        {
            headOffsets.Add(reader.Current.Start);
            type = expressions.ParseEntityType();
        }

        var at = reader.Current.Start;
        if (reader.TryTake(TokenKind.Equal))
        {
            if (type is not null)
                reader.Report(at, "'is' does not go with '=='; an entity's literal already says its type");

            return ParseReference(variable) is { } entity ? new ScopeConstraint.Equal(entity) : new ScopeConstraint.EqualSlot();
        }

        if (reader.TryTakeWord("in"))
        {
            return (type, ParseReference(variable)) switch
            {
                (null, null) => new ScopeConstraint.InSlot(),
                (null, { } entity) => new ScopeConstraint.In([entity]),
                (_, null) => new ScopeConstraint.IsInSlot(type),
                (_, { } entity) => new ScopeConstraint.IsIn(type, entity),
            };
        }

        RejectOperator(type is null ? "'==', 'in' or 'is'" : "'in'");
        return type is null ? ScopeConstraint.Anything : new ScopeConstraint.Is(type);
    }

    private ScopeConstraint ParseActionConstraint()
    {
        if (reader.IsWord("is"))
            reader.Fail(reader.Current.Start, "'is' is not for actions; use '==' or 'in'");

        if (reader.TryTake(TokenKind.Equal))
            return new ScopeConstraint.Equal(ParseAction());

        if (reader.TryTakeWord("in"))
            return new ScopeConstraint.In(ParseActions());

        RejectOperator("'==' or 'in'");
        return ScopeConstraint.Anything;
    }

    private void RejectOperator(string allowed)
    {
        if (!reader.Is(TokenKind.Comma) && !reader.Is(TokenKind.CloseParenthesis) && !reader.IsWord("is"))
            reader.Unexpected($"{allowed}, ',' or ')'");
    }

    /// <summary>An entity, or null for the variable's slot. Parentheses around it mean nothing.</summary>
    private EntityUid? ParseReference(string variable)
    {
        var open = 0;
        while (reader.TryTake(TokenKind.OpenParenthesis))
            open++;

        EntityUid? entity = null;
        if (reader.Is(TokenKind.Slot))
        {
            var slot = reader.Take();
            if (!reader.TextOf(slot)[1..].SequenceEqual(variable))
                reader.Report(slot.Start, $"only the slot ?{variable} can stand here");
        }
        else if (reader.Is(TokenKind.OpenBracket))
        {
            reader.Fail(reader.Current.Start, "a list of entities can stand only after 'action in'");
        }
        else
        {
            headOffsets.Add(reader.Current.Start);
            entity = expressions.ParseEntity($"an entity like Type::\"id\", or ?{variable}");
        }

        Close(open);
        return entity;
    }

    private ImmutableArray<EntityUid> ParseActions()
    {
        var open = 0;
        while (reader.TryTake(TokenKind.OpenParenthesis))
            open++;

        if (!reader.TryTake(TokenKind.OpenBracket))
        {
            ImmutableArray<EntityUid> single = [ParseAction()];
            Close(open);
            return single;
        }

        var actions = ImmutableArray.CreateBuilder<EntityUid>();
        while (!reader.Is(TokenKind.CloseBracket) && !reader.Is(TokenKind.End))
        {
            actions.Add(ParseAction());
            if (!reader.Is(TokenKind.CloseBracket))
                reader.Expect(TokenKind.Comma, "',' or ']'");
        }

        reader.Expect(TokenKind.CloseBracket, "']'");
        Close(open);
        return actions.DrainToImmutable();
    }

    private EntityUid ParseAction()
    {
        var open = 0;
        while (reader.TryTake(TokenKind.OpenParenthesis))
            open++;

        var at = reader.Current.Start;
        if (reader.Is(TokenKind.Slot))
            reader.Fail(at, "an action cannot be a slot");

        headOffsets.Add(at);
        var action = expressions.ParseEntity("an action like Action::\"read\"");
        if (action.Type.Length > 0 && !Names.IsActionType(action.Type))
            reader.Report(at, $"the type of an action is Action, possibly in a namespace, not {action.Type}");

        Close(open);
        return action;
    }

    private void Close(int open)
    {
        for (; open > 0; open--)
            reader.Expect(TokenKind.CloseParenthesis, "')'");
    }

    private ImmutableArray<PolicyCondition> ParseConditions()
    {
        var conditions = ImmutableArray.CreateBuilder<PolicyCondition>();
        while (reader.Is(TokenKind.Identifier))
        {
            var isUnless = reader.IsWord("unless");
            if (!isUnless && !reader.IsWord("when"))
            {
                reader.Unexpected("'when', 'unless' or ';'");
                break;
            }

            var word = reader.Take();
            reader.Expect(TokenKind.OpenBrace, "'{'");
            if (reader.Is(TokenKind.CloseBrace))
                reader.Fail(word.Start, $"the '{(isUnless ? "unless" : "when")}' clause is empty");

            conditions.Add(new PolicyCondition(expressions.ParseExpression(), isUnless));
            reader.Expect(TokenKind.CloseBrace, "an operator or '}'");
        }

        return conditions.DrainToImmutable();
    }
}
