namespace Assay.Cli;

/// <summary>What a script can tell from the exit code alone.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>The server refused, or what was asked for failed.</summary>
    public const int Failed = 1;

    /// <summary>The command line, a file it names or a bundle is wrong.</summary>
    public const int Usage = 2;

    /// <summary>No server could be asked.</summary>
    public const int Unreachable = 3;

    /// <summary>It was done, and what was found does not pass: a threshold of <c>policy replay</c> was crossed.</summary>
    public const int Refused = 4;
}
