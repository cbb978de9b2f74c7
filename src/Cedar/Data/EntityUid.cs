using System.Diagnostics.CodeAnalysis;

namespace Assay.Cedar;

/// <summary>Names one entity: a type, possibly namespaced (<c>Assay::Workload</c>), and an identifier of any characters.</summary>
/// <param name="Type">The entity type: identifiers joined by <c>::</c>, without spaces.</param>
/// <param name="Id">The identifier within the type, unescaped.</param>
public readonly record struct EntityUid(string Type, string Id)
{
    /// <summary>Reads <c>Type::"id"</c>: no spaces, Cedar string escapes in the identifier.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out EntityUid uid)
    {
        uid = default;
        var quote = text is null ? -1 : text.IndexOf('"');
        if (quote < 3 || text![quote - 1] != ':' || text[quote - 2] != ':' || text.Length < quote + 2 || text[^1] != '"')
            return false;

        var type = text[..(quote - 2)];
        if (!Names.IsEntityType(type) || Escapes.FindEnd(text, quote) != text.Length || Escapes.TryUnescape(text.AsSpan(quote + 1, text.Length - quote - 2)) is not { } id)
            return false;

        uid = new EntityUid(type, id);
        return true;
    }

    /// <summary>Ordinal equality of both parts.</summary>
    public bool Equals(EntityUid other) => string.Equals(Id, other.Id) && string.Equals(Type, other.Type);

    /// <summary>Hashes the identifier only: types repeat, identifiers tell entities apart.</summary>
    public override int GetHashCode() => Id is null ? 0 : Id.GetHashCode() ^ ((Type?.Length ?? 0) * 31);

    /// <summary>The Cedar literal, <c>Type::"id"</c>, with the identifier escaped.</summary>
    public override string ToString() => $"{Type}::{Escapes.Quote(Id)}";
}
