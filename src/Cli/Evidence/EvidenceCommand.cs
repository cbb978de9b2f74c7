using System.CommandLine;
using System.Text;
using System.Text.Json;
using Assay.Cli.Admin;
using Assay.Cli.Connecting;
using Assay.Cli.Output;
using Assay.Core.Evidence;
using Assay.Core.Transparency;

namespace Assay.Cli.Evidence;

/// <summary><c>evidence verify|checkpoint|export|search|show|drop</c></summary>
internal static class EvidenceCommand
{
    private static readonly Option<FileInfo?> To = new("--to") { Description = "The file to write; standard output when not given. One that is there is not overwritten.", HelpName = "file" };
    private static readonly Option<string> Format = new("--format")
    {
        Description = "log: everything, as evidence verify reads it. ocsf: decisions and acts as events for a SIEM (OCSF 1.4), one a line.", HelpName = "log|ocsf", DefaultValueFactory = _ => "log",
    };

    private static readonly Option<string?> Before = new("--before") { Description = "What was recorded before this: a span (90d) or a moment, a day back at least.", HelpName = "when", Required = true };
    private static readonly Argument<string> Id = new("id") { Description = "A record's id, or the jti of a token." };

    public static Command Create() => Commands.Of(
        "evidence",
        "The evidence log: what it holds, whether it is whole, and copies of it.",
        VerifyCommand.Create(),
        Commands
            .Of("checkpoint", "Saves how far every shard has come, signed: keep it elsewhere, and hold the log to it later. Needs no credential.", To)
            .Runs(Checkpoint)
            .WithExamples("assay evidence checkpoint --to saved.txt", "assay evidence verify --checkpoint saved.txt"),
        Commands
            .Of("export", "The whole log as lines of JSON: a signed checkpoint, every batch, every record with its salt. Anybody can verify it without the server.", To, Format)
            .Runs(Export)
            .WithExamples("assay evidence export --to log.ndjson", "assay evidence export | gzip > log.ndjson.gz", "assay evidence export --format ocsf --to events.ndjson"),
        EvidenceViews.Of("search"),
        Commands
            .Of("show", "A record as it is stored, and the proof that it is in the log, checked here.", Id)
            .Runs(Show)
            .WithExamples("assay evidence show R9xq0Yp3o8kQvT1mZb2c4w"),
        Commands
            .Of("drop", "Drops records whose time is over. Their leaves stay, so the log verifies as before; that they were dropped is recorded.", Before)
            .Runs(Drop)
            .WithExamples("assay evidence drop --before 90d"));

