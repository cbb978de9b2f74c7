using System.Globalization;
using System.Text;

namespace Assay.Cedar;

/// <summary>
/// Goes over everything a policy names, also where it is never evaluated: entity types, actions and enumerated entities must be
/// declared, and texts should be what they look like. Notes which variables the conditions use.
/// </summary>
internal sealed class NameCheck(SchemaTypes schema, FindingLog log)
{
    private const int MostShownIds = 10;

    private readonly HashSet<Variable> used = [];

    /// <summary>Whether the conditions use a variable.</summary>
    public bool Uses(Variable variable) => used.Contains(variable);

    public void CheckHead(PolicyBody body, ScopeConstraint principal, ScopeConstraint resource)
    {
        var named = 0;
        foreach (var constraint in (ReadOnlySpan<ScopeConstraint>)[principal, body.Action, resource])
        {
            switch (constraint)
            {
                case ScopeConstraint.Equal equal:
                    CheckEntity(Next(), equal.Entity);
                    break;
                case ScopeConstraint.In contained:
                    foreach (var entity in contained.Entities)
                        CheckEntity(Next(), entity);
                    break;
                case ScopeConstraint.Is test:
                    CheckType(Next(), test.Type);
                    break;
                case ScopeConstraint.IsInSlot test:
                    CheckType(Next(), test.Type);
                    break;
                case ScopeConstraint.IsIn test:
                    CheckType(Next(), test.Type);
                    CheckEntity(Next(), test.Entity);
                    break;
            }
        }

        int Next() => named < body.HeadOffsets.Length ? body.HeadOffsets[named++] : body.Start;
    }

    public void CheckConditions(PolicyBody body)
    {
        foreach (var condition in body.Conditions)
            Visit(condition.Body);
    }

    public void CheckType(int offset, string type)
    {
        if (!schema.IsEntityType(type))
            log.Add(ValidationFindingKind.UnknownEntityType, offset, $"the schema declares no entity type {type}{MeantType(type)}");
    }

    private void CheckEntity(int offset, EntityUid entity)
    {
        CheckName(offset, entity.Id);
        CheckType(offset, entity.Type);
        if (Names.IsActionType(entity.Type))
        {
            if (!schema.IsKnown(entity))
                log.Add(ValidationFindingKind.UnknownAction, offset, $"the schema declares no action {entity}{MeantAction(entity)}");
        }
        else if (schema.Schema.EntityTypes.TryGetValue(entity.Type, out var type) && type.EnumeratedIds is { } ids && !ids.Contains(entity.Id))
        {
            var all = string.Join(", ", ids.Take(MostShownIds).Select(Escapes.Quote)) + (ids.Length > MostShownIds ? ", …" : "");
            log.Add(ValidationFindingKind.UnknownEntityId, offset, $"{entity} is not among the enumerated entities of {entity.Type}: {all}{DidYouMean.Hint(entity.Id, ids)}");
        }
    }

    private string MeantType(string type)
    {
        var name = LastPart(type);
        var elsewhere = schema.Schema.EntityTypes.Keys.Where(known => LastPart(known) == name).Order(StringComparer.Ordinal).FirstOrDefault();
        return elsewhere is null ? DidYouMean.Hint(type, schema.Schema.EntityTypes.Keys) : $" (did you mean '{elsewhere}'?)";
    }

    private string MeantAction(EntityUid action)
    {
        var id = schema.Actions.Any(known => known.Uid.Id == action.Id) ? action.Id : DidYouMean.Nearest(action.Id, schema.Actions.Select(known => known.Uid.Id));
        return schema.Actions.FirstOrDefault(known => known.Uid.Id == id) is { } meant ? $" (did you mean '{meant.Uid}'?)" : "";
    }

    private static string LastPart(string name) => name[(name.LastIndexOf(':') + 1)..];

    private void Visit(Expr expression)
    {
        switch (expression)
        {
            case LiteralExpr { Value: EntityValue entity }:
                CheckEntity(expression.Offset, entity.Value);
                break;
            case LiteralExpr { Value: StringValue text }:
                CheckText(expression.Offset, text.Value);
                break;
            case VariableExpr variable:
                used.Add(variable.Variable);
                break;
            case AttributeExpr attribute:
                CheckName(expression.Offset, attribute.Name);
                break;
            case HasExpr has:
                foreach (var name in has.Path)
                    CheckName(expression.Offset, name);
                break;
            case LikeExpr like:
                foreach (var part in like.Pattern.Parts)
                    CheckText(expression.Offset, part ?? "");
                break;
            case IsExpr test:
                CheckType(expression.Offset, test.Type);
                break;
            case RecordExpr record:
                foreach (var name in record.Names)
                    CheckName(expression.Offset, name);
                break;
        }

        foreach (var part in Parts(expression))
            Visit(part);
    }

    private static Expr[] Parts(Expr expression) => expression switch
    {
        AndExpr and => and.Operands,
        OrExpr or => or.Operands,
        NotExpr not => [not.Operand],
        NegateExpr negate => [negate.Operand],
        IfExpr choice => [choice.Condition, choice.Then, choice.Otherwise],
        CompareExpr compare => [compare.Left, compare.Right],
        InExpr contained => [contained.Left, contained.Right],
        ArithmeticExpr sum => sum.Operands,
        AttributeExpr attribute => [attribute.Target],
        HasExpr has => [has.Target],
        LikeExpr like => [like.Target],
        IsExpr test => test.Ancestor is null ? [test.Target] : [test.Target, test.Ancestor],
        MethodExpr method => method.Argument is null ? [method.Target] : [method.Target, method.Argument],
        CallExpr call => call.Arguments,
        SetExpr set => set.Elements,
        RecordExpr record => record.Values,
        _ => [],
    };

    private bool CheckText(int offset, string text)
    {
        if (!text.Any(IsDirectionControl))
            return true;

        log.Add(ValidationFindingKind.DirectionControl, offset, $"{Escaped(text)} has control characters for the direction of text and looks other than it is");
        return false;
    }

    private void CheckName(int offset, string name)
    {
        if (CheckText(offset, name) && name.EnumerateRunes().Any(IsInvisible))
            log.Add(ValidationFindingKind.InvisibleCharacter, offset, $"the name {Escaped(name)} has a character that cannot be seen");
    }

    // U+202A to U+202E and U+2066 to U+2069 (Unicode Standard Annex 9, explicit directional formatting).
    private static bool IsDirectionControl(char c) => c is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');

    private static bool IsInvisible(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;

    private static string Escaped(string text)
    {
        var shown = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsInvisible(rune))
                shown.Append(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:x}}}");
            else
                shown.Append(rune);
        }

        return shown.Append('"').ToString();
    }
}
