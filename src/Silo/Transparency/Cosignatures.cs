using System.Collections.Immutable;
using System.Text.Json;
using Assay.Core.Transparency;
using Assay.Silo.Startup;

namespace Assay.Silo.Transparency;

/// <summary>
/// The newest checkpoint of each shard that each witness has cosigned, as this silo was told: kept in its data folder, because a witness says the same again but not what it said before.
/// </summary>
internal sealed class Cosignatures
{
    private static readonly JsonSerializerOptions Form = new() { RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true };

    private readonly string file;
    private readonly Lock guard = new();
    private ImmutableSortedDictionary<(string Witness, long Shard), CosignedHead> newest = ImmutableSortedDictionary<(string, long), CosignedHead>.Empty;

    /// <summary>What cannot be read any more is asked for again.</summary>
    public Cosignatures(string file)
    {
        this.file = file;
        try
        {
            if (!File.Exists(file))
                return;
            foreach (var (shard, size, root, signature) in JsonSerializer.Deserialize<List<Stored>>(File.ReadAllText(file), Form) ?? [])
            {
                var by = SignedNote.ParseSignature(signature);
                newest = newest.SetItem((by.Name, shard), new CosignedHead(shard, size, TreeHash.From(Convert.FromBase64String(root)), by));
            }
        }
        catch (Exception fault) when (fault is JsonException or FormatException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            newest = newest.Clear();
        }

        All = [.. newest.Values];
    }

    /// <summary>Another array whenever something was added.</summary>
    public ImmutableArray<CosignedHead> All { get; private set; } = [];

    /// <summary>Null when it has cosigned nothing of the shard.</summary>
    public CosignedHead? Newest(string witness, long shard)
    {
        lock (guard)
            return newest.GetValueOrDefault((witness, shard));
    }

    /// <exception cref="IOException">It is known here, and not kept.</exception>
    public void Add(CosignedHead head)
    {
        lock (guard)
        {
            newest = newest.SetItem((head.Signature.Name, head.Shard), head);
            All = [.. newest.Values];
            PrivateFile.Write(file, JsonSerializer.Serialize(newest.Values.Select(one => new Stored(one.Shard, one.Size, one.Root.ToString(), one.Signature.ToString()))) + "\n");
        }
    }

    private sealed record Stored(long Shard, long Size, string Root, string Signature);
}
