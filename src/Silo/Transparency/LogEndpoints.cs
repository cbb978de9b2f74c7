using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using Assay.Core.Transparency;
using Assay.Grains.Authority;
using Assay.Silo.Admin;
using Assay.Silo.Evidence;
using Assay.Silo.Storage.Sqlite;

namespace Assay.Silo.Transparency;

/// <summary>
/// The evidence log for whoever wants to check it: checkpoints and keys for anybody; tiles, entries and proofs for those who may read evidence (C2SP
/// tlog-tiles, tlog-checkpoint and signed-note).
/// </summary>
internal static class LogEndpoints
{
    private const string Text = "text/plain; charset=utf-8";

    public static void MapLog(this IEndpointRouteBuilder routes)
    {
        var log = routes.MapGroup("/log");
        log.MapPublic("/checkpoint", ClusterNote);
        log.MapPublic("/keys", (HttpContext context, SiloView silo, CheckpointSigner signer) => Keys(context, silo, signer.Log));
        log.MapPublic("/{shard:long}/checkpoint", ShardNote);
        log.MapPublic("/{shard:long}/keys", (long shard, HttpContext context, SiloView silo, CheckpointSigner signer) => Keys(context, silo, LogOrigin.OfShard(signer.Log, shard)));
        log.MapGet("/{shard:long}/tile/{**path}", Tile).Needs(AdminScopes.EvidenceRead);
        log.MapGet("/{shard:long}/consistency", Consistency).Needs(AdminScopes.EvidenceRead);
    }

    private static IResult ClusterNote(HttpContext context, SiloView silo, LogWatch watch)
    {
        if (silo.Current is not { } view || watch.Note(view) is not { } note)
            return Problems.Unavailable("There is no key to sign a checkpoint with at the moment.");
        context.Response.Headers.CacheControl = "no-cache";
        return Results.Text(note.ToString(), Text);
    }

    private static IResult ShardNote(long shard, HttpContext context, LogWatch watch, CheckpointSigner signer)
    {
        if (!watch.Heads.TryGetValue(shard, out var head) || head.Root is not { } root)
            return Problems.NotFound("There is no such shard, or it holds nothing yet.");
        var signature = head.Signature.Length > 4 ? head.Signature : signer.Sign(new ShardHead(shard, head.Size, root));
        if (signature.IsEmpty)
            return Problems.Unavailable("There is no key to sign a checkpoint with at the moment.");
        context.Response.Headers.CacheControl = "no-cache";
        return Results.Text(Note(LogOrigin.OfShard(signer.Log, shard), head.Size, root, signature.Span), Text);
    }

    /// <summary>The note of a checkpoint that was signed when its batch was committed.</summary>
    public static string Note(string origin, long size, TreeHash root, ReadOnlySpan<byte> signature) =>
        new SignedNote(Checkpoint.TextOf(origin, size, root), [new NoteSignature(origin, BinaryPrimitives.ReadUInt32BigEndian(signature), [.. signature[4..]])]).ToString();

    private static IResult Keys(HttpContext context, SiloView silo, string name)
    {
        if (silo.Current is not { } view)
            return Problems.Unavailable("The silo cannot say at the moment which keys there are.");
        context.Response.Headers.CacheControl = "public, max-age=60";
        return Results.Text(string.Concat(LogKeys.Of(view, name).Select(key => key + "\n")), Text);
    }

    private static async Task<IResult> Tile(long shard, string path, HttpContext context, LogWatch watch, TreeTiles tiles)
    {
        if (!TilePath.TryParse("tile/" + path, out var tile))
            return Problems.NotFound("A tile is named tile/<level>/<index> or tile/entries/<index>, with .p/<width> when it is partial.");
        var level = tile.Level ?? 0;
        if (level > 6 || tile.Index > 1L << 48 || !watch.Heads.TryGetValue(shard, out var head) || head.Root is null || ((tile.Index << 8) + tile.Width) > head.Size >> (8 * level))
            return Problems.NotFound("The shard has not come as far as this tile.");

        var hashes = tile.Level is null
            ? await tiles.Entries(shard, tile.Index << 8, tile.Width, context.RequestAborted)
            : await tiles.Hashes(shard, level, tile.Index, tile.Width, context.RequestAborted);
        context.Response.Headers.CacheControl = "private, max-age=31536000, immutable";
        return Results.Bytes(tile.Level is null ? Bundle(hashes.AsSpan(0, tile.Width)) : Bytes(hashes.AsSpan(0, tile.Width)), "application/octet-stream");
    }

    private static async Task<IResult> Consistency(long shard, HttpContext context, LogWatch watch, TreeTiles tiles)
    {
        if (!watch.Heads.TryGetValue(shard, out var head) || head.Root is null)
            return Problems.NotFound("There is no such shard, or it holds nothing yet.");
        if (!Size(context.Query("from"), out var from) || !Size(context.Query("to"), out var to) || from > to || to > head.Size)
            return Problems.BadQuery($"from and to must be sizes of the shard's tree, the smaller first; it is at {head.Size}.");
        var path = await tiles.Hashes(shard, TreeProof.Consistency(from, to), context.RequestAborted);
        return AdminJson.Ok(new ConsistencyAnswer(shard, from, to, [.. path.Select(hash => hash.ToString())]));
    }

    private static bool Size(string? text, out long size) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out size);

    private static byte[] Bytes(ReadOnlySpan<TreeHash> hashes)
    {
        var bytes = new byte[hashes.Length * TreeHash.Size];
        for (var i = 0; i < hashes.Length; i++)
            hashes[i].CopyTo(bytes.AsSpan(i * TreeHash.Size));
        return bytes;
    }

    /// <summary>Each entry after its length, 2 bytes big-endian.</summary>
    private static byte[] Bundle(ReadOnlySpan<TreeHash> entries)
    {
        const int each = sizeof(ushort) + TreeHash.Size;
        var bytes = new byte[entries.Length * each];
        for (var i = 0; i < entries.Length; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(i * each), TreeHash.Size);
            entries[i].CopyTo(bytes.AsSpan(i * each + sizeof(ushort)));
        }

        return bytes;
    }
}

/// <summary>Proves that the tree of a shard only grew (RFC 9162 §2.1.4).</summary>
/// <param name="Path">Hashes in standard base64.</param>
internal sealed record ConsistencyAnswer(long Shard, long From, long To, ImmutableArray<string> Path);

internal static class LogServices
{
    /// <summary>Checkpoints, tiles and proofs of the evidence. Needs an <see cref="ILogStore"/>; after <c>AddEvidence</c>.</summary>
    public static IServiceCollection AddLog(this IServiceCollection services)
    {
        services.AddOptions<LogOptions>().BindConfiguration(LogOptions.Section).ValidateDataAnnotations()
            .Validate(
                static log => log.Witnesses.TrueForAll(static one => Uri.TryCreate(one.Url, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && IsKey(one.Key)),
                "Assay:Log:Witnesses: each has a Url (http or https) and a Key (name+id+base64, an Ed25519 key for cosignatures, type 4).")
            .ValidateOnStart();
        services.AddSingleton<CheckpointSigner>();
        services.AddSingleton(static provider => new Cosignatures(Path.Combine(provider.GetRequiredService<DataFolder>().Folder, "witnesses.json")));
        services.AddSingleton<TreeTiles>();
        services.AddSingleton<LogWatch>();
        services.AddHostedService(static provider => provider.GetRequiredService<LogWatch>());
        services.AddHostedService<WitnessPush>();
        return services;
    }

    private static bool IsKey(string text)
    {
        try
        {
            return WitnessKey.Parse(text) is not null;
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
