using System.CommandLine;

namespace Assay.Cli;

/// <summary>Options every command takes.</summary>
internal static class GlobalOptions
{
    static GlobalOptions() => Output.AcceptOnlyFromAmong("text", "json");

    public static Option<string?> Data { get; } = new("--data")
    {
        Description = "Folder of a silo on this machine: its address and the bootstrap credential are read there. ASSAY_DATA, or .assay, when not given.",
        HelpName = "folder",
        Recursive = true,
    };

    public static Option<string?> Server { get; } = new("--server")
    {
        Description = "Issuer URL of a server elsewhere. The credential then comes from ASSAY_CLIENT_ID and ASSAY_CLIENT_KEY_FILE or ASSAY_CLIENT_SECRET_FILE.",
        HelpName = "url",
        Recursive = true,
    };

    public static Option<string> Output { get; } = new("--output", "-o")
    {
        Description = "text for people, json for programs.",
        HelpName = "text|json",
        Recursive = true,
        DefaultValueFactory = _ => "text",
    };
}
