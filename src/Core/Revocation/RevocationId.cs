using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Assay.Core.Revocation;

/// <summary>What a revocation ends tokens by.</summary>
public enum RevocationKind
{
    /// <summary>One token, by its <c>jti</c>.</summary>
    Jti,

    /// <summary>All tokens of an identity, by its id.</summary>
    Identity,

    /// <summary>All tokens that a credential obtained, by its handle.</summary>
    Credential,

    /// <summary>All tokens that a key signed, by its <c>kid</c>.</summary>
    Key,

    /// <summary>All tokens that a policy set decided, by its version.</summary>
    PolicyVersion,
}

/// <summary>
/// What is revoked. Its text is the id of the stored object, <c>kind:window:name</c>, so that a feed entry alone says everything a silo has to know.
/// </summary>
/// <param name="Name">1 to 512 characters.</param>
/// <param name="Window">Only tokens issued in it; null for all that were issued before the revocation.</param>
public sealed record RevocationId(RevocationKind Kind, string Name, IssueWindow? Window = null)
{
    public const int MaxNameLength = 512;

    private static readonly string[] Words = ["jti", "identity", "credential", "key", "policy-version"];

    public override string ToString() => $"{WordOf(Kind)}:{Window}:{Name}";

    /// <summary>How a kind is written, here and by people.</summary>
    public static string WordOf(RevocationKind kind) => Words[(int)kind];

    /// <summary>The kind that is written so; false when there is none.</summary>
    public static bool TryReadKind(ReadOnlySpan<char> word, out RevocationKind kind)
    {
        for (var i = 0; i < Words.Length; i++)
        {
            if (!word.SequenceEqual(Words[i]))
                continue;
            kind = (RevocationKind)i;
            return true;
        }

        kind = default;
        return false;
    }

    /// <summary>Reads the id of a stored object; false when it is none.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out RevocationId? id)
    {
        id = null;
        var colon = text.IndexOf(':');
        var second = colon < 0 ? -1 : text.IndexOf(':', colon + 1);
        if (second < 0
            || !TryReadKind(text.AsSpan(0, colon), out var kind)
            || text.Length - second - 1 is < 1 or > MaxNameLength
            || !IssueWindow.TryParse(text.AsSpan(colon + 1, second - colon - 1), out var window))
            return false;

        id = new RevocationId(kind, text[(second + 1)..], window);
        return true;
    }
}

/// <summary>A span of issue times. A token counts as issued in it when any moment of the second in its <c>iat</c> is.</summary>
/// <param name="Since">Seconds of Unix time, the first of the span; null since ever.</param>
/// <param name="Until">Seconds of Unix time, the first that is no longer in it; null up to the revocation.</param>
public sealed record IssueWindow(long? Since, long? Until)
{
    /// <summary>Of moments: grown to whole seconds, so that nothing that was meant is left out. Null when neither end is given.</summary>
    public static IssueWindow? Of(DateTimeOffset? since, DateTimeOffset? until) =>
        since is null && until is null
            ? null
            : new IssueWindow(since?.ToUnixTimeSeconds(), until is { } end ? end.ToUnixTimeSeconds() + (end.UtcTicks % TimeSpan.TicksPerSecond == 0 ? 0 : 1) : null);

    public bool Contains(long issuedAt) => !(issuedAt < Since) && !(issuedAt >= Until);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Since}-{Until}");

    internal static bool TryParse(ReadOnlySpan<char> text, out IssueWindow? window)
    {
        window = null;
        if (text.IsEmpty)
            return true;

        var dash = text.IndexOf('-');
        if (dash < 0 || text.Length == 1 || !TryReadSecond(text[..dash], out var since) || !TryReadSecond(text[(dash + 1)..], out var until))
            return false;
        window = new IssueWindow(since, until);
        return true;
    }

    private static bool TryReadSecond(ReadOnlySpan<char> text, out long? second)
    {
        second = null;
        if (text.IsEmpty)
            return true;
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var read))
            return false;
        second = read;
        return true;
    }
}
