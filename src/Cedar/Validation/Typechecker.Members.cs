using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>Attributes, tags, and the methods of the language.</summary>
internal sealed partial class Typechecker
{
    private const int LongestShownTarget = 60;

    private Answer CheckAttribute(AttributeExpr attribute, ImmutableHashSet<int> guards)
    {
        var target = Expect(Expected.EntityOrRecord, attribute.Target, guards);
        return Read(attribute.NameOffset, target, () => shapes.Of(attribute.Target), Shown(attribute.Target), attribute.Name, guards);
    }

    /// <summary>Reads an attribute of what has been checked: it is required, or a guard covers it.</summary>
    private Answer Read(int offset, Answer target, Func<int> shape, string? shown, string name, ImmutableHashSet<int> guards)
    {
        if (target.Type is not { } type)
            return Answer.Fault;

        if (!schema.Attributes(type).Attributes.TryGetValue(name, out var attribute))
        {
            ReportUnknown(offset, type, name);
            return Answer.Fault;
        }

        if (attribute.IsRequired || guards.Contains(shapes.AttributeGuard(shape(), name)))
            return Answer.Of(attribute.Type, target.Failed);

        var guard = StaticType.Shown(name);
        var advice = shown is null ? $"guard it by 'has {guard}' on the same expression" : $"guard it: {shown} has {guard} && {shown}{Step(name)} …";
        Report(ValidationFindingKind.UnguardedAttribute, offset, $"the attribute {guard} of {Owner(type)} is optional and may be missing here; {advice}");
        return Answer.Of(attribute.Type, failed: true);
    }

    private Answer CheckHas(HasExpr has, ImmutableHashSet<int> guards)
    {
        var target = Expect(Expected.EntityOrRecord, has.Target, guards, static type => type switch
        {
            StaticType.Set => "whether a set has an element is asked by contains",
            _ => type == StaticType.String ? "strings are matched by like" : null,
        });
        var shape = shapes.Of(has.Target);
        var shown = Shown(has.Target);
        var answer = Has(target, shape, has.Path[0], guards);
        for (var i = 1; i < has.Path.Length && answer.Type != StaticType.False; i++)
        {
            // a has b.c is a has b && a.b has c.
            var covered = guards.Union(answer.Learned);
            var (of, step) = (shape, has.Path[i - 1]);
            target = Read(has.Offset, target, () => of, shown, step, covered);
            if (target.Type is { } type && !Expected.EntityOrRecord.Holds(type))
            {
                ReportUnexpected(has, Expected.EntityOrRecord.Name, type, $"'has {StaticType.Shown(has.Path[i])}' asks it of {StaticType.Shown(step)}");
                target = Answer.Fault;
            }

            shape = shapes.Attribute(shape, step);
            shown = shown is null ? null : shown + Step(step);
            answer = Both(answer, Has(target, shape, has.Path[i], covered));
        }

        return answer;
    }

    private Answer Has(Answer target, int shape, string name, ImmutableHashSet<int> guards)
    {
        if (target.Type is not { } type)
            return Answer.Of(StaticType.Bool, failed: true);

        if (!schema.Attributes(type).Attributes.TryGetValue(name, out var attribute))
            return Answer.Of(schema.MayHave(type, name) ? StaticType.Bool : StaticType.False, target.Failed);

        // That an entity's attribute is required does not help when there is no such entity.
        var guard = shapes.AttributeGuard(shape, name);
        var isThere = guards.Contains(guard) || (attribute.IsRequired && type is StaticType.Record);
        return Answer.Of(isThere ? StaticType.True : StaticType.Bool, [guard], target.Failed);
    }

    private Answer CheckMethod(MethodExpr method, ImmutableHashSet<int> guards) => method.Method switch
    {
        BuiltInMethod.IsEmpty => Answer.Of(StaticType.Bool, Expect(Expected.Set, method.Target, guards, static type => type == StaticType.String ? "an empty string is == \"\"" : null).Failed),
        BuiltInMethod.HasTag or BuiltInMethod.GetTag => CheckTag(method, guards),
        _ => CheckContains(method, guards),
    };

