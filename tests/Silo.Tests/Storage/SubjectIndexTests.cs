using System.Collections.Immutable;
using Assay.Core.Evidence;
using Assay.Grains.Authority;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Storage.Sqlite.Subjects;
using Microsoft.Extensions.Logging.Abstractions;

namespace Assay.Silo.Tests.Storage;

/// <summary>The index beside a list that holds the same rows.</summary>
public sealed class SubjectIndexTests : IDisposable
{
    private const long Shard = 1;
    private const string Realm = "default";
    private static readonly DateTimeOffset Start = new(2026, 11, 29, 0, 0, 0, TimeSpan.Zero);

    private readonly TemporaryFolder temporary = new();
    private readonly List<EvidenceIndexRow> written = []; // as they came
    private SqliteDatabase database;
    private SubjectIndex index;
    private long position;

    public SubjectIndexTests() => (database, index) = Open(mostUnsorted: 1000);

    public void Dispose()
    {
        database.Dispose();
        index.Dispose();
        temporary.Dispose();
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(2, 20)]
    [InlineData(3, 200)]
    [InlineData(4, 200)]
    public async Task Every_question_has_the_answer_that_a_list_would_give(int seed, int mostUnsorted)
    {
        Reopen(mostUnsorted);
        var random = new Random(seed);
        var clock = Start;
        for (var i = 0; i < 600; i++)
        {
            clock += TimeSpan.FromMilliseconds(random.Next(20) == 0 ? -random.Next(5_000) : random.Next(3)); // it may go back
            await Append([.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => Row(Subject(random), clock, Spent(random, clock)))]);
            if (random.Next(100) == 0)
                await index.Sort();
            if (random.Next(150) == 0)
                Reopen(mostUnsorted);
            if (i == 400)
                await Drop(clock.AddMilliseconds(-200));
            if (i % 10 == 0)
                Check(random, clock);
        }

