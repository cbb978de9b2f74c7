using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Assay.Core.Evidence;
using Assay.Grains.Authority;

namespace Assay.Silo.Evidence;

/// <summary>Which part of the evidence to walk back through.</summary>
/// <param name="Subject">Only records about it (<see cref="EvidenceSubject"/>); null for all.</param>
/// <param name="Since">Only decisions from this moment on.</param>
/// <param name="Until">Only decisions before this moment.</param>
/// <param name="From">Where an earlier walk stopped; null to begin at the newest.</param>
/// <param name="Most">Records to look at, at most.</param>
internal sealed record EvidenceRange(string? Subject, DateTimeOffset Since, DateTimeOffset Until, EvidenceCursor? From, int Most);

/// <param name="Next">From where to go on; null when there is no more.</param>
/// <param name="LookedAt">Records that were read.</param>
/// <param name="ReachedBackTo">The time of the oldest of them; null when there was none.</param>
/// <param name="Damaged">Records that are there and cannot be read.</param>
internal readonly record struct EvidenceStretch(EvidenceCursor? Next, int LookedAt, DateTimeOffset? ReachedBackTo, long Damaged);

/// <summary>
/// Goes back through the evidence, newest first: through all of it in the order in which it was stored, or through what is about one subject. A walk ends at a
/// record, and another one goes on after it. Gives way to whatever waits for a thread, so that issuance goes first.
/// </summary>
internal sealed class EvidenceWalk(IEvidenceStore store, SiloIdentity self, TimeProvider clock)
{
    private const int PageBytes = 1 << 20;
    private const int PageRows = 256;
    private const int RecordsPerTurn = 64;

    /// <summary>How long after its decision a record may have been stored: longer than a database outage that a silo survives.</summary>
    private static readonly TimeSpan StoredWithin = TimeSpan.FromMinutes(30);

    /// <summary>How far the clock of a silo may be ahead of the store's.</summary>
    private static readonly TimeSpan ClockSlack = TimeSpan.FromMinutes(1);

    /// <param name="take">Looks at a record; false ends the walk after it. Void records and checkpoints are passed over.</param>
    public async Task<EvidenceStretch> Back(EvidenceRange range, Func<EvidenceRecord, ValueTask<bool>> take, CancellationToken cancellationToken)
    {
        var walked = new Walked(range, take);
        var now = clock.GetUtcNow();
        var newest = range.Until > now - StoredWithin ? now + StoredWithin : range.Until + StoredWithin;
        var oldest = range.Since - DateTimeOffset.UnixEpoch > ClockSlack ? range.Since - ClockSlack : DateTimeOffset.UnixEpoch;
        var next = range.Subject is { } subject
            ? await Of(subject, range.From, newest, oldest, walked, cancellationToken)
            : await All(range.From, newest, oldest, walked, cancellationToken);
        return new EvidenceStretch(next, walked.LookedAt, walked.ReachedBackTo, walked.Damaged);
    }

    private async Task<EvidenceCursor?> All(EvidenceCursor? from, DateTimeOffset newest, DateTimeOffset oldest, Walked walked, CancellationToken cancellationToken)
    {
        var after = from?.After;
        for (EvidencePlace? at = from is { } cursor ? cursor.Place : EvidencePlace.At(newest); at is { } place;)
        {
            var page = await store.Before(place, oldest, PageBytes, cancellationToken);
            if (after is null)
                walked.Damaged += page.DamagedRecords; // else counted by the walk that began this page
            var records = new List<(RecordId Id, ReadOnlyMemory<byte> Bytes)>();
            foreach (var batch in page.Batches)
            {
                for (var i = batch.Records.Length - 1; i >= 0; i--)
                    records.Add((new RecordId(batch.Shard, batch.FirstPosition + i), batch.Records[i]));
            }

            if (await Look(records, after, walked, cancellationToken) is { } last)
                return new EvidenceCursor(place, last);
            (at, after) = (page.Next, null);
        }

        return null;
    }

    private async Task<EvidenceCursor?> Of(
        string subject, EvidenceCursor? from, DateTimeOffset newest, DateTimeOffset oldest, Walked walked, CancellationToken cancellationToken)
    {
        var (until, after, most) = (from?.Place.Stored ?? newest, from?.After, PageRows);
        while (true)
        {
            var rows = await store.IndexBack(self.Realm, subject, until, oldest, most, cancellationToken);
            var start = after is { } passed ? Math.Max(IndexOf(rows, passed), 0) : 0;
            for (var i = start; i < rows.Length; i++)
            {
                if (await Look(await Records(rows[i], walked, cancellationToken), i == start ? after : null, walked, cancellationToken) is { } stopped)
                    return new EvidenceCursor(new EvidencePlace(rows[i].At, rows[i].Shard, rows[i].Positions[0]), stopped);
            }

            if (rows.Length < most)
                return null;
            var last = new RecordId(rows[^1].Shard, rows[^1].Positions[0]);
            if (after == last)
                most *= 2; // a page of rows of one moment
            (until, after) = (rows[^1].At, last);
        }
    }

