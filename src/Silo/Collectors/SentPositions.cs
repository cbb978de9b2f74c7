using System.Globalization;
using System.Text.Json;
using Assay.Silo.Startup;

namespace Assay.Silo.Collectors;

/// <summary>Up to where each shard that was written from this data folder has been sent: a file in it. For one thread.</summary>
internal sealed class SentPositions
{
    private readonly string file;
    private readonly SortedDictionary<long, long> next = [];

    /// <exception cref="InvalidDataException">The file is not what it should be.</exception>
    public SentPositions(string file)
    {
        this.file = file;
        if (!File.Exists(file))
            return;
        try
        {
            foreach (var (shard, position) in JsonSerializer.Deserialize<Dictionary<string, long>>(File.ReadAllText(file)) ?? [])
                next[long.Parse(shard, NumberStyles.None, CultureInfo.InvariantCulture)] = position;
        }
        catch (Exception fault) when (fault is JsonException or FormatException or OverflowException)
        {
            throw new InvalidDataException($"'{file}' does not say how far the evidence has been sent: {fault.Message} Remove it to begin with the present shard.", fault);
        }
    }

    /// <summary>Shards that are not done, the oldest first.</summary>
    public long[] Shards => [.. next.Keys];

    public long Next(long shard) => next[shard];

    /// <summary>Durable on return.</summary>
    public void Advance(long shard, long position)
    {
        next[shard] = position;
        Write();
    }

    /// <summary>It is sealed, and all of it was sent.</summary>
    public void Done(long shard)
    {
        next.Remove(shard);
        Write();
    }

    private void Write() => PrivateFile.Write(
        file, JsonSerializer.Serialize(next.ToDictionary(shard => shard.Key.ToString(CultureInfo.InvariantCulture), shard => shard.Value)) + "\n");
}
