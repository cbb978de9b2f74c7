using System.Collections.Immutable;

namespace Assay.Cedar;

/// <summary>Reads the Cedar syntax of schemas (grammar: Schema, Namespace, Decl, Entity, Action, TypeDecl).</summary>
internal sealed partial class SchemaParser
{
    private static readonly string[] Keywords = ["entity", "action", "type", "namespace"];

    private readonly TokenReader reader;
    private readonly List<Scope> scopes = [];

    // Braces open within the declaration being read, so that recovery can tell its braces from that of the namespace.
    private int openBraces;

    public SchemaParser(string text, string source) => reader = new TokenReader(text, source, isSchema: true);

    public SchemaFragmentParse Parse()
    {
        while (!reader.IsDone)
        {
            if (reader.Is(TokenKind.CloseBrace))
                reader.Report(reader.Take().Start, "this '}' closes nothing");
            else
                ParseItem();

            reader.RecoverDeclaration(openBraces);
        }

        return reader.HasFaults
            ? new SchemaFragmentParse(null, reader.Faults())
            : new SchemaFragmentParse(new SchemaFragment([.. scopes.Select(scope => scope.ToNamespace())]), []);
    }

    private void ParseItem()
    {
        openBraces = 0;
        var annotations = reader.TakeAnnotations(out _);
        if (reader.IsWord("namespace"))
            ParseNamespace(annotations);
        else
            ParseDeclaration(Unnamed(), annotations);
    }

    private Scope Unnamed()
    {
        if (scopes.Find(scope => scope.Name is null) is { } unnamed)
            return unnamed;

        scopes.Add(new Scope(null, ImmutableDictionary<string, string>.Empty));
        return scopes[^1];
    }

    private void ParseNamespace(IReadOnlyDictionary<string, string> annotations)
    {
        reader.Take();
        var at = reader.Current.Start;
        var name = ParsePath("the name of a namespace");
        if (SchemaNames.WhyNotNamespace(name.Text) is { } fault)
            reader.Report(at, fault);
        else if (scopes.Find(scope => scope.Name?.Text == name.Text) is { Name: { } first })
            reader.Report(at, $"the namespace {name} is opened twice; it begins at {first.Position}");

        reader.Expect(TokenKind.OpenBrace, "'{'");
        var scope = new Scope(name, annotations);
        scopes.Add(scope);
        while (!reader.Is(TokenKind.CloseBrace) && !reader.Is(TokenKind.End))
        {
            if (reader.IsWord("namespace"))
            {
                reader.Report(reader.Current.Start, $"the namespace {name} is not closed; one namespace cannot stand within another, write A::B");
                return;
            }

            openBraces = 0;
            ParseDeclaration(scope, reader.TakeAnnotations(out _));
            reader.RecoverDeclaration(openBraces);
        }

        reader.Expect(TokenKind.CloseBrace, "a declaration or '}'");
        openBraces = 0;
    }

    private void ParseDeclaration(Scope scope, IReadOnlyDictionary<string, string> annotations)
    {
        if (reader.TryTakeWord("entity"))
            scope.Declarations.Add(ParseEntity(scope, annotations));
        else if (reader.TryTakeWord("action"))
            scope.Declarations.Add(ParseAction(scope, annotations));
        else if (reader.TryTakeWord("type"))
            scope.Declarations.Add(ParseCommonType(scope, annotations));
        else if (reader.Is(TokenKind.Identifier))
            reader.Fail(reader.Current.Start, $"'{reader.TextOf(reader.Current)}' begins no declaration; expected {Expected(scope)}{DidYouMean.Hint(reader.TextOf(reader.Current).ToString(), Keywords)}");
        else
            reader.Unexpected(Expected(scope));

        reader.Expect(TokenKind.Semicolon, "';'");
    }

    private static string Expected(Scope scope) => scope.Name is null ? "'entity', 'action', 'type' or 'namespace'" : "'entity', 'action', 'type' or '}'";

    private SchemaDeclaration.CommonType ParseCommonType(Scope scope, IReadOnlyDictionary<string, string> annotations)
    {
        var at = reader.Current.Start;
        var name = ParseIdentifier("the name of a common type");
        Declare(at, name, scope.CommonTypes, SchemaNames.WhyNotCommonType(name.Text), "common type");
        reader.Expect(TokenKind.SingleEqual, "'='");
        return new SchemaDeclaration.CommonType(name, ParseType(0), annotations);
    }

