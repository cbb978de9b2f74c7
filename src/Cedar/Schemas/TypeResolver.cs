using System.Collections.Frozen;

namespace Assay.Cedar;

/// <summary>Resolves the names in types, writing common types out where they are used.</summary>
internal sealed class TypeResolver(DeclaredNames declared, SchemaFaults faults)
{
    private readonly Dictionary<string, Expansion?> expanded = new(StringComparer.Ordinal);
    private readonly List<string> underWay = [];

    /// <summary>Resolves every common type, used or not.</summary>
    public void ResolveCommonTypes()
    {
        foreach (var (name, (declaration, _)) in declared.CommonTypes)
            Expand(name, declaration.Name.Position, 0);
    }

    /// <summary>The type; null when a fault was reported.</summary>
    public CedarType? Resolve(TypeSyntax syntax, string? scope) => Resolve(syntax, scope, 0)?.Type;

    /// <summary>The record; null when a fault was reported, also that it is none. <paramref name="what"/> names its use.</summary>
    public CedarType.Record? ResolveRecord(TypeSyntax? syntax, string? scope, string what)
    {
        if (syntax is null)
            return CedarType.Record.Empty;

        var type = Resolve(syntax, scope);
        if (type is not (null or CedarType.Record))
            faults.Report(syntax.Position, $"{what} must be a record");

        return type as CedarType.Record;
    }

    /// <summary>The full name of an entity type that entities can have; null when a fault was reported.</summary>
    public string? ResolveEntityType(SchemaName name, string? scope)
    {
        if (Find(name.Text, scope, NameKind.Entity, name.Position) is not (var full, _))
            return null;

        if (declared.EntityTypes.ContainsKey(full))
            return full;

        faults.Report(name.Position, $"{full} is the type of actions, which are neither principals nor resources nor parents");
        return null;
    }

    private Expansion? Resolve(TypeSyntax syntax, string? scope, int depth)
    {
        if (depth > CedarLimits.SchemaTypeDepth)
            return TooDeep(syntax.Position);

        switch (syntax)
        {
            case TypeSyntax.Set set:
                return Resolve(set.Element, scope, depth + 1) is { } element
                    ? Bounded(new Expansion(new CedarType.Set(element.Type), element.Depth + 1, element.Size + 1), set.Position)
                    : null;

            case TypeSyntax.Record record:
                return ResolveAttributes(record, scope, depth);

            case TypeSyntax.Name name when Find(name.Path, scope, name.Kind, name.Position) is (var full, var isCommon):
                if (!isCommon)
                    return new Expansion(new CedarType.Entity(full), 0, 1);

                return SchemaNames.Builtin(full) is { } builtin ? new Expansion(builtin, 0, 1) : Expand(full, name.Position, depth + 1);

            default:
                return null;
        }
    }

    private Expansion? ResolveAttributes(TypeSyntax.Record record, string? scope, int depth)
    {
        var attributes = new Dictionary<string, AttributeType>(record.Attributes.Length, StringComparer.Ordinal);
        var (deepest, size, isWhole) = (0, 1L, true);
        foreach (var attribute in record.Attributes)
        {
            if (Resolve(attribute.Type, scope, depth + 1) is { } inner)
            {
                attributes[attribute.Name.Text] = new AttributeType(inner.Type, attribute.IsRequired);
                (deepest, size) = (Math.Max(deepest, inner.Depth + 1), size + inner.Size);
            }
            else
            {
                isWhole = false;
            }
        }

        return isWhole
            ? Bounded(new Expansion(new CedarType.Record(attributes.ToFrozenDictionary(StringComparer.Ordinal)), deepest, size), record.Position)
            : null;
    }

    private Expansion? Expand(string name, SourcePosition at, int depth)
    {
        if (expanded.TryGetValue(name, out var known))
            return known is { } ready ? Bounded(ready with { Depth = ready.Depth + 1 }, at) : null;

        if (underWay.IndexOf(name) is var begin and >= 0)
        {
            faults.Report(at, $"the common type {name} is made of itself: {string.Join(" of ", underWay.Skip(begin).Append(name))}");
            return null;
        }

        if (depth > CedarLimits.SchemaTypeDepth)
            return TooDeep(at);

        var (declaration, scope) = declared.CommonTypes[name];
        underWay.Add(name);
        var type = Resolve(declaration.Type, scope, depth);
        underWay.RemoveAt(underWay.Count - 1);
        expanded[name] = type;
        return type is { } found ? found with { Depth = found.Depth + 1 } : null;
    }

    private Expansion? Bounded(Expansion type, SourcePosition at)
    {
        if (type.Depth > CedarLimits.SchemaTypeDepth)
            return TooDeep(at);

        if (type.Size <= CedarLimits.SchemaTypeSize)
            return type;

        faults.Report(at, $"with all common types written out, this type has more than {CedarLimits.SchemaTypeSize} parts");
        return null;
    }

    private Expansion? TooDeep(SourcePosition at)
    {
        faults.Report(at, $"types nest deeper than {CedarLimits.SchemaTypeDepth}, common types included");
        return null;
    }

    // A name without namespace means one in the same namespace or, failing that, one outside of all. What is nearer wins over
    // what is a common type; in the same place a common type wins over an entity type.
    private (string FullName, bool IsCommon)? Find(string path, string? scope, NameKind kind, SourcePosition at)
    {
        var isBare = !path.Contains(':', StringComparison.Ordinal);
        if (scope is not null && isBare && Find(Names.Qualify(scope, path), kind) is { } near)
            return near;

        if (Find(path, kind) is { } found)
            return found;

        if (kind != NameKind.Entity && IsOpenBuiltin(path))
            return (SchemaNames.InFull(path), true);

        if (!faults.IsFull)
            faults.Report(at, new UndeclaredType(declared, path, scope, kind).Message);

        return null;
    }

    private (string FullName, bool IsCommon)? Find(string full, NameKind kind)
    {
        if (kind != NameKind.Entity && (declared.CommonTypes.ContainsKey(full) || SchemaNames.Builtin(full) is not null))
            return (full, true);

        return kind != NameKind.Common && (declared.EntityTypes.ContainsKey(full) || declared.ActionTypes.Contains(full)) ? (full, false) : null;
    }

    // A declaration of the same name outside of all namespaces hides a type of the language for good, whatever its kind.
    private bool IsOpenBuiltin(string path) =>
        SchemaNames.Builtins.ContainsKey(path) && !declared.CommonTypes.ContainsKey(path) && !declared.EntityTypes.ContainsKey(path);

    /// <summary>A type with how deep it nests and of how many parts it is made.</summary>
    private readonly record struct Expansion(CedarType Type, int Depth, long Size);
}
