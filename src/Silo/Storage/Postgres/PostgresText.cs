using System.Buffers;
using System.Text;

namespace Assay.Silo.Storage.Postgres;

/// <summary>
/// PostgreSQL keeps no NUL and no half of a surrogate pair. Nothing can be stored under such a name, so nothing is there; a reason or an actor, which
/// people write, has them replaced.
/// </summary>
internal static class PostgresText
{
    public static bool CanBe(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (!IsWhole(name))
                return false;
        }

        return true;
    }

    /// <summary>As much of a name as can be stored. Nothing that is stored comes between it and the whole.</summary>
    public static string Start(string name)
    {
        var end = 0;
        while (end < name.Length && Rune.DecodeFromUtf16(name.AsSpan(end), out var rune, out var length) == OperationStatus.Done && rune.Value != 0)
            end += length;
        return name[..end];
    }

    public static string Legible(string text) => IsWhole(text)
        ? text
        : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Replace('\0', '\uFFFD'); // UTF-8 replaces the halves

    private static bool IsWhole(string text) => Start(text).Length == text.Length;
}
