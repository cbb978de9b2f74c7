using System.Collections.Immutable;
using Assay.Cedar;
using Assay.Core.Registry;

namespace Assay.Core.Policies;

/// <summary>
/// The schema of a set: Assay's own part, the actions made from APIs, and what the author adds. The author may declare Assay's entity types anew; the built-in
/// attributes stay theirs, whether the author repeats them or not, so that a later Assay can add one.
/// </summary>
internal sealed class SetSchema
{
    /// <summary>The name that positions in the author's part carry.</summary>
    public const string AuthorSource = "schema.cedarschema";

    private static readonly string[] LanguageTypes = ["Bool", "Long", "String", "decimal", "ipaddr", "datetime", "duration"];

    private readonly ImmutableArray<PolicyFault>.Builder faults;
    private readonly Dictionary<string, SchemaDeclaration.EntityType> replaced = new(StringComparer.Ordinal);

    private SetSchema(ImmutableArray<PolicyFault>.Builder faults) => this.faults = faults;

    /// <summary>The schema; null when a fault was added to <paramref name="faults"/>.</summary>
    /// <param name="author">What the author wrote; null for nothing.</param>
    /// <param name="actions">What <see cref="ActionDeclarations"/> made.</param>
    public static Schema? Of(string? author, string actions, ImmutableArray<PolicyFault>.Builder faults)
    {
        var before = faults.Count;
        var schema = new SetSchema(faults).Of(author, actions);
        return faults.Count == before ? schema : null;
    }

    private Schema? Of(string? author, string actions)
    {
        var own = Parse(author ?? "", AuthorSource);
        var made = Parse(actions, ActionDeclarations.Source);
        if (own is null || made is null)
            return null;

        foreach (var space in own.Namespaces)
            Check(space);
        if (faults.Count > 0)
            return null; // what resolving would say of these names leads astray

        var resolved = Schema.Of([WithBuiltInAttributes(own), made, BuiltInWithout(replaced.Keys)]);
        faults.AddRange(resolved.Faults);
        if (resolved.Schema is not { } schema)
            return null;

        foreach (var (name, declaration) in replaced)
            CheckReplacement(name, declaration, schema);
        foreach (var space in own.Namespaces.Where(space => space.Name is null))
            CheckActions(space, schema);
        return schema;
    }

    private SchemaFragment? Parse(string text, string source)
    {
        var parsed = SchemaFragment.Parse(text, source);
        faults.AddRange(parsed.Faults);
        return parsed.Fragment;
    }

    /// <summary>Names that are Assay's, or would change what names in Assay's part mean.</summary>
    private void Check(SchemaNamespace space)
    {
        if (space.Name is { } name && name.Text.StartsWith(BuiltInSchema.Namespace + "::", StringComparison.Ordinal))
            Add(name, $"the namespace {name} is kept for Assay itself; choose a name of your own");

        foreach (var declaration in space.Declarations)
        {
            foreach (var declared in declaration.Names)
            {
                if (space.Name?.Text == BuiltInSchema.Namespace)
                    CheckInAssay(declaration, declared);
                else if (space.Name is null && declaration is not SchemaDeclaration.Action)
                    CheckOutside(declared);
            }
        }
    }

    private void CheckInAssay(SchemaDeclaration declaration, SchemaName name)
    {
        if (declaration is SchemaDeclaration.EntityType entity && BuiltInSchema.Replaceable.Contains(name.Text))
            replaced.TryAdd(name.Text, entity);
        else if (declaration is SchemaDeclaration.EnumeratedType && BuiltInSchema.Replaceable.Contains(name.Text))
            Add(name, $"Assay::{name} cannot be an enumeration: bundles and calls say which ones there are; write 'entity {name} … {{ … }};'");
        else if (declaration is SchemaDeclaration.CommonType && name.Text == BuiltInSchema.ContextName)
            Add(name, "Assay::Context is what Assay puts into every request and cannot be declared anew; take this out (docs/policy.md prints it)");
        else
            Add(name, $"the namespace Assay is kept for Assay itself, of which only the entity types {string.Join(", ", BuiltInSchema.Replaceable)} may be declared anew{DidYouMean.Hint(name.Text, BuiltInSchema.Replaceable)}; move '{name}' into a namespace of your own");
    }

