using System.Collections.Immutable;
using System.Text;

namespace Assay.Cedar;

/// <content>Types, names and what stands in braces (grammar: Type, RecType, AttrDecls, AppDecls, Path, Name).</content>
internal sealed partial class SchemaParser
{
    private static readonly string[] Applications = ["principal", "resource", "context"];

    private TypeSyntax ParseType(int depth)
    {
        if (depth > CedarLimits.SchemaTypeDepth)
            reader.Fail(reader.Current.Start, $"types nest deeper than {CedarLimits.SchemaTypeDepth}");

        if (reader.Is(TokenKind.OpenBrace))
            return ParseRecord(depth);

        if (reader.IsWord("Set") && reader.IsFollowedBy(TokenKind.Less))
        {
            var position = reader.PositionOf(reader.Take().Start);
            reader.Take();
            var element = ParseType(depth + 1);
            reader.Expect(TokenKind.Greater, "'>'");
            return new TypeSyntax.Set(element, position);
        }

        var name = ParsePath("a type");
        return new TypeSyntax.Name(name.Text, NameKind.EntityOrCommon, name.Position);
    }

    private TypeSyntax.Record ParseRecord(int depth)
    {
        var position = reader.PositionOf(reader.Current.Start);
        Open();
        var attributes = ImmutableArray.CreateBuilder<AttributeSyntax>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (!reader.Is(TokenKind.CloseBrace) && !reader.Is(TokenKind.End))
        {
            var annotations = reader.TakeAnnotations(out _);
            var at = reader.Current.Start;
            var name = ParseName("the name of an attribute, or a string");
            if (!seen.Add(name.Text))
                reader.Report(at, $"the attribute {Escapes.Quote(name.Text)} is declared twice");

            var isRequired = !reader.TryTake(TokenKind.Question);
            reader.Expect(TokenKind.Colon, isRequired ? "'?' or ':'" : "':'");
            attributes.Add(new AttributeSyntax(name, ParseType(depth + 1), isRequired, annotations));
            if (!reader.Is(TokenKind.CloseBrace))
                reader.Expect(TokenKind.Comma, "',' or '}'");
        }

        Close("an attribute or '}'");
        return new TypeSyntax.Record(attributes.DrainToImmutable(), position);
    }

    private ActionApplication ParseApplication(SchemaName action)
    {
        var start = reader.Current.Start;
        ImmutableArray<SchemaName>? principals = null, resources = null;
        TypeSyntax? context = null;
        Open();
        while (!reader.Is(TokenKind.CloseBrace) && !reader.Is(TokenKind.End))
        {
            var (at, word) = (reader.Current.Start, reader.TextOf(reader.Current).ToString());
            if (!Applications.Contains(word))
            {
                if (reader.Is(TokenKind.Identifier))
                    reader.Fail(at, $"'{word}' is no part of appliesTo; expected 'principal', 'resource' or 'context'{DidYouMean.Hint(word, Applications)}");
                else
                    reader.Unexpected("'principal', 'resource' or 'context'");
                break;
            }

            reader.Take();
            reader.Expect(TokenKind.Colon, "':'");
            if (word switch { "principal" => principals is not null, "resource" => resources is not null, _ => context is not null })
                reader.Report(at, $"'{word}' is given twice");

            if (word == "context")
                context = ParseContext();
            else if (word == "principal")
                principals = ParseSome(word);
            else
                resources = ParseSome(word);

            if (!reader.Is(TokenKind.CloseBrace))
                reader.Expect(TokenKind.Comma, "',' or '}'");
        }

        Close("'principal', 'resource', 'context' or '}'");
        if (principals is null || resources is null)
            reader.Report(start, $"appliesTo of the action {Escapes.Quote(action.Text)} names no '{(principals is null ? "principal" : "resource")}'; leave appliesTo out when it applies to nothing");

        return new ActionApplication(principals ?? [], resources ?? [], context);
    }

    private TypeSyntax ParseContext()
    {
        if (reader.Is(TokenKind.OpenBrace))
            return ParseRecord(0);

        var name = ParsePath("a record or the name of a common type");
        return new TypeSyntax.Name(name.Text, NameKind.Common, name.Position);
    }

    private ImmutableArray<SchemaName> ParseSome(string word)
    {
        var at = reader.Current.Start;
        var types = ParseTypeNames();
        if (types.IsEmpty)
            reader.Report(at, $"'{word}' names no type; leave appliesTo out when the action applies to nothing");

        return types;
    }

    private ImmutableArray<SchemaName> ParseTypeNames()
    {
        if (!reader.TryTake(TokenKind.OpenBracket))
            return [ParsePath("an entity type or '['")];

        var names = ImmutableArray.CreateBuilder<SchemaName>();
        if (!reader.TryTake(TokenKind.CloseBracket))
        {
            do
            {
                names.Add(ParsePath("an entity type"));
            }
            while (reader.TryTake(TokenKind.Comma));

            reader.Expect(TokenKind.CloseBracket, "',' or ']'");
        }

        return names.DrainToImmutable();
    }

    private SchemaName ParseName(string what)
    {
        if (!reader.Is(TokenKind.String))
            return ParseIdentifier(what);

        var literal = reader.Take();
        return new SchemaName(reader.Unescape(literal), reader.PositionOf(literal.Start));
    }

    private SchemaName ParsePath(string what)
    {
        var start = reader.Current.Start;
        var path = ParsePath(what, out var id);
        if (id is not null)
            reader.Report(start, $"expected {what}, not an entity");

        return path;
    }

    /// <summary>A path, or, with <paramref name="id"/>, an entity.</summary>
    private SchemaName ParsePath(string what, out string? id)
    {
        id = null;
        var first = ParseIdentifier(what);
        if (!reader.Is(TokenKind.DoubleColon))
            return first;

        var path = new StringBuilder(first.Text);
        while (id is null && reader.TryTake(TokenKind.DoubleColon))
        {
            if (reader.Is(TokenKind.String))
                id = reader.Unescape(reader.Take());
            else
                path.Append("::").Append(ParseIdentifier("a name").Text);
        }

        return first with { Text = path.ToString() };
    }

    private SchemaName ParseIdentifier(string what)
    {
        var token = reader.Expect(TokenKind.Identifier, what);
        if (token.Kind != TokenKind.Identifier)
            return new SchemaName("", reader.PositionOf(token.Start));

        var name = reader.TextOf(token).ToString();
        if (Names.IsKeyword(name))
            reader.Report(token.Start, $"'{name}' is reserved; only actions and attributes can have that name, written in quotes: \"{name}\"");

        return new SchemaName(name, reader.PositionOf(token.Start));
    }

    private void Open()
    {
        if (reader.Expect(TokenKind.OpenBrace, "'{'").Kind == TokenKind.OpenBrace)
            openBraces++;
    }

    private void Close(string what)
    {
        if (reader.Expect(TokenKind.CloseBrace, what).Kind == TokenKind.CloseBrace)
            openBraces--;
    }
}