    private Answer CheckContains(MethodExpr method, ImmutableHashSet<int> guards)
    {
        var set = Expect(Expected.Set, method.Target, guards, static type => type switch
        {
            StaticType.Entity => "whether an entity is in another is asked by in",
            StaticType.Record => "whether a record has an attribute is asked by has",
            _ => type == StaticType.String ? "strings are matched by like" : null,
        });
        if (method.Method == BuiltInMethod.Contains)
        {
            var element = Check(method.Argument!, guards);
            return Compared(method, set.Failed || element.Failed, (set.Type as StaticType.Set)?.Element, element.Type, "a set and what it contains have one type");
        }

        var other = Expect(Expected.Set, method.Argument!, guards, static _ => "a single element is asked for by contains");
        return Compared(method, set.Failed || other.Failed, set.Type, other.Type, "two sets that are compared have one type of elements");
    }

    private Answer CheckTag(MethodExpr method, ImmutableHashSet<int> guards)
    {
        var target = Expect(Expected.Entity, method.Target, guards);
        var name = Expect(Expected.String, method.Argument!, guards);
        var failed = target.Failed || name.Failed;
        if (target.Type is not StaticType.Entity entity)
            return Answer.Fault;

        var guard = shapes.TagGuard(shapes.Of(method.Target), shapes.Of(method.Argument!));
        var isGuarded = guards.Contains(guard);
        var tags = schema.Tags(entity);
        if (method.Method == BuiltInMethod.HasTag)
            return Answer.Of(tags.Count == 0 ? StaticType.False : isGuarded ? StaticType.True : StaticType.Bool, [guard], failed);

        if (failed)
            return Answer.Fault;

        if (tags.Count == 0)
        {
            Report(ValidationFindingKind.NoTags, method.Offset, $"{entity} declares no tags");
            return Answer.Fault;
        }

        if (!isGuarded)
        {
            var (of, tag) = (Shown(method.Target) ?? "…", (method.Argument as LiteralExpr)?.Value.ToString() ?? Shown(method.Argument!) ?? "…");
            Report(ValidationFindingKind.UnguardedTag, method.Offset, $"{entity} may lack this tag; guard it: {of}.hasTag({tag}) && {of}.getTag({tag}) …");
            return Answer.Fault;
        }

        return Joined(method, tags) is { } type ? Answer.Of(type) : Answer.Fault;
    }

    private StaticType? Joined(Expr at, List<StaticType> tags)
    {
        StaticType? joined = StaticType.Never;
        foreach (var tag in tags)
        {
            var before = joined;
            joined = TypeLattice.Join(before, tag, mode);
            if (joined is null)
            {
                ReportIncompatible(at, before, tag, "a tag has one type, whichever entity it is of");
                return null;
            }
        }

        return joined;
    }

    private void ReportUnknown(int offset, StaticType type, string name)
    {
        var known = schema.Attributes(type).Attributes.Keys;
        Report(ValidationFindingKind.UnknownAttribute, offset, schema.MayHave(type, name)
            ? $"not every {Owner(type)} has the attribute {StaticType.Shown(name)}, or not of one type"
            : $"{Owner(type)} has no attribute {StaticType.Shown(name)}{DidYouMean.Hint(name, known)}");
    }

    private string Owner(StaticType type) =>
        ReferenceEquals(type, schema.Context(environment.Action)) ? $"the context of {environment.Action.Uid}"
        : type is StaticType.Record ? $"the record {type}"
        : type.ToString();

    /// <summary>An expression as it was written, when it is a plain path.</summary>
    private static string? Shown(Expr expression)
    {
        var path = "";
        for (; expression is AttributeExpr attribute && path.Length < LongestShownTarget; expression = attribute.Target)
            path = Step(attribute.Name) + path;

        return expression is VariableExpr variable ? variable.Variable.ToString().ToLowerInvariant() + path : null;
    }

    private static string Step(string name) => StaticType.Shown(name) is var shown && shown == name ? $".{name}" : $"[{shown}]";
}
