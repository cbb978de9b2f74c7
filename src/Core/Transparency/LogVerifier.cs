using System.Collections.Immutable;
using System.Globalization;
using Assay.Core.Evidence;
using Assay.Core.Tokens;

namespace Assay.Core.Transparency;

/// <summary>
/// Checks a whole log, batch by batch, against itself, against what its shards say of each other, and against checkpoints that were saved before. Needs no
/// secret and no network. For one thread; holds some 100 bytes a batch.
/// </summary>
public sealed partial class LogVerifier
{
    /// <summary>The action of the record of an administrator who dropped records; its target is the moment before which they were committed.</summary>
    public const string RetentionAction = "drop evidence";

    /// <summary>Batches between two signatures that are checked: a later one covers the trees before it.</summary>
    private const int SignaturesApart = 512;

    /// <summary>Records that are hashed side by side: enough for all lanes, and no more than stay near the processor.</summary>
    private const int SideBySide = 64;

    private readonly SortedDictionary<long, Shard> shards = [];
    private readonly List<LogFault> faults = [];
    private readonly List<Claim> claims = [];
    private readonly List<DroppedRange> dropped = [];
    private readonly List<string> remarks = [];
    private readonly List<Recovery> recoveries = [];
    private readonly List<CosignedHead> cosigned = [];
    private readonly ManyHashes hashes = new();
    private TreeHash[] room = [];
    private readonly ClusterCheckpoint exported;
    private readonly ImmutableArray<NoteKey> keys;
    private DateTimeOffset retained = DateTimeOffset.MinValue;
    private long batches;
    private long records;
    private long droppedRecords;

    /// <param name="exported">The cluster checkpoint that came with the log.</param>
    /// <param name="saved">Checkpoints that were saved before: of the cluster, or of one shard.</param>
    /// <exception cref="FormatException">One of them is not what it should be, or of another log.</exception>
    public LogVerifier(SignedNote exported, params IEnumerable<SignedNote> saved)
    {
        this.exported = ClusterCheckpoint.Parse(exported.Text);
        keys = this.exported.Keys;
        var trusted = new List<NoteKey>();
        foreach (var note in saved)
            Expect(note, trusted);

        if (!exported.IsSignedBy(keys, out var by))
            faults.Add(new LogFault(LogFaultKind.Signature, null, null, "the checkpoint that came with the log is not signed by a key of the log"));
        else if (trusted.Count > 0 && !trusted.Exists(key => key.PublicKey.AsSpan().SequenceEqual(by!.PublicKey.AsSpan())))
            remarks.Add($"The log is signed today by key {by!.Id:x8}, which the saved checkpoint does not name: it was made since, or is not the log's.");
        if (trusted.Count == 0)
            remarks.Add("No saved checkpoint was given: whoever holds both the database and the checkpoint key could have written all of this anew.");
        Expect(this.exported);
    }

    /// <summary>Witnesses whose cosignatures are checked, and without any of which the log is not what it should be.</summary>
    public ImmutableArray<WitnessKey> Witnesses { get; init; } = [];

    /// <summary>Records looked at so far.</summary>
    public long Records => records;

    /// <summary>The next batch; those of one shard come in the order of their positions.</summary>
    public void Add(LoggedBatch batch)
    {
        batches++;
        records += batch.IsDropped ? 0 : batch.Count;
        droppedRecords += batch.IsDropped ? batch.Count : 0;
        var shard = Of(batch.Shard);
        if (shard.IsBroken)
            return;
        if (Check(shard, batch) is { } fault)
        {
            shard.IsBroken = true;
            faults.Add(fault);
        }
    }

    /// <summary>When all batches were added.</summary>
    /// <param name="isWhole">Whether the log came to its end.</param>
    public LogReport End(bool isWhole)
    {
        if (!isWhole)
            faults.Add(new LogFault(LogFaultKind.Incomplete, null, null, "the export was cut off before its end"));
        foreach (var head in exported.Heads)
            Of(head.Shard);
        foreach (var recovery in recoveries)
            remarks.Add($"{recovery}: what was recorded between the copy that was put back and that moment is not in this log.");
        foreach (var shard in shards.Values)
        {
            if (!shard.IsBroken)
                CheckTail(shard);
        }

        foreach (var witness in Witnesses)
            CheckWitness(witness);
        if (Witnesses.IsEmpty && cosigned.Count > 0)
            remarks.Add($"Cosigned by {string.Join(", ", cosigned.Select(seen => seen.Signature.Name).Distinct(StringComparer.Ordinal))}, which was not checked: give the witness's key.");

        var vouched = 0L;
        foreach (var claim in claims)
        {
            if (CheckClaim(claim) is { } fault)
                AddOnce(fault);
            else
                vouched++;
        }

        foreach (var range in dropped)
        {
            if (range.Until >= retained)
                AddOnce(new LogFault(LogFaultKind.DroppedSilently, range.Shard, range.First, $"records up to position {range.Last} are gone, and the log records no retention that would have dropped them"));
        }

        return new LogReport(
            [.. faults], [.. shards.Select(shard => new ShardHead(shard.Key, shard.Value.Tree.Size, shard.Value.Tree.Root))], batches, records, droppedRecords, vouched, [.. dropped], [.. remarks]);
    }