    private static async Task Checkpoint(Call call, CancellationToken cancellationToken)
    {
        var note = await PublicLog.Checkpoint(call.Connection.Issuer(), cancellationToken);
        var text = note.ToString();
        if (call.Get(To) is not { } file)
        {
            call.Screen.Raw(text.TrimEnd('\n'));
            return;
        }

        await using (var stream = Create(file))
            await stream.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken);
        var saved = ClusterCheckpoint.Parse(note.Text);
        call.Screen.Line($"{Say.Data(file.ToString())}: {Say.Count(saved.Heads.Sum(head => head.Size))} records in {saved.Heads.Length} shards of {Say.Data(saved.Log)}.");
        foreach (var witness in saved.Cosigned.GroupBy(seen => seen.Signature.Name))
            call.Screen.Line($"Cosigned by {Say.Data(witness.Key)}: {Say.Count(witness.Sum(seen => seen.Size))} records in {witness.Count()} shards. [dim]Check it with: assay evidence verify --witness <its key>[/]");
    }

    private static async Task Export(Call call, CancellationToken cancellationToken)
    {
        var format = call.Get(Format);
        if (format is not ("log" or "ocsf"))
            throw Failure.Usage($"--format {format} is not log or ocsf.");
        using var api = await call.Admin("evidence.read", cancellationToken);
        await using var log = await api.Stream("evidence/export", cancellationToken);
        if (call.Get(To) is not { } file)
        {
            await using var output = Console.OpenStandardOutput();
            if (format == "ocsf")
                await OcsfExport.Write(log, output, cancellationToken);
            else
                await log.CopyToAsync(output, cancellationToken);
            return;
        }

        if (format == "ocsf")
        {
            await using var stream = Create(file);
            var events = await OcsfExport.Write(log, stream, cancellationToken);
            call.Screen.Line($"{Say.Data(file.ToString())}: {Say.Count(events)} events.");
            return;
        }

        long bytes;
        await using (var stream = Create(file))
        {
            await log.CopyToAsync(stream, cancellationToken);
            bytes = stream.Length;
        }

        call.Screen.Line($"{Say.Data(file.ToString())}: {Say.Count(bytes)} bytes. [dim]Check it with: assay evidence verify {Say.Data(file.ToString())}[/]");
    }

    private static async Task Show(Call call, CancellationToken cancellationToken)
    {
        var id = call.Get(Id);
        InclusionView proof;
        JsonElement answer;
        using (var api = await call.Admin("evidence.read", cancellationToken))
        {
            var got = await api.Get($"evidence/{Uri.EscapeDataString(id)}/proof", cancellationToken);
            (proof, answer) = (got.As<InclusionView>(), got.Root);
        }

        var keys = await PublicLog.Keys(call.Connection.Issuer(), proof.Shard, cancellationToken);
        if (Fault(proof, keys) is { } fault)
            throw new Failure(ExitCode.Failed, $"The record of '{id}' is not proved: {fault}.", "The silo, or what lies in its database, is not to be trusted. Run: assay evidence verify");
        if (call.Screen.IsJson)
        {
            call.Screen.Json(answer);
            return;
        }

        if (proof.Record is { } record)
            call.Screen.Raw(JsonSerializer.Serialize(JsonDocument.Parse(record).RootElement, JsonForm.Of(new JsonSerializerOptions { WriteIndented = true })));
        else
            call.Screen.Line("[yellow]The record was dropped when its time was over.[/]");
        call.Screen.Line($"[green]Proved[/]: position {proof.Position} of shard {proof.Shard}, in the signed tree of {Say.Count(proof.Size)} records.");
    }

    /// <summary>What does not hold of the proof; null when all does.</summary>
    private static string? Fault(InclusionView proof, IEnumerable<NoteKey> keys)
    {
        try
        {
            var note = SignedNote.Parse(proof.Checkpoint);
            var checkpoint = Core.Transparency.Checkpoint.Parse(note.Text);
            if (!note.IsSignedBy(keys, out _) || checkpoint.Size != proof.Size)
                return "its checkpoint is not signed by a key of the log";
            if (!TreeHash.TryParse(proof.Leaf, out var leaf))
                return "its leaf is no hash";
            if (proof.Record is { } record && (proof.Salt is not { } salt || EvidenceLeaf.Commit(Convert.FromBase64String(salt), Encoding.UTF8.GetBytes(record)) != leaf))
                return "the record does not fit its leaf";
            var path = proof.Path.Select(text => TreeHash.TryParse(text, out var hash) ? hash : throw new FormatException("a hash of the proof is none")).ToArray();
            return TreeProof.Includes(TreeHash.OfLeaf(leaf.ToArray()), proof.Position, proof.Size, checkpoint.Root, path) ? null : "the leaf is not in the signed tree";
        }
        catch (Exception fault) when (fault is FormatException or ArgumentException)
        {
            return fault.Message;
        }
    }

    private static async Task Drop(Call call, CancellationToken cancellationToken)
    {
        var before = Moment.SinceFrom(call.Get(Before), call.Now, "--before")!.Value;
        using var api = await call.Admin("evidence.drop", cancellationToken);

        var answer = await api.Post("evidence/drop", new { before }, cancellationToken);

        if (call.Screen.IsJson)
        {
            call.Screen.Json(answer.Root);
            return;
        }

        var done = answer.As<DropView>();
        call.Screen.Line($"{Say.Count(done.Dropped)} records from before {Say.Time(done.Before)} are dropped. Their proofs stay.");
    }

    private static FileStream Create(FileInfo file)
    {
        try
        {
            return new FileStream(file.FullName, FileMode.CreateNew, FileAccess.Write);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw Failure.Usage($"{file} cannot be written: {fault.Message}");
        }
    }
}
