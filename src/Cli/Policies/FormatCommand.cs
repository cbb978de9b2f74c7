using System.Collections.Immutable;
using System.CommandLine;
using System.Text;
using Assay.Cedar;
using Assay.Cli.Output;

namespace Assay.Cli.Policies;

/// <summary><c>policy fmt</c>: lays Cedar files out the one way. Every token and every comment stays.</summary>
internal static class FormatCommand
{
    private const string StandardInput = "-";
    private const string PolicyEnding = ".cedar";

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly Argument<string[]> Paths = new("path")
    {
        Description = "Bundle folders (their policies/*.cedar), folders of .cedar files, files; '-' lays out standard input.",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<bool> Check = new("--check") { Description = "Write nothing; name the files that would change, and exit with 1 when there is one." };

    public static Command Create() => Commands
        .Of("fmt", "Lays policies out the one way. Changes only blanks and line ends; comments stay. A schema is left as it is. Asks no server.", Paths, Check)
        .Runs(Run)
        .WithExamples("assay policy fmt samples/quickstart", "assay policy fmt policies/payments.cedar", "assay policy fmt ./bundle --check", "assay policy fmt - < payments.cedar");

    private static async Task Run(Call call, CancellationToken cancellationToken)
    {
        var paths = call.Get(Paths);
        var check = call.Get(Check);
        if (paths.Contains(StandardInput))
        {
            await FormatInput(call, paths, check, cancellationToken);
            return;
        }

        var files = paths.SelectMany(Files).Distinct(StringComparer.Ordinal).ToArray();
        var faults = ImmutableArray.CreateBuilder<string>();
        var changed = ImmutableArray.CreateBuilder<string>();
        foreach (var file in files)
        {
            var text = Read(file, faults);
            if (text is null || Laid(text, file, faults) is not { } laid || laid == text)
                continue;

            if (!check)
                Write(file, laid);
            changed.Add(file);
        }

        if (call.Screen.IsJson)
            call.Screen.Json(new FormatView(changed.ToImmutable(), files.Length - changed.Count - faults.Count, !check));
        else
            Show(call.Screen, changed, files.Length, check);
        if (faults.Count > 0)
            throw new Failure(ExitCode.Usage, $"{LocalBundle.Count(faults.Count, "file")} could not be laid out, and {(faults.Count == 1 ? "is" : "are")} as before.", null, faults.ToImmutable());
        if (check && changed.Count > 0)
            throw new Failure(ExitCode.Failed, $"{changed.Count} of {LocalBundle.Count(files.Length, "file")} would change.", "Lay them out: assay policy fmt");
    }

    private static async Task FormatInput(Call call, string[] paths, bool check, CancellationToken cancellationToken)
    {
        if (paths.Length > 1)
            throw Failure.Usage("'-' stands alone: its text is laid out to standard output.");

        var text = await Console.In.ReadToEndAsync(cancellationToken);
        var faults = ImmutableArray.CreateBuilder<string>();
        if (Laid(text, "(standard input)", faults) is not { } laid)
            throw new Failure(ExitCode.Usage, "The text could not be laid out.", null, faults.ToImmutable());
        if (check && laid != text)
            throw new Failure(ExitCode.Failed, "The text would change.");
        if (!check && laid != "")
            call.Screen.Raw(laid[..^1]);
    }

    private static IEnumerable<string> Files(string path)
    {
        if (File.Exists(path))
            return path.EndsWith(PolicyEnding, StringComparison.Ordinal) ? [path] : throw Failure.Usage($"{path} is no policy file.", "Policies end in .cedar.");
        if (!Directory.Exists(path))
            throw Failure.Usage($"{path}: there is no such file or folder.");

        var policies = Path.Combine(path, "policies");
        var files = Directory.GetFiles(Directory.Exists(policies) ? policies : path, $"*{PolicyEnding}").Where(file => !Path.GetFileName(file).StartsWith('.'));
        return files.Order(StringComparer.Ordinal).ToArray() is { Length: > 0 } found ? found : throw Failure.Usage($"{path} has no policies.", "They lie in policies/*.cedar.");
    }

    private static string? Read(string file, ImmutableArray<string>.Builder faults)
    {
        try
        {
            return StrictUtf8.GetString(File.ReadAllBytes(file));
        }
        catch (DecoderFallbackException)
        {
            faults.Add($"{file}: this is not UTF-8; save the file as UTF-8");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            faults.Add($"{file}: the file cannot be read: {fault.Message}");
        }

        return null;
    }

    private static string? Laid(string text, string file, ImmutableArray<string>.Builder faults)
    {
        // A byte order mark is no part of the text, and is not written again.
        var format = PolicyFormatter.Format(text.TrimStart('\ufeff'), file);
        if (format.Text is null)
            faults.Add(string.Join("\n  ", format.Faults.Select(fault => fault.ToString())));
        return format.Text;
    }

    private static void Write(string file, string text)
    {
        try
        {
            File.WriteAllText(file, text, StrictUtf8);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new Failure(ExitCode.Failed, $"{file} cannot be written: {fault.Message}");
        }
    }

    private static void Show(Screen screen, IReadOnlyCollection<string> changed, int files, bool check)
    {
        foreach (var file in changed)
            screen.Line(Say.Data(file));
        if (!check)
            screen.Line($"[dim]{changed.Count} of {LocalBundle.Count(files, "file")} laid out anew.[/]");
    }

    private sealed record FormatView(ImmutableArray<string> Changed, int Unchanged, bool Written);
}