    private static int IndexOf(ImmutableArray<EvidenceIndexRow> rows, RecordId record)
    {
        for (var i = 0; i < rows.Length; i++)
        {
            if (rows[i].Shard == record.Shard && rows[i].Positions.Contains(record.Position))
                return i;
        }

        return -1;
    }

    private async Task<List<(RecordId Id, ReadOnlyMemory<byte> Bytes)>> Records(EvidenceIndexRow row, Walked walked, CancellationToken cancellationToken)
    {
        var records = new List<(RecordId, ReadOnlyMemory<byte>)>(row.Positions.Length);
        EvidenceBatch? batch;
        try
        {
            batch = await store.Find(row.Shard, row.Positions[0], cancellationToken); // all positions of a row are in one batch
        }
        catch (InvalidDataException)
        {
            walked.Damaged += row.Positions.Length;
            return records;
        }

        if (batch is not { IsDropped: false })
            return records; // the index rows of what was dropped follow it
        for (var i = row.Positions.Length - 1; i >= 0; i--)
            records.Add((new RecordId(row.Shard, row.Positions[i]), batch.Records[(int)(row.Positions[i] - batch.FirstPosition)]));
        return records;
    }

    /// <summary>The record at which the walk is to end; null when it goes on.</summary>
    private static async Task<RecordId?> Look(
        List<(RecordId Id, ReadOnlyMemory<byte> Bytes)> records, RecordId? after, Walked walked, CancellationToken cancellationToken)
    {
        // One that is not there any more was dropped since, with all that is older: from the page's beginning on, then, rather than past anything.
        for (var i = after is { } passed ? records.FindIndex(record => record.Id == passed) + 1 : 0; i < records.Count; i++)
        {
            if (walked.LookedAt % RecordsPerTurn == RecordsPerTurn - 1)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await Task.Yield(); // to the end of the pool's queue
            }

            if (!await walked.Take(records[i].Bytes))
                return records[i].Id;
        }

        return null;
    }

    private sealed class Walked(EvidenceRange range, Func<EvidenceRecord, ValueTask<bool>> take)
    {
        public int LookedAt { get; private set; }

        public DateTimeOffset? ReachedBackTo { get; private set; }

        public long Damaged { get; set; }

        /// <summary>False when this was the last one.</summary>
        public async ValueTask<bool> Take(ReadOnlyMemory<byte> bytes)
        {
            LookedAt++;
            EvidenceRecord? record = null;
            try
            {
                record = EvidenceRecord.Decode(bytes.Span);
            }
            catch (FormatException)
            {
                Damaged++;
            }

            var goesOn = true;
            if (record is not null)
            {
                ReachedBackTo = record.Time;
                if (record.Kind is not (EvidenceKind.Void or EvidenceKind.Checkpoint) && record.Time >= range.Since && record.Time < range.Until)
                    goesOn = await take(record);
            }

            return goesOn && LookedAt < range.Most;
        }
    }
}

/// <summary>Where a walk stopped, as text for whoever wants to go on.</summary>
/// <param name="Place">Of the page that was being read.</param>
/// <param name="After">The last record that was looked at.</param>
internal readonly record struct EvidenceCursor(EvidencePlace Place, RecordId After)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Place.Stored.UtcTicks}.{Place.Shard}.{Place.FirstPosition}.{After.Shard}.{After.Position}");

    public static bool TryParse(string text, [NotNullWhen(true)] out EvidenceCursor? cursor)
    {
        cursor = null;
        Span<long> numbers = stackalloc long[5];
        var count = 0;
        foreach (var part in text.AsSpan().Split('.'))
        {
            if (count == numbers.Length || !long.TryParse(text.AsSpan(part), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out numbers[count++]))
                return false;
        }

        if (count != numbers.Length || numbers[0] < DateTimeOffset.MinValue.UtcTicks || numbers[0] > DateTimeOffset.MaxValue.UtcTicks)
            return false;
        cursor = new EvidenceCursor(new EvidencePlace(new DateTimeOffset(numbers[0], TimeSpan.Zero), numbers[1], numbers[2]), new RecordId(numbers[3], numbers[4]));
        return true;
    }
}
