namespace Assay.Grains.Policies;

/// <summary>What the change log says of a change of policy: what was done, and after it the reason in the words of whoever did it.</summary>
internal static class PolicyReasons
{
    public const string Stored = "policy set stored";
    public const string Activated = "policy set activated";
    public const string RolledBack = "policy set rolled back";
    public const string Shadowed = "policy set shadowed";
    public const string ShadowEnded = "policy shadow ended";

    private const string Between = ": ";

    private static readonly string[] Known = [Stored, Activated, RolledBack, Shadowed, ShadowEnded];

    public static string Of(string what, string? reason) => reason is null ? what : what + Between + reason;

    /// <summary>What was done and the reason; of a change that was no change of policy alone (a bundle, the built-in objects), its whole text as what was done.</summary>
    public static (string What, string? Reason) Read(string text)
    {
        foreach (var what in Known)
        {
            if (text.StartsWith(what, StringComparison.Ordinal) && (text.Length == what.Length || text.AsSpan(what.Length).StartsWith(Between)))
                return (what, text.Length == what.Length ? null : text[(what.Length + Between.Length)..]);
        }

        return (text, null);
    }
}
