using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Assay.Core.Transparency;

/// <summary>A checkpoint of a shard that a witness has cosigned: <paramref name="Signature"/> is of <see cref="Checkpoint.TextOf"/> with the shard's origin.</summary>
public sealed record CosignedHead(long Shard, long Size, TreeHash Root, NoteSignature Signature);

/// <summary>
/// How far every shard of a log had come, in one text under one signature: what somebody keeps, to hold the log to it later. It names the keys that
/// verify the log as well, so whoever trusts it needs no others.
/// </summary>
public sealed record ClusterCheckpoint(string Log, DateTimeOffset Time, ImmutableArray<NoteKey> Keys, ImmutableArray<ShardHead> Heads)
{
    private const string Title = "assay cluster checkpoint 1";
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>The newest that each witness has cosigned of each shard; it may lie behind the head.</summary>
    public ImmutableArray<CosignedHead> Cosigned { get; init; } = [];

    /// <summary>The text as it is signed: title, time, a line a key, a line a shard, a line a cosignature.</summary>
    public string Text
    {
        get
        {
            var text = new StringBuilder();
            text.Append(Log).Append('\n').Append(Title).Append('\n');
            text.Append("time ").Append(Time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)).Append('\n');
            foreach (var key in Keys)
                text.Append("key ").Append(key).Append('\n');
            foreach (var head in Heads)
                text.Append(CultureInfo.InvariantCulture, $"shard {head.Shard} {head.Size} {head.Root}{(head.IsSealed ? " sealed" : "")}\n");
            foreach (var (shard, size, root, signature) in Cosigned)
                text.Append(CultureInfo.InvariantCulture, $"witness {shard} {size} {root} {signature.Name} {signature.Encoded}\n");
            return text.ToString();
        }
    }

    /// <summary>Whether a text says that it is one.</summary>
    public static bool IsOne(string text) => text.Split('\n', 3) is [_, Title, _];

    /// <exception cref="FormatException">It is not the text of one; the message names the line.</exception>
    public static ClusterCheckpoint Parse(string text)
    {
        var lines = text.Split('\n');
        if (lines is not [{ Length: > 0 } log, Title, var stamp, .., ""] || !stamp.StartsWith("time ", StringComparison.Ordinal)
            || !DateTimeOffset.TryParseExact(
                stamp["time ".Length..], TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time))
            throw new FormatException("the text is no cluster checkpoint");

        var keys = ImmutableArray.CreateBuilder<NoteKey>();
        var heads = ImmutableArray.CreateBuilder<ShardHead>();
        var cosigned = ImmutableArray.CreateBuilder<CosignedHead>();
        for (var i = 3; i < lines.Length - 1; i++)
        {
            if (lines[i].StartsWith("key ", StringComparison.Ordinal))
                keys.Add(NoteKey.Parse(lines[i]["key ".Length..]));
            else if (ParseHead(lines[i]) is { } head)
                heads.Add(head);
            else
                cosigned.Add(ParseCosigned(lines[i]) ?? throw new FormatException($"line {i + 1} of the cluster checkpoint is neither a key nor a shard nor a witness"));
        }

        return new ClusterCheckpoint(log, time, keys.DrainToImmutable(), heads.DrainToImmutable()) { Cosigned = cosigned.DrainToImmutable() };
    }

    private static ShardHead? ParseHead(string line) =>
        line.Split(' ') is ["shard", var number, var length, var hash, .. var rest] && rest is [] or ["sealed"]
            && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var shard)
            && long.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            && TreeHash.TryParse(hash, out var root)
            ? new ShardHead(shard, size, root, rest is ["sealed"])
            : null;

    private static CosignedHead? ParseCosigned(string line) =>
        line.Split(' ') is ["witness", var number, var length, var hash, { Length: > 0 } name, var encoded]
            && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var shard)
            && long.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            && TreeHash.TryParse(hash, out var root)
            ? new CosignedHead(shard, size, root, NoteSignature.Parse(name, encoded))
            : null;
}
