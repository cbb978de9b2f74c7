using System.Globalization;
using System.Text;
using Assay.Core.Evidence;
using Assay.Core.Transparency;
using Assay.Grains.Authority;
using Assay.Silo.Admin.Wire;
using Assay.Silo.Evidence;
using Assay.Silo.Transparency;

namespace Assay.Silo.Admin;

/// <summary>The evidence log as a whole: exported, proved, and cut to the time for which it is kept.</summary>
internal static class LogAdminEndpoints
{
    private const int BatchesPerDrop = 500;

    /// <summary>What may still be needed: tokens that are out, assertions that were spent.</summary>
    private static readonly TimeSpan AlwaysKept = TimeSpan.FromDays(1);

    public static void MapLogAdmin(this RouteGroupBuilder admin)
    {
        admin.MapGet("/evidence/export", Export).Needs(AdminScopes.EvidenceRead).WithTags("evidence")
            .WithSummary("The whole log as lines of JSON, as assay evidence verify reads it.")
            .WithDescription("A signed checkpoint of all shards first, then every batch with its leaves, and its records with their salts.").Produces(200, contentType: LogExport.MediaType);
        admin.MapGet("/evidence/{id}/proof", Proof).Needs(AdminScopes.EvidenceRead).WithTags("evidence")
            .WithSummary("A record as it is stored, with the proof that it is in the log.").Produces<InclusionAnswer>().ProducesProblem(404);
        admin.MapPost("/evidence/drop", Drop).Needs(AdminScopes.EvidenceDrop).WithTags("evidence")
            .WithSummary("Drops the records that were committed before a moment; the proofs of what was there stay.")
            .WithDescription("The moment lies a day back at least.").Accepts<DropQuestion>("application/json").Produces<DropAnswer>().ProducesProblem(422);
    }

    private static async Task<IResult> Export(HttpContext context, ILogStore store, LogWatch watch, SiloView silo)
    {
        var heads = await store.Heads(null, context.RequestAborted);
        if (silo.Current is not { } view || watch.Note(view, heads) is not { } checkpoint)
            return Problems.Unavailable("There is no key to sign a checkpoint with at the moment.");
        context.Response.ContentType = LogExport.MediaType;
        await EvidenceExport.Write(store, heads, checkpoint, context.Response.BodyWriter, context.RequestAborted);
        return Results.Empty;
    }

    private static async Task<IResult> Proof(string id, HttpContext context, JtiCodec names, ILogStore store, TreeTiles tiles, CheckpointSigner signer)
    {
        if (!names.TryDecode(id, out var place))
            return Problems.NotFound($"'{id}' was not made by this cluster: a token that carries it is forged, or from elsewhere.");
        var head = (await store.Heads([place.Shard], context.RequestAborted)).FirstOrDefault(head => head.Shard == place.Shard);
        if (head is null || place.Position >= head.Size)
            return Problems.NotFound($"There is no record of '{id}'. No token is let out without its record: one that carries it is forged, or was minted around the controls.");
        if (head.Root is not { } root)
            return Problems.NotFound($"The record of '{id}' was written before the log had proofs.");
        var signature = head.Signature.Length > 4 ? head.Signature : signer.Sign(new ShardHead(place.Shard, head.Size, root));
        if (signature.IsEmpty)
            return Problems.Unavailable("There is no key to sign a checkpoint with at the moment.");

        var batch = (await store.Batches(place.Shard, place.Position, 1, context.RequestAborted))[0];
        var at = (int)(place.Position - batch.FirstPosition);
        var record = LoggedBatch.Split(batch.Payload) is { } records && at < records.Length ? records[at] : (ReadOnlyMemory<byte>?)null;
        var leaf = (await tiles.Entries(place.Shard, place.Position, 1, context.RequestAborted))[0];
        var path = await tiles.Hashes(place.Shard, TreeProof.Inclusion(place.Position, head.Size), context.RequestAborted);
        return AdminJson.Ok(new InclusionAnswer(
            id, place.Shard, place.Position, head.Size,
            record is null ? null : Convert.ToBase64String(batch.Salts.Span.Slice(at * EvidenceLeaf.SaltSize, EvidenceLeaf.SaltSize)),
            record is { } bytes ? Encoding.UTF8.GetString(bytes.Span) : null,
            leaf.ToString(), [.. path.Select(hash => hash.ToString())],
            LogEndpoints.Note(LogOrigin.OfShard(signer.Log, place.Shard), head.Size, root, signature.Span)));
    }

    private static async Task<IResult> Drop(HttpContext context, ILogStore store, AdminDesk desk, SiloView silo, TimeProvider clock)
    {
        var (body, refusal) = await AdminJson.Read<DropQuestion>(context);
        if (refusal is not null)
            return refusal;
        var before = body!.Before.ToUniversalTime();
        if (before > clock.GetUtcNow() - AlwaysKept)
            return Problems.Invalid("before must lie a day back at least: newer records are still needed.");
        if (silo.Current is not { } view)
            return Problems.Unavailable("The silo cannot decide at the moment.");

        // The record of it first: records that are gone without one are a fault of the log.
        var target = before.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        before = DateTimeOffset.Parse(target, CultureInfo.InvariantCulture);
        if (await desk.Finish(context, view.Number, Direction.Widens, context.Caller(), LogVerifier.RetentionAction, target, null) is { } unfinished)
            return unfinished;
        var dropped = 0L;
        while (await store.Drop(before, BatchesPerDrop, context.RequestAborted) is > 0 and var more)
            dropped += more;
        return AdminJson.Ok(new DropAnswer(before, dropped));
    }
}