    private void Expect(SignedNote note, List<NoteKey> trusted)
    {
        if (ClusterCheckpoint.IsOne(note.Text))
        {
            var saved = ClusterCheckpoint.Parse(note.Text);
            if (saved.Log != exported.Log)
                throw new FormatException($"the saved checkpoint is of {saved.Log}, and this log is {exported.Log}");
            if (!note.IsSignedBy(saved.Keys, out _))
                throw new FormatException("the saved checkpoint is not signed by a key it names: the file was changed");
            trusted.AddRange(saved.Keys);
            foreach (var head in saved.Heads)
                Of(head.Shard).Saved.Add((head, $"the checkpoint saved at {saved.Time:yyyy-MM-dd HH:mm:ss}Z"));
            Expect(saved);
            return;
        }

        var single = Checkpoint.Parse(note.Text);
        var shard = LogOrigin.ShardOf(exported.Log, single.Origin) ?? throw new FormatException($"the saved checkpoint is of {single.Origin}, and this log is {exported.Log}");
        if (!note.IsSignedBy(keys.Select(key => key.Named(single.Origin)), out var by))
            throw new FormatException("the saved checkpoint is not signed by a key of this log");
        trusted.Add(by!);
        Of(shard).Saved.Add((new ShardHead(shard, single.Size, single.Root), "the saved checkpoint"));
    }

    private void Expect(ClusterCheckpoint checkpoint)
    {
        foreach (var seen in checkpoint.Cosigned)
        {
            cosigned.Add(seen);
            Of(seen.Shard).Saved.Add((new ShardHead(seen.Shard, seen.Size, seen.Root), $"what the witness {seen.Signature.Name} has cosigned"));
        }
    }

    private Shard Of(long shard)
    {
        if (!shards.TryGetValue(shard, out var found))
            shards.Add(shard, found = new Shard(shard));
        return found;
    }

    private void Drop(LoggedBatch batch)
    {
        var last = batch.First + batch.Count - 1;
        if (dropped.Count > 0 && dropped[^1] is var range && range.Shard == batch.Shard && range.Last + 1 == batch.First)
            dropped[^1] = range with { Last = last, Until = batch.CommittedAt > range.Until ? batch.CommittedAt : range.Until };
        else
            dropped.Add(new DroppedRange(batch.Shard, batch.First, last, batch.CommittedAt, batch.CommittedAt));
    }

    /// <summary>What records say about the log itself.</summary>
    private LogFault? Learn(LoggedBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            var encoded = batch.Records!.Value[i].Span;
            var kind = encoded[..Math.Min(encoded.Length, 40)];
            if (kind.IndexOf("\"kind\":\"checkpoint\""u8) < 0 && kind.IndexOf("\"kind\":\"admin\""u8) < 0)
                continue;
            EvidenceRecord record;
            try
            {
                record = EvidenceRecord.Decode(encoded);
            }
            catch (FormatException fault)
            {
                return new LogFault(LogFaultKind.Changed, batch.Shard, batch.First + i, $"the record cannot be read: {fault.Message}");
            }

            foreach (var head in record.Heads?.Shards ?? [])
                claims.Add(new Claim(batch.Shard, batch.First + i, head));
            if (record.Admin is { Action: RetentionAction } act
                && DateTimeOffset.TryParse(act.Target, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var before) && before > retained)
                retained = before;
            if (record.Admin is { Action: Timeline.Act } recovered)
                recoveries.Add(new Recovery(batch.Shard, batch.First + i, record.Time, recovered.Target, record.Heads));
        }

