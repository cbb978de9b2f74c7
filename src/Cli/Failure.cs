using System.Collections.Immutable;

namespace Assay.Cli;

/// <summary>Ends a command: what went wrong, the particulars, and what to do about it.</summary>
internal sealed class Failure(int exitCode, string message, string? advice = null, ImmutableArray<string> details = default) : Exception(message)
{
    public int Code { get; } = exitCode;

    public string? Advice { get; } = advice;

    public ImmutableArray<string> Details { get; } = details.IsDefault ? [] : details;

    public static Failure Usage(string message, string? advice = null) => new(ExitCode.Usage, message, advice);
}
