using Assay.Cedar;

namespace Assay.Cli.Connecting;

/// <summary>A role or team as people type it.</summary>
internal static class GroupName
{
    /// <summary><c>payments-reader</c> or <c>role:payments-reader</c>, <c>team:billing</c>, or a whole Cedar name: as that name.</summary>
    public static string ToUid(string text)
    {
        if (EntityUid.TryParse(text, out var whole))
            return whole.ToString();

        if (text.Contains("::", StringComparison.Ordinal) || text.Contains('"'))
            throw Failure.Usage($"'{text}' is not a role or team.", "Write payments-reader, team:billing, or a whole name: 'Assay::Role::\"payments-reader\"'.");

        return text.Split(':', 2) switch
        {
            ["role", { Length: > 0 } id] => new EntityUid("Assay::Role", id).ToString(),
            ["team", { Length: > 0 } id] => new EntityUid("Assay::Team", id).ToString(),
            [{ Length: > 0 } id] => new EntityUid("Assay::Role", id).ToString(),
            _ => throw Failure.Usage($"'{text}' is not a role or team.", "Write payments-reader, role:payments-reader or team:billing."),
        };
    }
}
