using Assay.Bundle;
using Assay.Core.Policies;

namespace Assay.Cli.Policies;

/// <summary>Bundle folders as commands take them.</summary>
internal static class LocalBundle
{
    /// <summary>The bundle of a folder without any fault.</summary>
    /// <param name="undone">What a fault prevented: <c>nothing was applied</c>.</param>
    /// <exception cref="Failure">Wrong usage, with every fault, when there is one.</exception>
    public static BundleReading Read(string folder, string undone)
    {
        var reading = BundleReader.Read(folder);
        return reading.Declarations is not null
            ? reading
            : throw new Failure(ExitCode.Usage, $"{folder}: {Count(reading.Faults.Length, "fault")}, {undone}.", null, [.. reading.Faults.Select(fault => fault.ToString())]);
    }

    /// <summary>The policies of a bundle that was read, ready to decide.</summary>
    public static LoadedPolicySet Policies(BundleReading reading, string folder) =>
        reading.Declarations!.Policies is { } document
            ? LoadedPolicySet.Load(document).Set! // reading it checked it
            : throw Failure.Usage($"{folder} has no policies.", "They lie in policies/*.cedar.");

    /// <summary><c>1 fault</c>, <c>2 faults</c>, <c>2 policies</c></summary>
    public static string Count(int count, string noun) =>
        count == 1 ? $"1 {noun}" : noun.EndsWith('y') ? $"{count} {noun[..^1]}ies" : $"{count} {noun}s";
}
