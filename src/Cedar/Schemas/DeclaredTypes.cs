namespace Assay.Cedar;

/// <summary>The types one fragment declares, and how a reference to one is written so that it is read as the same.</summary>
internal sealed class DeclaredTypes
{
    private readonly HashSet<string> commonTypes = new(StringComparer.Ordinal);
    private readonly HashSet<string> entityTypes = new(StringComparer.Ordinal);
    private readonly HashSet<string> basenames = new(StringComparer.Ordinal);

    public DeclaredTypes(SchemaFragment fragment)
    {
        foreach (var space in fragment.Namespaces)
        {
            foreach (var declaration in space.Declarations.Where(declaration => declaration is not SchemaDeclaration.Action))
            {
                foreach (var name in declaration.Names)
                {
                    (declaration is SchemaDeclaration.CommonType ? commonTypes : entityTypes).Add(Names.Qualify(space.Name?.Text, name.Text));
                    basenames.Add(name.Text);
                }
            }
        }
    }

    /// <summary>A name as the Cedar syntax writes it.</summary>
    /// <exception cref="CedarDataException">That syntax would read it as a type of the other kind.</exception>
    public string Written(TypeSyntax.Name name, string? scope)
    {
        if (name.Kind == NameKind.EntityOrCommon)
            return name.Path;

        if (SchemaNames.Builtin(name.Path) is not null && Names.Basename(name.Path).ToString() is var builtin)
            return basenames.Contains(builtin) ? name.Path : builtin;

        if (IsRead(name.Path, scope) is { } read && read != name.Kind)
        {
            throw new CedarDataException(read == NameKind.Common
                ? $"{name.Position}: the entity type {name.Path} has the name of a common type; the Cedar syntax can only mean that"
                : $"{name.Position}: the common type {name.Path} has the name of an entity type; the Cedar syntax can only mean that");
        }

        return name.Path;
    }

    private NameKind? IsRead(string path, string? scope)
    {
        if (scope is not null && !path.Contains(':', StringComparison.Ordinal) && Declared($"{scope}::{path}") is { } near)
            return near;

        return Declared(path) ?? (SchemaNames.Builtins.ContainsKey(path) ? NameKind.Common : null);
    }

    private NameKind? Declared(string path) =>
        commonTypes.Contains(path) ? NameKind.Common : entityTypes.Contains(path) ? NameKind.Entity : null;
}
