using System.Collections.Frozen;

namespace Assay.Cedar;

/// <summary>Names with a meaning of their own in schemas.</summary>
internal static class SchemaNames
{
    /// <summary>The types of the language by name. A schema may write them <c>Long</c>, or <c>__cedar::Long</c> where a declaration hides that.</summary>
    public static readonly FrozenDictionary<string, CedarType> Builtins = new Dictionary<string, CedarType>
    {
        ["Bool"] = new CedarType.Bool(),
        ["Long"] = new CedarType.Long(),
        ["String"] = new CedarType.String(),
        ["decimal"] = new CedarType.Extension(ExtensionType.Decimal),
        ["ipaddr"] = new CedarType.Extension(ExtensionType.IpAddr),
        ["datetime"] = new CedarType.Extension(ExtensionType.Datetime),
        ["duration"] = new CedarType.Extension(ExtensionType.Duration),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    // The JSON syntax gives these a meaning in the place of a common type's name.
    private static readonly FrozenSet<string> Keywords =
        FrozenSet.Create(StringComparer.Ordinal, "Bool", "Boolean", "Entity", "Extension", "Long", "Record", "Set", "String");

    /// <summary>The type of the language of that name, written in full.</summary>
    public static CedarType? Builtin(string path) =>
        path.StartsWith(InternalPrefix, StringComparison.Ordinal) ? Builtins.GetValueOrDefault(path[InternalPrefix.Length..]) : null;

    /// <summary>Writes a type of the language in full.</summary>
    public static string InFull(string builtin) => InternalPrefix + builtin;

    /// <summary>Why nothing may be declared by this name; null when it may.</summary>
    public static string? WhyNotDeclared(string name) =>
        name == Names.Internal ? $"the name {Names.Internal} is reserved for the language" : null;

    /// <summary>Why a common type may not have this name; null when it may.</summary>
    public static string? WhyNotCommonType(string name) =>
        Keywords.Contains(name) ? $"a common type cannot be named {name}, which has a meaning in the JSON syntax" : WhyNotDeclared(name);

    /// <summary>Why an entity type may not have this name; null when it may.</summary>
    public static string? WhyNotEntityType(string name) =>
        name == Names.ActionType ? "no entity type can be named Action: that is the type of actions, which are declared with 'action'" : WhyNotDeclared(name);

    /// <summary>Why a namespace may not have this name; null when it may.</summary>
    public static string? WhyNotNamespace(string path) =>
        path.Split("::").Contains(Names.Internal) ? $"the namespace {Names.Internal} is reserved for the language" : null;

    private const string InternalPrefix = $"{Names.Internal}::";
}