        await index.Sort();
        Check(random, clock);
        Reopen(mostUnsorted);
        for (var i = 0; i < 50; i++)
            Check(random, clock);
    }

    [Fact]
    public async Task A_subject_that_fills_many_pieces_is_read_page_by_page()
    {
        for (var i = 0; i < 4_000; i++)
            await Append([Row("identity:hot", Start.AddMilliseconds(i / 7)), Row($"identity:{i % 9}", Start.AddMilliseconds(i))]); // seven rows of a moment
        await index.Sort();
        Assert.True(database.Read(connection => SortedRuns.List(connection).Sum(run => run.Last - run.First)) > 10);

        var (until, seen) = (DateTimeOffset.MaxValue, new List<long>());
        while (Answer("identity:hot", until, DateTimeOffset.MinValue, 100) is { Length: > 0 } page && seen.Count < 4_000)
        {
            var fresh = page.Select(row => row.Positions[0]).Except(seen.TakeLast(7)).ToArray();
            seen.AddRange(fresh);
            until = page[^1].At;
        }

        Assert.Equal(written.Where(row => row.Subject == "identity:hot").Select(row => row.Positions[0]).Reverse(), seen);
    }

    [Fact]
    public async Task Runs_are_few_however_many_rows_there_are()
    {
        Reopen(mostUnsorted: 4);
        for (var i = 0; i < 1_000; i++)
        {
            await Append([Row($"identity:{i % 10}", Start.AddMilliseconds(i))]);
            if (i % 4 == 3)
                await index.Sort();
        }

        var runs = database.Read(SortedRuns.List);
        Assert.InRange(runs.Length, 1, 7 + 7 + 4); // of 4 rows, of 32, and of 256
        Assert.Equal(runs.OrderByDescending(run => run.Age).Select(run => run.Level).Order(), runs.Select(run => run.Level)); // the older, the larger
        Assert.Equal(runs.Sum(run => run.Last - run.First + 1), Count("piece")); // what was merged is gone
    }

    [Fact]
    public async Task A_run_that_never_became_whole_is_not_read_and_is_swept()
    {
        await Append([Row("identity:a", Start)]);
        await index.Sort();
        var writer = new PieceWriter();
        writer.Add(PackedRow.Hash(PackedRow.Name(Realm, "identity:a")), PackedRow.Name(Realm, "identity:a"), [.. new byte[16], 0, 0]);
        await database.Write((connection, _) => SortedRuns.Add(connection, SortedRuns.NextId(connection), writer.Take(all: true)));
        Reopen(mostUnsorted: 1000);
        Assert.Equal(2, Count("piece"));

        Assert.Single(Answer("identity:a", DateTimeOffset.MaxValue, DateTimeOffset.MinValue, 10));

        await index.Sort();
        Assert.Equal(1, Count("piece"));
    }

    [Fact]
    public async Task What_is_dropped_is_no_longer_in_the_file()
    {
        await Append([Row("identity:early", Start), Row("identity:both", Start)]);
        await index.Sort();
        await Append([Row("identity:early", Start.AddHours(1)), Row("identity:both", Start.AddHours(2)), Row("identity:late", Start.AddHours(2))]);

        await Drop(Start.AddHours(2));

        Assert.Empty(Answer("identity:early", DateTimeOffset.MaxValue, DateTimeOffset.MinValue, 10));
        Assert.Single(Answer("identity:both", DateTimeOffset.MaxValue, DateTimeOffset.MinValue, 10));
        Assert.Equal((1, 1, 0), (Count("run"), Count("piece"), Count("unsorted")));
        var piece = database.Read(connection =>
        {
            using var query = new Statement(connection, "SELECT rows FROM piece");
            query.Step();
            return System.Text.Encoding.ASCII.GetString(query.Bytes(0));
        });
        Assert.DoesNotContain("early", piece, StringComparison.Ordinal);
        Assert.Contains("late", piece, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_index_by_name_of_an_earlier_version_is_taken_over()
    {
        for (var i = 0; i < 5; i++)
            await Append([Row("identity:a", Start.AddSeconds(i), new SpentAssertion(new AssertionHash(0, (ulong)i), Start.AddHours(1))), Row($"identity:{i}", Start)]);
        await database.Write((connection, transaction) =>
        {
            connection.Run(transaction, "CREATE TABLE subject (realm TEXT NOT NULL, subject TEXT NOT NULL, at INTEGER NOT NULL, shard INTEGER NOT NULL, positions BLOB NOT NULL, spent BLOB, spent_until INTEGER)");
            foreach (var row in written.Where(row => row.Positions[0] < 7)) // and of what it had not done with, one was sorted
            {
                connection.Run(
                    transaction, "INSERT INTO subject VALUES ($realm, $subject, $at, $shard, $positions, $spent, $until)", ("$realm", row.Realm), ("$subject", row.Subject),
                    ("$at", row.At.ToUnixTimeMilliseconds()), ("$shard", row.Shard), ("$positions", Assay.Silo.Storage.EvidencePacking.WritePositions(row.Positions)),
                    ("$spent", row.Spent.IsEmpty ? DBNull.Value : Assay.Silo.Storage.EvidencePacking.WriteSpent(row.Spent, out _)), ("$until", DBNull.Value));
            }

            connection.Run(transaction, "DELETE FROM unsorted WHERE first < 6");
            return true;
        });

        Reopen(mostUnsorted: 1000);

        Assert.Equal([8, 6, 4, 2, 0], Answer("identity:a", DateTimeOffset.MaxValue, DateTimeOffset.MinValue, 10).Select(row => (int)row.Positions[0]));
        Assert.Equal([0, 1, 2, 3, 4], Live("identity:a", Start).Select(one => (int)one.Hash.Low).Order());
        Assert.Equal(0, database.Read(connection => Run(connection, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'subject%'")));
    }

    [Fact]
    public void Rows_of_other_subjects_with_the_same_hash_are_told_apart()
    {
        var (one, other) = (PackedRow.Name(Realm, "identity:one"), PackedRow.Name(Realm, "identity:other"));
        var visitor = new NewestRows(Realm, "identity:other", long.MinValue, long.MaxValue, 10);
        var writer = new PieceWriter();
        writer.Add(visitor.Hash, one, [.. BitConverter.GetBytes(1L), .. BitConverter.GetBytes(1L), 0, 0]);
        writer.Add(visitor.Hash, other, [.. BitConverter.GetBytes(2L), .. BitConverter.GetBytes(2L), 0, 0]);

        PieceWriter.Show(writer.Take(all: true).Single().Rows.Span, visitor);

        Assert.Equal(2, visitor.Rows().Single().Shard);
    }

    [Fact]
    public void A_writer_that_uses_the_memory_of_written_pieces_again_makes_the_same_pieces()
    {
        var (kept, again) = (new PieceWriter(), new PieceWriter());
        List<byte[]> expected = [], written = [];
        for (var i = 0; i < 3_000; i++)
        {
            byte[] said = [.. BitConverter.GetBytes(1L), .. BitConverter.GetBytes((long)i), (byte)(i % 100), .. new byte[8 * (i % 100)], 0];
            var name = PackedRow.Name(Realm, $"identity:{i / 3}");
            kept.Add(i / 3, name, said);
            again.Add(i / 3, name, said);
            if (again.Whole < 2)
                continue;
            var pieces = again.Take(all: false);
            written.AddRange(pieces.Select(piece => piece.Rows.ToArray()));
            again.GiveBack(pieces);
        }

        expected.AddRange(kept.Take(all: true).Select(piece => piece.Rows.ToArray()));
        written.AddRange(again.Take(all: true).Select(piece => piece.Rows.ToArray()));
        Assert.InRange(expected.Count, 20, 1_000);
        Assert.Equal(expected, written);
    }

    [Fact]
    public void Batches_without_rows_are_not_kept()
    {
        var (rows, none) = (new UnsortedRows(), PackedRow.Pack([]));
        rows.Add(none);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < 10_000; i++)
            rows.Add(none);

        Assert.Equal(0, (GC.GetAllocatedBytesForCurrentThread() - before) / 10_000); // the runtime, too, allocates now and then
    }

    [Fact]
    public async Task A_piece_that_is_damaged_is_told_with_the_file_it_is_in()
    {
        await Append([Row("identity:a", Start)]);
        await index.Sort();
        await database.Write((connection, transaction) =>
        {
            connection.Run(transaction, "UPDATE piece SET rows = substr(rows, 1, length(rows) - 3)");
            return true;
        });

        var fault = Assert.Throws<InvalidDataException>(() => Answer("identity:a", DateTimeOffset.MaxValue, DateTimeOffset.MinValue, 10));
        Assert.Contains("index.db", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_row_is_what_was_packed()
    {
        var row = new EvidenceIndexRow(
            "réalm", "identity:" + new string('x', 300), 7, Start, [.. Enumerable.Range(0, 200).Select(i => (long)i << 40)], [new SpentAssertion(new AssertionHash(1, 2), Start)]);
        ReadOnlySpan<byte> rest = PackedRow.Pack([row, row]);

        Assert.Equal(2, PackedRow.TakeCount(ref rest));
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(PackedRow.Name(row.Realm, row.Subject), PackedRow.TakeName(ref rest).ToArray());
            var said = PackedRow.TakeSaid(ref rest);
            var read = PackedRow.Unpack(new SubjectKey(row.Realm, row.Subject), said);
            Assert.Equal((row.Shard, row.At, new AssertionHash(1, 2)), (read.Shard, read.At, read.Spent.Single().Hash));
            Assert.Equal(row.Positions, read.Positions);
            Assert.Equal((row.At.ToUnixTimeMilliseconds(), row.At.ToUnixTimeMilliseconds() + 1), (PackedRow.At(said), PackedRow.SpentUntil(said)));
        }

        Assert.True(rest.IsEmpty);
    }

    private void Check(Random random, DateTimeOffset clock)
    {
        var subject = Subject(random);
        var (until, since) = (clock.AddMilliseconds(-random.Next(-100, 500)), clock.AddMilliseconds(-random.Next(2_000)));
        var limit = random.Next(1, 40);
        var expected = written.Where(row => row.Subject == subject && row.At <= until && row.At >= since).Reverse().OrderByDescending(row => row.At).Take(limit);
        Assert.Equal(expected.Select(row => row.Positions[0]), Answer(subject, until, since, limit).Select(row => row.Positions[0]));

        var live = written.Where(row => row.Subject == subject).SelectMany(row => row.Spent).Where(spent => spent.Until >= clock).Select(spent => spent.Hash.Low).Order();
        Assert.Equal(live, Live(subject, clock).Where(spent => spent.Until > clock.AddMilliseconds(1)).Select(spent => spent.Hash.Low).Order());
    }

    private ImmutableArray<EvidenceIndexRow> Answer(string subject, DateTimeOffset until, DateTimeOffset since, int limit)
    {
        var rows = new NewestRows(Realm, subject, since.ToUnixTimeMilliseconds(), until.ToUnixTimeMilliseconds(), limit);
        index.Show(rows);
        return rows.Rows();
    }

    private ImmutableArray<SpentAssertion> Live(string subject, DateTimeOffset now)
    {
        var live = new LiveAssertions(Realm, subject, now);
        index.Show(live);
        return live.Found;
    }

    private async Task Append(ImmutableArray<EvidenceIndexRow> rows)
    {
        var (first, packed) = (rows[0].Positions[0], PackedRow.Pack(rows));
        var batch = EvidenceBatch.Create(Shard, first, Start, new ReadOnlyMemory<byte>[rows.Length], rows);
        await database.Write(
            (connection, transaction) =>
            {
                connection.Run(transaction, "INSERT INTO unsorted (shard, first, rows) VALUES ($shard, $first, $rows)", ("$shard", Shard), ("$first", first), ("$rows", packed));
                return true;
            },
            commit =>
            {
                commit();
                index.Remember(batch, packed);
            });
        written.AddRange(rows);
    }

    private async Task Drop(DateTimeOffset before)
    {
        await index.Drop(before);
        written.RemoveAll(row => row.At < before);
    }

    private EvidenceIndexRow Row(string subject, DateTimeOffset at, params ImmutableArray<SpentAssertion> spent) => new(Realm, subject, Shard, at, [position++], spent);

    /// <summary>Some are much more frequent than others.</summary>
    private static string Subject(Random random) => $"identity:{(int)Math.Pow(random.NextDouble() * 5, 2)}";

    private static ImmutableArray<SpentAssertion> Spent(Random random, DateTimeOffset at) =>
        random.Next(4) == 0 ? [new SpentAssertion(new AssertionHash(0, (ulong)random.NextInt64()), at.AddMilliseconds(50 * random.Next(1, 20) + 7))] : [];

    private void Reopen(int mostUnsorted)
    {
        database.Dispose();
        index.Dispose();
        (database, index) = Open(mostUnsorted);
    }

    private (SqliteDatabase Database, SubjectIndex Index) Open(int mostUnsorted)
    {
        var opened = new SqliteDatabase(Path.Combine(temporary.Path, "index.db"), check: false, 16 * 1024, SubjectIndex.Schema, SortedRuns.Schema);
        return (opened, new SubjectIndex(opened, NullLogger.Instance, mostUnsorted));
    }

    private int Count(string table) => database.Read(connection => Run(connection, $"SELECT count(*) FROM {table}"));

    private static int Run(Microsoft.Data.Sqlite.SqliteConnection connection, string sql)
    {
        using var query = new Statement(connection, sql);
        return (int)query.Run()!.Value;
    }
}
