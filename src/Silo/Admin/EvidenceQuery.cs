using System.Globalization;
using Assay.Silo.Evidence;

namespace Assay.Silo.Admin;

/// <summary>What calls that walk through the evidence are asked with.</summary>
internal static class EvidenceQuery
{
    private const int UsualLook = 20_000;
    private const int MostLook = 100_000;

    /// <summary>How many records to look at (<c>look</c>); null when that is no number within bounds.</summary>
    public static int? LookAt(this HttpContext context) =>
        !context.Request.Query.ContainsKey("look") ? UsualLook
        : int.TryParse(context.Query("look"), NumberStyles.None, CultureInfo.InvariantCulture, out var look) && look is >= 1 and <= MostLook ? look
        : null;

    public static IResult WrongLook() => Problems.BadQuery($"look must be a number from 1 to {MostLook}.");

    /// <summary>A moment (RFC 3339), or what counts without one; false when it is none.</summary>
    public static bool TryMoment(this HttpContext context, string name, DateTimeOffset usual, out DateTimeOffset moment)
    {
        moment = usual;
        return context.Query(name) is not { } text
            || DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out moment);
    }

    /// <summary>Where an earlier call stopped (<c>before</c>), null without one; false when it is no such place.</summary>
    public static bool TryCursor(this HttpContext context, out EvidenceCursor? cursor)
    {
        cursor = null;
        return context.Query("before") is not { } text || EvidenceCursor.TryParse(text, out cursor);
    }

    public static IResult WrongCursor() => Problems.BadQuery("before must be the next of an earlier answer.");
}