        return null;
    }

    private void CheckTail(Shard shard)
    {
        if (CheckSignatures(shard, isEnd: true) is { } unsigned)
            faults.Add(unsigned);
        foreach (var (head, source) in shard.Saved)
        {
            if (head.Size > shard.Tree.Size)
                faults.Add(Cut(shard, head.Size, source));
            else if (head.IsSealed && head.Size < shard.Tree.Size)
                faults.Add(new LogFault(LogFaultKind.GrewAfterSeal, shard.Number, head.Size, $"records follow here, and {source} has the shard sealed at {head.Size}"));
        }

        foreach (var head in exported.Heads)
        {
            if (head.Shard != shard.Number)
                continue;
            if (head.Size > shard.Tree.Size)
                faults.Add(new LogFault(LogFaultKind.Missing, shard.Number, shard.Tree.Size, $"the checkpoint that came with the log has {head.Size} records, and the log ends before this position"));
            else if (head.Size < shard.Tree.Size || head.Root != shard.Tree.Root)
                faults.Add(new LogFault(LogFaultKind.Inconsistent, shard.Number, null, "the checkpoint that came with the log has another size or root"));
        }
    }

    private void CheckWitness(WitnessKey witness)
    {
        var sizes = new Dictionary<long, long>();
        var newest = DateTimeOffset.MinValue;
        foreach (var seen in cosigned)
        {
            if (seen.Signature.Name != witness.Name || seen.Signature.KeyId != witness.Id)
                continue;
            if (witness.TimeOf(seen.Signature, Checkpoint.TextOf(LogOrigin.OfShard(exported.Log, seen.Shard), seen.Size, seen.Root)) is not { } time)
            {
                faults.Add(new LogFault(LogFaultKind.Signature, seen.Shard, null, $"what is said to be cosigned at {seen.Size} records by the witness {witness.Name} is not"));
                continue;
            }

            sizes[seen.Shard] = Math.Max(seen.Size, sizes.GetValueOrDefault(seen.Shard));
            newest = time > newest ? time : newest;
        }

        if (sizes.Count == 0)
        {
            faults.Add(new LogFault(LogFaultKind.Signature, null, null, $"the witness {witness.Name} has cosigned nothing of this log"));
            return;
        }

        var total = shards.Values.Sum(shard => shard.Tree.Size);
        remarks.Add(string.Create(
            CultureInfo.InvariantCulture,
            $"The witness {witness.Name} has cosigned {sizes.Count} of {shards.Count} shards, last at {newest.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z: {sizes.Values.Sum()} of {total} records cannot be written anew without it."));
    }

    private LogFault Cut(Shard shard, long size, string source)
    {
        var recovery = recoveries.Find(one => one.WentOnFrom(shard.Number, shard.Tree.Size));
        return recovery is null
            ? new LogFault(LogFaultKind.Missing, shard.Number, shard.Tree.Size, $"{source} has {size} records here, and the log ends before this position: it was cut off or rolled back")
            : new LogFault(
                LogFaultKind.GivenUp, shard.Number, shard.Tree.Size,
                $"{source} has {size} records here, and the {size - shard.Tree.Size} from this position on are of a history that was given up. {recovery}");
    }

    private LogFault? CheckClaim(Claim claim)
    {
        var (source, position, head) = claim;
        var said = string.Create(CultureInfo.InvariantCulture, $"position {position} of shard {source}");
        var shard = Of(head.Shard);
        if (shard.IsBroken)
            return null; // said already
        if (head.Size > shard.Tree.Size)
            return new LogFault(LogFaultKind.Missing, head.Shard, shard.Tree.Size, $"{said} has seen {head.Size} records here, and the log ends before this position: it was cut off or rolled back");
        if (!shard.Ends.TryGetValue(head.Size, out var root) || root != head.Root)
            return new LogFault(LogFaultKind.Inconsistent, head.Shard, null, $"{said} has seen another root at {head.Size} records: something before position {head.Size} was changed since");
        return head.IsSealed && shard.Tree.Size > head.Size
            ? new LogFault(LogFaultKind.GrewAfterSeal, head.Shard, head.Size, $"records follow here, and {said} has seen the shard sealed at {head.Size}")
            : null;
    }

    /// <summary>Many claims may say the same; the first of a kind and shard is enough.</summary>
    private void AddOnce(LogFault fault)
    {
        if (!faults.Exists(known => known.Kind == fault.Kind && known.Shard == fault.Shard))
            faults.Add(fault);
    }

    /// <param name="Heads">How far shards had come in the copy that was put back.</param>
    private sealed record Recovery(long Shard, long Position, DateTimeOffset Time, string What, LogHeads? Heads)
    {
        public bool WentOnFrom(long shard, long size)
        {
            if (shard >= Shard)
                return false;
            foreach (var head in Heads?.Shards ?? [])
            {
                if (head.Shard == shard)
                    return head.Size == size;
            }

            return size == 0; // a shard that the copy did not know
        }

        public override string ToString() =>
            string.Create(CultureInfo.InvariantCulture, $"A recovery at {Time.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z opened {What} (position {Position} of shard {Shard})");
    }

    private sealed record Claim(long Source, long Position, ShardHead Head);

    private sealed class Shard(long number)
    {
        public long Number { get; } = number;

        public TreeFrontier Tree { get; } = new();

        /// <summary>The first fault of its tree was found: what follows cannot be placed.</summary>
        public bool IsBroken { get; set; }

        public List<(ShardHead Head, string Source)> Saved { get; } = [];

        /// <summary>The smallest saved size above the tree's; none is as good as one never reached.</summary>
        public long SavedNext
        {
            get
            {
                if (savedNext <= Tree.Size)
                {
                    savedNext = long.MaxValue;
                    foreach (var (head, _) in Saved)
                        savedNext = head.Size > Tree.Size && head.Size < savedNext ? head.Size : savedNext;
                }

                return savedNext;
            }
        }

        public Dictionary<long, TreeHash> Ends { get; } = [];

        public List<(long First, long Size, TreeHash Root, ReadOnlyMemory<byte> Signature)> Unchecked { get; } = [];

        private long savedNext = -1;
    }
}