    private void CheckOutside(SchemaName name)
    {
        if (LanguageTypes.Contains(name.Text))
            Add(name, $"'{name}' is a type of the language; choose another name");
        else if (BuiltInSchema.Replaceable.Contains(name.Text))
            Add(name, $"'{name}' is the name of Assay::{name}; to declare that type anew write it within 'namespace Assay {{ … }}', else choose another name");
        else if (name.Text == BuiltInSchema.ContextName)
            Add(name, "'Context' is the name of Assay::Context; choose another name");
    }

    private SchemaFragment WithBuiltInAttributes(SchemaFragment own) =>
        replaced.Count == 0 ? own : SchemaFragment.Of(
        [
            .. own.Namespaces.Select(space => space.Name?.Text != BuiltInSchema.Namespace ? space : space with
            {
                Declarations = [.. space.Declarations.SelectMany(WithBuiltInAttributes)],
            }),
        ]);

    private static IEnumerable<SchemaDeclaration> WithBuiltInAttributes(SchemaDeclaration declaration)
    {
        // One by one: a declaration of several names may have Assay's attributes in only some of them.
        foreach (var name in declaration.Names)
        {
            var entity = (SchemaDeclaration.EntityType)declaration;
            var shape = entity.Shape as TypeSyntax.Record ?? new TypeSyntax.Record([], name.Position);
            var missing = BuiltInAttributes(name.Text).Where(builtIn => shape.Attributes.All(attribute => attribute.Name.Text != builtIn.Name.Text));
            yield return entity with { Names = [name], Shape = shape with { Attributes = [.. shape.Attributes, .. missing] } };
        }
    }

    private static ImmutableArray<AttributeSyntax> BuiltInAttributes(string name) => (BuiltInSchema.Declaration(name).Shape as TypeSyntax.Record)?.Attributes ?? [];

    private static SchemaFragment BuiltInWithout(IReadOnlyCollection<string> names)
    {
        if (names.Count == 0)
            return BuiltInSchema.Fragment;

        var space = BuiltInSchema.Fragment.Namespaces[0];
        return SchemaFragment.Of([space with { Declarations = [.. space.Declarations.Select(Left).OfType<SchemaDeclaration>()] }]);

        SchemaDeclaration? Left(SchemaDeclaration declaration)
        {
            if (declaration is not SchemaDeclaration.EntityType entity)
                return declaration;
            var left = entity.Names.RemoveAll(name => names.Contains(name.Text));
            return left.IsEmpty ? null : entity with { Names = left };
        }
    }

    private void CheckReplacement(string name, SchemaDeclaration.EntityType declaration, Schema schema)
    {
        var type = schema.EntityTypes[$"{BuiltInSchema.Namespace}::{name}"];
        var at = declaration.Names.First(declared => declared.Text == name);
        if (name is "Workload" or "Person" && !(type.ParentTypes.Contains(EntityTypes.Role) && type.ParentTypes.Contains(EntityTypes.Team)))
            Add(at, $"Assay::{name} must stay a member of roles and teams; write 'entity {name} in [Role, Team] …'");

        foreach (var builtIn in BuiltInAttributes(name))
        {
            var written = (declaration.Shape as TypeSyntax.Record)?.Attributes.FirstOrDefault(attribute => attribute.Name.Text == builtIn.Name.Text);
            if (written is not null && type.Attributes.Attributes[builtIn.Name.Text].Type is not CedarType.String)
                Add(written.Name, $"Assay sets '{builtIn.Name}' of every Assay::{name} itself, to text; write '{builtIn.Name}?: String', or leave it out: it is there anyway");
        }
    }

    private void CheckActions(SchemaNamespace space, Schema schema)
    {
        foreach (var declaration in space.Declarations.OfType<SchemaDeclaration.Action>())
        {
            var action = schema.Actions[new EntityUid(EntityTypes.Action, declaration.Names[0].Text)];
            if (action.PrincipalTypes.Count > 0 && action.ResourceTypes.Count > 0 && action.Context != BuiltInSchema.Context)
                Add(declaration.Names[0], $"the action {action.Uid} must have 'context: Assay::Context' in its appliesTo, for that is what every request brings along");
        }
    }

    private void Add(SchemaName at, string message) => faults.Add(new PolicyFault(at.Position, message));
}
