using System.Collections.Immutable;
using System.CommandLine;
using Assay.Cli.Output;
using Assay.Core.Transparency;

namespace Assay.Cli.Evidence;

/// <summary><c>evidence verify</c>: is the log whole, and the one that somebody saw before?</summary>
internal static class VerifyCommand
{
    private static readonly Argument<FileInfo?> File = new("file")
    {
        Description = "An export (evidence export); '-' reads it from standard input. Without one, the log of the server as it is now.", Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<FileInfo[]> Saved = new("--checkpoint")
    {
        Description = "A checkpoint that was saved before (evidence checkpoint): the log has to be a continuation of it. May be given several times.", HelpName = "file",
    };

    private static readonly Option<string[]> Witness = new("--witness")
    {
        Description = "The key of a witness (name+id+base64): its cosignatures are checked, and there have to be some. May be given several times.", HelpName = "key",
    };

    public static Command Create() => Commands
        .Of(
            "verify",
            "Checks every record against its leaf, every batch, every root, every signature, what shards say of each other, and saved checkpoints. Names the first fault and its place. Exit code 1 when there is one.",
            File,
            Saved,
            Witness)
        .Runs(Run)
        .WithExamples("assay evidence verify --checkpoint saved.txt", "assay evidence verify log.ndjson --checkpoint saved.txt", "zcat log.ndjson.gz | assay evidence verify -");

    private static async Task Run(Call call, CancellationToken cancellationToken)
    {
        var saved = (call.Get(Saved) ?? []).Select(file => PublicLog.Read(Text(file), file.ToString())).ToArray();
        var witnesses = (call.Get(Witness) ?? []).Select(Key).ToImmutableArray();
        var source = call.Get(File);
        var started = call.Clock.GetTimestamp();
        LogReport report;
        if (source is not null)
        {
            await using var stream = source.ToString() == "-" ? Console.OpenStandardInput() : Open(source);
            report = await Check(call, stream, source.ToString(), saved, witnesses, cancellationToken);
        }
        else
        {
            using var api = await call.Admin("evidence.read", cancellationToken);
            await using var stream = await api.Stream("evidence/export", cancellationToken);
            report = await Check(call, stream, call.Connection.Issuer().ToString(), saved, witnesses, cancellationToken);
        }

        Show(call, report, call.Clock.GetElapsedTime(started));
    }

    private static async Task<LogReport> Check(Call call, Stream stream, string from, SignedNote[] saved, ImmutableArray<WitnessKey> witnesses, CancellationToken cancellationToken)
    {
        var reader = LogExport.Read(stream);
        try
        {
            var verifier = new LogVerifier(await reader.ReadHead(cancellationToken), saved) { Witnesses = witnesses };
            using var progress = new Progress(call.Clock);
            while (await reader.Next(cancellationToken) is { } batch)
            {
                verifier.Add(batch);
                progress.At(verifier.Records);
            }

            return verifier.End(reader.IsWhole);
        }
        catch (FormatException fault)
        {
            throw new Failure(ExitCode.Failed, $"{from} cannot be verified: {fault.Message}.");
        }
        catch (Exception fault) when (fault is IOException or HttpRequestException)
        {
            throw new Failure(ExitCode.Failed, $"{from} could not be read to its end: {fault.Message}");
        }
    }

    private static void Show(Call call, LogReport report, TimeSpan elapsed)
    {
        if (call.Screen.IsJson)
        {
            call.Screen.Json(new
            {
                intact = report.IsIntact,
                records = report.Records,
                batches = report.Batches,
                droppedRecords = report.DroppedRecords,
                vouchedHeads = report.Vouched,
                seconds = Math.Round(elapsed.TotalSeconds, 3),
                shards = report.Heads.Select(head => new { shard = head.Shard, size = head.Size, root = head.Root.ToString() }),
                dropped = report.Dropped,
                faults = report.Faults,
                remarks = report.Remarks,
            });
        }
        else
        {
            foreach (var range in report.Dropped)
                call.Screen.Line($"Dropped: shard {range.Shard}, positions {range.First} to {range.Last}, recorded from {Say.Time(range.From)} to {Say.Time(range.Until)}.");
            foreach (var remark in report.Remarks)
                call.Screen.Line($"[yellow]{Say.Data(remark)}[/]");
        }

        if (!report.IsIntact)
        {
            throw new Failure(
                ExitCode.Failed, $"The log is not intact. {report.Faults[0]}.", "Keep this database and the saved checkpoint as they are: they are the proof.",
                [.. report.Faults.Skip(1).Select(fault => fault.ToString())]);
        }

        if (!call.Screen.IsJson)
        {
            call.Screen.Line(
                $"[green]Intact[/]: {Say.Count(report.Records)} records in {Say.Count(report.Batches)} batches and {report.Heads.Length} shards; {Say.Count(report.Vouched)} roots written down by other shards hold.");
        }

        call.Screen.Note($"{Say.Span(elapsed)}, {Say.Count((long)(report.Records / Math.Max(elapsed.TotalSeconds, 0.001)))} records/s");
    }

    private static WitnessKey Key(string text)
    {
        try
        {
            return WitnessKey.Parse(text);
        }
        catch (FormatException fault)
        {
            throw Failure.Usage($"--witness: {fault.Message}.");
        }
    }

    private static FileStream Open(FileInfo file)
    {
        try
        {
            return new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, useAsync: false);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw Failure.Usage($"{file} cannot be read: {fault.Message}");
        }
    }

    private static string Text(FileInfo file)
    {
        try
        {
            return System.IO.File.ReadAllText(file.FullName);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw Failure.Usage($"{file} cannot be read: {fault.Message}");
        }
    }

    /// <summary>A line on the terminal that is written over each second; nothing anywhere else.</summary>
    private sealed class Progress(TimeProvider clock) : IDisposable
    {
        private readonly bool isShown = !Console.IsErrorRedirected;
        private readonly long started = clock.GetTimestamp();
        private long last = clock.GetTimestamp();
        private bool wrote;

        public void At(long records)
        {
            if (!isShown || clock.GetElapsedTime(last) < TimeSpan.FromSeconds(1))
                return;
            last = clock.GetTimestamp();
            wrote = true;
            Console.Error.Write($"\r{Say.Count(records)} records, {Say.Count((long)(records / clock.GetElapsedTime(started).TotalSeconds))}/s  ");
        }

        public void Dispose()
        {
            if (wrote)
                Console.Error.Write("\r" + new string(' ', 60) + "\r");
        }
    }
}