    private SchemaDeclaration ParseEntity(Scope scope, IReadOnlyDictionary<string, string> annotations)
    {
        var names = ParseNames(() =>
        {
            var at = reader.Current.Start;
            var name = ParseIdentifier("the name of an entity type");
            Declare(at, name, scope.EntityTypes, SchemaNames.WhyNotEntityType(name.Text), "entity type");
            return name;
        });

        if (reader.TryTakeWord("enum"))
            return new SchemaDeclaration.EnumeratedType(names, ParseIds(), annotations);

        ImmutableArray<SchemaName> parents = reader.TryTakeWord("in") ? ParseTypeNames() : [];
        TypeSyntax? shape = null;
        var hasEquals = reader.TryTake(TokenKind.SingleEqual);
        if (reader.Is(TokenKind.OpenBrace))
            shape = ParseRecord(0);
        else if (hasEquals && reader.Is(TokenKind.Identifier))
            reader.Fail(reader.Current.Start, "the attributes of an entity type are written out in braces; they cannot be a common type");
        else if (hasEquals)
            reader.Unexpected("'{'");

        var tags = reader.TryTakeWord("tags") ? ParseType(0) : null;
        if (!reader.Is(TokenKind.Semicolon))
            reader.Unexpected(tags is not null ? "';'" : shape is not null ? "'tags' or ';'" : parents.IsEmpty ? "'in', 'enum', '{', 'tags' or ';'" : "'{', 'tags' or ';'");

        return new SchemaDeclaration.EntityType(names, parents, shape, tags, annotations);
    }

    private ImmutableArray<string> ParseIds()
    {
        reader.Expect(TokenKind.OpenBracket, "'['");
        var ids = ImmutableArray.CreateBuilder<string>();
        do
        {
            ids.Add(reader.Unescape(reader.Expect(TokenKind.String, "an identifier in quotes")));
        }
        while (reader.TryTake(TokenKind.Comma));

        reader.Expect(TokenKind.CloseBracket, "',' or ']'");
        return ids.DrainToImmutable();
    }

    private SchemaDeclaration.Action ParseAction(Scope scope, IReadOnlyDictionary<string, string> annotations)
    {
        var names = ParseNames(() =>
        {
            var at = reader.Current.Start;
            var name = ParseName("the name of an action, or a string");
            Declare(at, name, scope.Actions, null, "action");
            return name;
        });

        ImmutableArray<ActionReference> groups = reader.TryTakeWord("in") ? ParseGroups() : [];
        ActionApplication? application = null;
        if (reader.TryTakeWord("appliesTo"))
            application = ParseApplication(names[0]);

        if (reader.TryTakeWord("attributes"))
        {
            reader.Expect(TokenKind.OpenBrace, "'{'");
            reader.Expect(TokenKind.CloseBrace, "'}' (actions have no attributes)");
        }

        if (!reader.Is(TokenKind.Semicolon))
            reader.Unexpected(application is not null ? "';'" : groups.IsEmpty ? "'in', 'appliesTo' or ';'" : "'appliesTo' or ';'");

        return new SchemaDeclaration.Action(names, groups, application, annotations);
    }

    private ImmutableArray<ActionReference> ParseGroups()
    {
        if (!reader.TryTake(TokenKind.OpenBracket))
            return [ParseGroup()];

        var groups = ImmutableArray.CreateBuilder<ActionReference>();
        do
        {
            groups.Add(ParseGroup());
        }
        while (reader.TryTake(TokenKind.Comma));

        reader.Expect(TokenKind.CloseBracket, "',' or ']'");
        return groups.DrainToImmutable();
    }

    private ActionReference ParseGroup()
    {
        var at = reader.Current.Start;
        var position = reader.PositionOf(at);
        if (reader.Is(TokenKind.String))
            return new ActionReference(null, reader.Unescape(reader.Take()), position);

        var path = ParsePath("the name of an action, or a string", out var id);
        if (id is null && path.Text.Contains("::", StringComparison.Ordinal))
            reader.Report(at, $"an action of another namespace is written with its type and in quotes: {path.Text[..path.Text.LastIndexOf("::", StringComparison.Ordinal)]}::Action::\"{Names.Basename(path.Text)}\"");

        return id is null ? new ActionReference(null, path.Text, position) : new ActionReference(path.Text, id, position);
    }

    private ImmutableArray<SchemaName> ParseNames(Func<SchemaName> parse)
    {
        var names = ImmutableArray.CreateBuilder<SchemaName>();
        do
        {
            names.Add(parse());
        }
        while (reader.TryTake(TokenKind.Comma));

        return names.DrainToImmutable();
    }

    private void Declare(int at, SchemaName name, Dictionary<string, SchemaName> declared, string? fault, string noun)
    {
        if (fault is not null)
            reader.Report(at, fault);
        else if (!declared.TryAdd(name.Text, name))
            reader.Report(at, $"the {noun} {Escapes.Quote(name.Text)} is declared twice; the first is at {declared[name.Text].Position}");
    }

    /// <summary>A namespace being read.</summary>
    private sealed class Scope(SchemaName? name, IReadOnlyDictionary<string, string> annotations)
    {
        public SchemaName? Name { get; } = name;

        public List<SchemaDeclaration> Declarations { get; } = [];

        public Dictionary<string, SchemaName> CommonTypes { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, SchemaName> EntityTypes { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, SchemaName> Actions { get; } = new(StringComparer.Ordinal);

        public SchemaNamespace ToNamespace() => new(Name, [.. Declarations], annotations);
    }
}
