namespace Assay.Cedar;

/// <summary>Words the fault that a name in a type names nothing there.</summary>
internal readonly struct UndeclaredType(DeclaredNames declared, string path, string? scope, NameKind kind)
{
    private static readonly Dictionary<string, string> OtherLanguages = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Boolean"] = "Bool",
        ["Int"] = "Long",
        ["Integer"] = "Long",
        ["Number"] = "Long",
        ["Text"] = "String",
        ["Date"] = "datetime",
        ["Time"] = "datetime",
        ["Ip"] = "ipaddr",
    };

    public string Message
    {
        get
        {
            var noun = kind switch { NameKind.Common => "common type", NameKind.Entity => "entity type", _ => "type" };
            if (kind == NameKind.Entity && IsDeclared(declared.CommonTypes.ContainsKey))
                return $"{path} is a common type; here stands an entity type";

            if (kind == NameKind.Common && IsDeclared(declared.EntityTypes.ContainsKey))
                return $"{path} is an entity type; here stands a record or a common type";

            return $"there is no {noun} {path}{Hint}";
        }
    }

    private string Hint
    {
        get
        {
            if (kind != NameKind.Entity && OtherLanguages.TryGetValue(path, out var ours))
                return $" (did you mean '{ours}'?)";

            return DidYouMean.Hint(path, Candidates()) is { Length: > 0 } hint ? hint : InAnotherNamespace();
        }
    }

    private bool IsDeclared(Predicate<string> isDeclared) => isDeclared(path) || (scope is not null && isDeclared($"{scope}::{path}"));

    private IEnumerable<string> Candidates()
    {
        IEnumerable<string> names = kind switch
        {
            NameKind.Common => declared.CommonTypes.Keys,
            NameKind.Entity => declared.EntityTypes.Keys,
            _ => declared.CommonTypes.Keys.Concat(declared.EntityTypes.Keys),
        };
        var prefix = $"{scope}::";
        var near = scope is null ? [] : names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Select(name => name[prefix.Length..]);
        return near.Concat(kind == NameKind.EntityOrCommon ? SchemaNames.Builtins.Keys.Order(StringComparer.Ordinal) : []).Concat(names);
    }

    private string InAnotherNamespace()
    {
        var bare = path;
        return Candidates().FirstOrDefault(name => Names.Basename(name).SequenceEqual(bare)) is { } found ? $" (did you mean '{found}'?)" : "";
    }
}
