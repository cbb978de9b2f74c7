using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Assay.Silo.Startup;

namespace Assay.Silo.Recovery;

/// <summary>
/// How far this silo has seen the database come, in a small file that does not go back when the database does. It notices an old copy; it proves nothing:
/// whoever may write it may also change it, and a silo on a new machine has none.
/// </summary>
/// <param name="Database">Names the database it is about; one that was made anew has another.</param>
/// <param name="FirstShard">Of the newest timeline; 0 for the first one.</param>
/// <param name="Number">The feed number.</param>
/// <param name="Shards">Positions that were durable, of the shards that were being written.</param>
internal sealed record SeenHistory(string Database, int Timeline, long FirstShard, long Number, DateTimeOffset At, ImmutableSortedDictionary<long, long> Shards)
{
    private const int Version = 1;

    private static readonly JsonSerializerOptions Form = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true,
    };

    /// <summary>Null when there is none, or it cannot be read: a notice that is not there is no reason to stand still.</summary>
    public static SeenHistory? Read(string file)
    {
        try
        {
            if (!File.Exists(file))
                return null;
            var stored = JsonSerializer.Deserialize<Stored>(File.ReadAllText(file), Form);
            return stored is { V: Version }
                ? new SeenHistory(
                    stored.Database, stored.Timeline, stored.FirstShard, stored.Number, stored.At,
                    stored.Shards.ToImmutableSortedDictionary(shard => long.Parse(shard.Key, NumberStyles.None, CultureInfo.InvariantCulture), shard => shard.Value))
                : null;
        }
        catch (Exception fault) when (fault is JsonException or FormatException or OverflowException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    public void Write(string file) => PrivateFile.Write(
        file,
        JsonSerializer.Serialize(
            new Stored(Version, Database, Timeline, FirstShard, Number, At, Shards.ToDictionary(shard => shard.Key.ToString(CultureInfo.InvariantCulture), shard => shard.Value)), Form) + "\n");

    /// <summary>Which part of a database is older than what was seen, in words; null when none is, or it has gone on by a recovery since.</summary>
    /// <param name="firstShard">Of the database's newest timeline.</param>
    /// <param name="sizeOf">The size of a shard in the database; 0 when it holds nothing.</param>
    public string? LackOf(string database, long firstShard, long number, Func<long, long> sizeOf)
    {
        if (database != Database || firstShard > FirstShard)
            return null;
        if (firstShard < FirstShard)
            return string.Create(CultureInfo.InvariantCulture, $"it does not have timeline {Timeline}, which a recovery opened");
        if (number < Number)
            return string.Create(CultureInfo.InvariantCulture, $"its newest feed number is {number}, and {Number} was there");
        foreach (var (shard, size) in Shards)
        {
            if (sizeOf(shard) is var present && present < size)
                return string.Create(CultureInfo.InvariantCulture, $"shard {shard} of the evidence holds {present} records, and {size} were there");
        }

        return null;
    }

    private sealed record Stored(int V, string Database, int Timeline, long FirstShard, long Number, DateTimeOffset At, Dictionary<string, long> Shards);
}
