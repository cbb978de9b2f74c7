using Assay.Cli.Admin;
using Assay.Cli.Output;

namespace Assay.Cli.Explaining;

/// <summary>The first line of an explanation: what the token is.</summary>
internal static class FindingLine
{
    private const string Attacker = "Treat whoever presents it as an attacker.";

    public static void Show(Screen screen, FindingView finding) =>
        screen.Line($"[bold {Color(finding)}] {Say.Data(Name(finding))} [/] {Say.Data(finding.Because)}{(finding.Life == "ended" && AdviceOn(finding) is null ? "; it was ended before its time" : "")}.");

    public static string Name(FindingView finding) => finding.Class switch
    {
        "allowed" => "ALLOWED",
        "allowed-on-old-data" => "ALLOWED ON OLD DATA",
        "denied-now" => "DENIED NOW, STILL LIVE",
        "not-repeated" => "RECORD DOES NOT HOLD",
        "forged" => "FORGED",
        "minted-around" => "MINTED AROUND THE CONTROLS",
        "no-record" => "NO RECORD",
        "unknown" => "UNKNOWN",
        "unknown-key" => "NOT OUR KEY",
        "dropped" => "RECORD DROPPED",
        var other => other,
    };

    /// <summary>What to do about a token that no decision stands behind; null when one does.</summary>
    public static string? AdviceOn(FindingView finding) => finding.Class switch
    {
        "forged" when finding.IsRecorded == false => $"{Attacker} What the record says about the real token is above.",
        "forged" or "no-record" or "unknown-key" => Attacker,
        "minted-around" => $"{Attacker} Withdraw the key: assay contain key <kid>. The jti key and the key-encryption key may be known to others too.",
        "not-repeated" => "Keep this database as it is, and run: assay evidence verify",
        "unknown" => "Was the database restored? Until that is known, take it for forged.",
        _ => null,
    };

    private static string Color(FindingView finding) => finding.Class switch
    {
        "allowed" => "black on green",
        "allowed-on-old-data" or "denied-now" or "dropped" => "black on yellow",
        _ => "white on red",
    };
}
