namespace Assay.Cedar;

/// <summary>
/// Bounds on what is accepted from outside. Everything that recurses in this library is bounded by one of them, so no input can
/// exhaust the stack.
/// </summary>
public static class CedarLimits
{
    /// <summary>Length of one policy or schema text, in UTF-16 code units.</summary>
    public const int PolicyTextLength = 4 * 1024 * 1024;

    /// <summary>Length of one policy set in JSON, in UTF-16 code units.</summary>
    public const int PolicyJsonLength = 4 * PolicyTextLength;

    /// <summary>How deep an expression may nest: parentheses, sets, records, calls, <c>if</c> and member chains each count one.</summary>
    public const int ExpressionDepth = 200;

    /// <summary>Faults reported for one policy or schema text before the rest is left unread.</summary>
    public const int PolicyFaults = 100;

    /// <summary>How deep a type in a schema may nest, counting sets, records and the use of a common type.</summary>
    public const int SchemaTypeDepth = 64;

    /// <summary>Parts of one type in a schema once all common types in it are written out: its attributes, elements and itself.</summary>
    public const int SchemaTypeSize = 100_000;

    /// <summary>Entity types, common types and actions in one schema.</summary>
    public const int SchemaDeclarations = 50_000;

    /// <summary>Steps from parent to parent it takes to find all ancestors of all entity types, or of all actions, of one schema.</summary>
    public const int SchemaHierarchySteps = 5_000_000;

    /// <summary>Errors, and as many warnings, reported for one policy; any further ones are left out.</summary>
    public const int PolicyFindings = 100;

    /// <summary>How deep a value in JSON may nest.</summary>
    public const int ValueDepth = 64;

    /// <summary>Entities in one <see cref="Entities"/>, its base layers included.</summary>
    public const int EntityCount = 1_000_000;

    /// <summary>Parents named directly by one entity.</summary>
    public const int ParentCount = 10_000;

    /// <summary>Steps on the longest way from an entity to an ancestor.</summary>
    public const int HierarchyDepth = 100;
}
