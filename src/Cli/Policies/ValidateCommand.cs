using System.Collections.Immutable;
using System.CommandLine;
using Assay.Bundle;
using Assay.Cli.Output;

namespace Assay.Cli.Policies;

/// <summary><c>policy validate</c>: everything that is wrong with a bundle folder, without a server.</summary>
internal static class ValidateCommand
{
    private static readonly Argument<string> Folder = new("bundle") { Description = "The bundle's folder." };

    public static Command Create() => Commands
        .Of("validate", "Checks a bundle folder: policies, schema, identities, APIs, tests. Exit code 1 when there is a fault; warnings do not count. Asks no server.", Folder)
        .Runs(Run)
        .WithExamples("assay policy validate samples/quickstart", "assay policy validate ./bundle --output json");

    private static Task Run(Call call, CancellationToken cancellationToken)
    {
        var folder = call.Get(Folder);
        if (!Directory.Exists(folder))
            throw Failure.Usage($"{folder}: {(File.Exists(folder) ? "this is a file; a bundle is a folder" : "there is no such folder")}.");

        var reading = BundleReader.Read(folder);
        if (call.Screen.IsJson)
            call.Screen.Json(new ValidationView(reading.Faults.IsEmpty, [.. reading.Faults.Select(FaultView.Of)], [.. reading.Warnings.Select(FaultView.Of)], Counts(reading)));
        else
            Show(call.Screen, folder, reading);

        return reading.Faults.IsEmpty
            ? Task.CompletedTask
            : throw new Failure(ExitCode.Failed, $"{folder}: {LocalBundle.Count(reading.Faults.Length, "fault")}.");
    }

    private static void Show(Screen screen, string folder, BundleReading reading)
    {
        foreach (var fault in reading.Faults)
            screen.Line(Say.Data(fault.ToString()));
        foreach (var warning in reading.Warnings)
            screen.Line($"[yellow]warning:[/] {Say.Data(warning.ToString())}");
        if (Counts(reading) is { } counts)
        {
            screen.Line(
                $"{Say.Data(folder)}: no fault in {LocalBundle.Count(counts.Policies, "policy")}, {LocalBundle.Count(counts.Tests, "test")}, " +
                $"{LocalBundle.Count(counts.Identities, "identity")} and {LocalBundle.Count(counts.Apis, "API")}.");
        }
    }

    private static CountsView? Counts(BundleReading reading) =>
        reading.Declarations is not { } declared ? null
        : new CountsView(
            declared.Policies is null ? 0 : LocalBundle.Policies(reading, "").Policies.Policies.Length, reading.Tests.Length, declared.Identities.Length, declared.Apis.Length);

    private sealed record ValidationView(bool Valid, ImmutableArray<FaultView> Faults, ImmutableArray<FaultView> Warnings, CountsView? Counts);

    private sealed record CountsView(int Policies, int Tests, int Identities, int Apis);
}

/// <summary>A fault for programs.</summary>
/// <param name="Line">Absent when it is the file as a whole.</param>
internal sealed record FaultView(string Path, int? Line, int? Column, string Message)
{
    public static FaultView Of(BundleFault fault) =>
        new(fault.Path, fault.Line > 0 ? fault.Line : null, fault.Line > 0 ? fault.Column : null, fault.Message);
}
