using System.Collections.Immutable;
using Assay.Core.Decisions;
using Assay.Core.Evidence;
using Assay.Core.Risk;
using Assay.Core.Transparency;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Silo.Evidence;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Storage.Sqlite.Rebuilding;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Assay.Silo.Tests.Storage;

/// <summary>An index that is made anew from the records, beside the one that was written with them.</summary>
public sealed class EvidenceRebuildTests : IDisposable
{
    private const int Identities = 7;
    private static readonly TimeSpan Life = TimeSpan.FromDays(30);
    private static readonly SiloIdentity Self = new("https://assay.example", "silo-1");

    private readonly TemporaryFolder temporary = new();
    private readonly TestClock clock = new();
    private DataFolder folder;
    private SqliteStorage? storage;
    private long shard;
    private int assertions;

    public EvidenceRebuildTests()
    {
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, clock);
    }

    public void Dispose()
    {
        storage?.Dispose();
        folder.Dispose();
        temporary.Dispose();
    }

    [Theory]
    [InlineData(5)]
    [InlineData(65_536)]
    public async Task Made_anew_it_answers_as_before_and_every_batch_is_as_it_was(int mostUnsorted)
    {
        await Write();
        await storage!.Trees.Drop(clock.GetUtcNow() - TimeSpan.FromSeconds(90), int.MaxValue, default);
        await storage.Trees.Drop(clock.GetUtcNow() - TimeSpan.FromSeconds(90), int.MaxValue, default);
        await Write();
        var (answers, batches) = (await Answers(), await Batches());
        var (all, dropped) = (batches.Sum(batch => batch.Count), batches.Where(batch => batch.IsDropped).Sum(batch => batch.Count));
        Assert.InRange(dropped, 1, all / 2);
        Close();

        var rebuilt = await new EvidenceRebuild(folder, clock, mostUnsorted).Run(static (_, _) => { });

        Assert.Equal(new RebuiltIndex(batches.Length, all - dropped, dropped, answers.Rows.Length, 0), rebuilt);
        Assert.Equal([folder.EvidenceFile + ".old"], Beside());
        Open();
        Assert.Equal(batches, await Batches());
        await AssertAnswers(answers);
        await Write(); // and goes on
        Assert.NotEqual(answers.Rows.Length, (await Answers()).Rows.Length);
    }

    [Theory]
    [InlineData("UPDATE piece SET rows = substr(rows, 1, length(rows) - 3)")]
    [InlineData("UPDATE piece SET rows = x'FFFF'")]
    [InlineData("INSERT INTO unsorted (shard, first, rows) VALUES (1, 0, x'FFFFFFFF0F')")]
    [InlineData("piece")] // a page that is lost, of a table and of an index
    [InlineData("piece_of_subject")]
    [InlineData("unsorted")]
    [InlineData("run")]
    public async Task What_is_damaged_denies_and_names_the_way_out_and_then_answers_as_before(string damage)
    {
        await Write();
        var (answers, batches) = (await Answers(), await Batches());
        Close();
        Open(); // sorted
        Close();
        if (damage.Contains(' '))
            Execute(damage);
        else
            LosePage(damage);
        var fault = await Assert.ThrowsAsync<InvalidDataException>(async () =>
        {
            Open();
            await Answers();
        });
        Assert.Contains(folder.EvidenceFile, fault.Message, StringComparison.Ordinal);
        Assert.Contains("Assay.Silo reindex", fault.Message, StringComparison.Ordinal);
        Close();

        await new EvidenceRebuild(folder, clock).Run(static (_, _) => { });

        Open();
        await AssertAnswers(answers);
        Assert.Equal(batches, await Batches());
    }

    /// <remarks>At position 4 there is a batch of one record, whatever shared commits.</remarks>
    [Theory]
    [InlineData("UPDATE batch SET payload = CAST(replace(CAST(payload AS TEXT), 'silo-1', 'silo-2') AS BLOB) WHERE first = 4", "position 4 is damaged")]
    [InlineData("UPDATE batch SET payload = x'' WHERE first = 4", "position 4 is damaged")]
    [InlineData("UPDATE batch SET payload = x'', salts = x'', leaves = NULL WHERE first = 4", "position 4 is damaged")]
    [InlineData("UPDATE batch SET salts = zeroblob(length(salts)) WHERE first = 4", "the record at position 4 does not fit")]
    [InlineData("UPDATE batch SET leaves = zeroblob(length(leaves)) WHERE first = 4", "the record at position 4 does not fit")]
    [InlineData("UPDATE batch SET leaves = NULL WHERE first = 4", "position 4 is damaged")]
    [InlineData("UPDATE batch SET root = zeroblob(32) WHERE first = 4", "position 4 is damaged")]
    [InlineData("UPDATE batch SET count = -1 WHERE first = 4", "position 4 is damaged")]
    [InlineData("DELETE FROM batch WHERE first = 4", "position 5 is damaged: it follows on position 3")]
    [InlineData("batch", "cannot be read")]
    public async Task A_batch_that_is_not_what_was_committed_stops_it_with_its_place_and_the_old_index_stays(string damage, string told)
    {
        await Write();
        var answers = await Answers();
        Close();
        if (damage.Contains(' '))
            Execute(damage);
        else
            LosePage(damage);

        var fault = await Assert.ThrowsAsync<InvalidDataException>(() => new EvidenceRebuild(folder, clock, mostUnsorted: 2).Run(static (_, _) => { }));

        Assert.Contains(told, fault.Message, StringComparison.Ordinal);
        Assert.Contains($"'{folder.EvidenceFile}' is as it was", fault.Message, StringComparison.Ordinal);
        Assert.Empty(Beside());
        if (damage == "batch")
            return; // no silo starts on it
        Open();
        await AssertAnswers(answers);
    }

    [Theory]
    [InlineData(null, "cannot be read: evidence: not JSON")]
    [InlineData(77L, "says that it is 77")]
    public async Task A_record_that_is_none_of_its_place_stops_it_with_its_place(long? position, string told)
    {
        var appender = await Appender();
        var slot = appender.Reserve()!;
        slot.Fill(position is { } other ? (Permit(slot, "build-agent", null) with { Position = other }).Encode() : "{"u8.ToArray(), default);
        await End(appender);
        Close();

        var fault = await Assert.ThrowsAsync<InvalidDataException>(() => new EvidenceRebuild(folder, clock).Run(static (_, _) => { }));

        Assert.Contains($"The record at position 0 of shard {shard} {told}", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Killed_in_the_middle_it_left_the_index_of_before_and_is_run_again()
    {
        await Write();
        var answers = await Answers();
        Close();
        var at = Path.Combine(temporary.Path, "as-killed");
        Directory.CreateDirectory(at);
        var steps = 0;
        await new EvidenceRebuild(folder, clock, mostUnsorted: 5).Run((records, part) =>
        {
            Assert.InRange(part, 0, 1);
            if (steps++ == 3)
            {
                foreach (var file in Directory.GetFiles(folder.Folder, "evidence.db*"))
                    File.Copy(file, Path.Combine(at, Path.GetFileName(file)));
            }
        });
        Assert.InRange(steps, 5, int.MaxValue);
        File.Delete(folder.EvidenceFile + ".old");
        foreach (var file in Directory.GetFiles(at))
            File.Move(file, Path.Combine(folder.Folder, Path.GetFileName(file)), overwrite: true);
        Assert.True(new FileInfo(folder.EvidenceFile + ".new").Length > 0);

        Open();
        var before = await Answers(); // by the index of before
        Assert.Equal(answers.Rows.Concat(answers.Spent), before.Rows.Concat(before.Spent));
        Close();
        await new EvidenceRebuild(folder, clock).Run(static (_, _) => { });

        Assert.Equal([folder.EvidenceFile + ".old"], Beside());
        Open();
        await AssertAnswers(answers);
    }

    [Fact]
    public async Task A_file_of_before_there_were_trees_is_made_anew_too()
    {
        await Write();
        var answers = await Answers();
        Close();
        Execute(
            """
            ALTER TABLE batch DROP COLUMN salts; ALTER TABLE batch DROP COLUMN leaves; ALTER TABLE batch DROP COLUMN root; ALTER TABLE batch DROP COLUMN signature;
            DROP TABLE unsorted; DROP TABLE run; DROP TABLE piece; DELETE FROM schema_version WHERE version > 2;
            """);

        await new EvidenceRebuild(folder, clock).Run(static (_, _) => { });

        Open();
        await AssertAnswers(answers);
    }

    [Fact]
    public async Task A_file_of_a_newer_program_is_left_alone()
    {
        Close();
        Execute("INSERT INTO schema_version VALUES (1000)");

        var fault = await Assert.ThrowsAsync<InvalidDataException>(() => new EvidenceRebuild(folder, clock).Run(static (_, _) => { }));

        Assert.Contains("schema version 1000", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Until_it_has_expired_an_assertion_that_a_record_of_before_spent_for_it_does_not_say_whom_is_waited_for()
    {
        var appender = await Appender();
        var slot = appender.Reserve()!;
        slot.Fill(
            new EvidenceRecord { Kind = EvidenceKind.Void, Shard = slot.Shard, Position = slot.Position, Node = "silo-1", Time = clock.GetUtcNow(), SpentAssertion = Spent().Hash.ToString() }.Encode(), default);
        await End(appender);
        Close();

        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => new EvidenceRebuild(folder, clock).Run(static (_, _) => { }));
        Assert.Contains("Until 2026-11-24 00:06:", fault.Message, StringComparison.Ordinal);
        Assert.Empty(Beside());

        clock.Advance(DecisionOptions.LongestTimely + TimeSpan.FromSeconds(10));
        Assert.Equal(new RebuiltIndex(1, 1, 0, 0, 0), await new EvidenceRebuild(folder, clock).Run(static (_, _) => { }));
    }

    [Fact]
    public async Task An_act_of_before_acts_said_whom_they_are_about_is_found_by_who_did_it_and_by_what_it_was_done_to()
    {
        var appender = await Appender();
        foreach (var target in (string[])["build-agent", "alice"])
        {
            var slot = appender.Reserve()!;
            var act = new AdminAct("alice", "disable identity", target, 7);
            slot.Fill(new EvidenceRecord { Kind = EvidenceKind.Admin, Shard = slot.Shard, Position = slot.Position, Node = "silo-1", Time = clock.GetUtcNow(), Admin = act }.Encode(), default);
        }

        await End(appender);
        Close();

        var rebuilt = await new EvidenceRebuild(folder, clock).Run(static (_, _) => { });

        Assert.Equal((2L, 2L), (rebuilt.ActsOfBefore, rebuilt.Rows));
        Open();
        Assert.Equal([0, 1], (await storage!.Log.Index("default", EvidenceSubject.Identity("alice"), DateTimeOffset.UnixEpoch, 10, default)).Single().Positions);
        Assert.Equal([0], (await storage.Log.Index("default", EvidenceSubject.Identity("build-agent"), DateTimeOffset.UnixEpoch, 10, default)).Single().Positions);
    }

    /// <summary>Two shards, one after the other, of records of every kind, some by themselves and some in one batch.</summary>
    private async Task Write()
    {
        for (var silo = 0; silo < 2; silo++)
        {
            var appender = await Appender();
            var running = appender.Run(default);
            var acts = new ActLog(appender, Self, clock);
            for (var i = 0; i < 8; i++)
            {
                var pending = new List<Task<bool>>();
                for (var j = 0; j <= i % 3; j++)
                    pending.Add(Decide(appender, $"agent-{(i * i + j) % Identities}", isPermit: j < 2, spent: i % 2 == 0 ? Spent() : null));
                Assert.DoesNotContain(false, await Task.WhenAll(pending));
                clock.Advance(TimeSpan.FromSeconds(7));
                Assert.True(i % 4 != 0 || await acts.Record(new AdminAct("alice", "contain credential", $"thumb-{i}", i, new ActDetails("stolen", ["revoked it"])), $"agent-{i % Identities}"));
                Assert.True(i % 4 != 1 || await acts.Record(new AdminAct("agent-1", "revoke token", "jti", i), "agent-1", Spent()));
                Assert.True(i % 4 != 2 || await acts.Keep($"agent-{i % Identities}", Spent()));
                if (i % 4 == 3)
                {
                    using var slot = appender.Reserve()!;
                    var heads = new LogHeads([new ShardHead(shard, 1, TreeHash.Empty)]);
                    slot.Fill(new EvidenceRecord { Kind = EvidenceKind.Checkpoint, Shard = slot.Shard, Position = slot.Position, Node = "silo-1", Time = clock.GetUtcNow(), Heads = heads }.Encode(), default);
                    appender.Reserve()!.Dispose(); // nothing came of it
                    Assert.True(await slot.Committed);
                }
            }

            appender.Close();
            await running;
            await storage!.Authority.Leave(shard, default);
        }
    }

    private Task<bool> Decide(EvidenceAppender appender, string identity, bool isPermit, SpentAssertion? spent)
    {
        var slot = appender.Reserve()!;
        var record = Permit(slot, identity, spent);
        slot.Fill((isPermit ? record : Refused(record)).Encode(), new EvidenceEntry("default", identity, record.Input!.CredentialHandle, spent));
        return slot.Committed;
    }

    private EvidenceRecord Permit(EvidenceSlot slot, string identity, SpentAssertion? spent) => new()
    {
        Kind = EvidenceKind.Permit,
        Shard = slot.Shard,
        Position = slot.Position,
        Node = "silo-1",
        Time = clock.GetUtcNow(),
        RequestId = Guid.NewGuid(),
        Input = new DecisionInput
        {
            Realm = "default", ClientId = identity, Time = clock.GetUtcNow(), GrantType = "client_credentials", AuthenticationMethod = "private_key_jwt",
            CredentialHandle = spent is null ? "secret-shared" : $"thumb-{identity}", Resource = "https://payments.example", Scopes = ["read"], Risk = RiskAssessment.None,
            EntitlementAge = TimeSpan.Zero, RiskAge = TimeSpan.Zero, IdentityNumber = 1, DirectoryNumber = 1, PolicyDomain = "tokens", PolicyVersion = "abc",
            DefaultLifetime = TimeSpan.FromMinutes(5), MaxLifetime = TimeSpan.FromMinutes(15),
        },
        Verdict = new Verdict([new ScopeDecision { Scope = "read", Outcome = ScopeOutcome.Granted }], TimeSpan.FromMinutes(5)),
        JwtId = $"jti-{slot.Shard}-{slot.Position}",
        KeyId = "kid-1",
        ExpiresAt = clock.GetUtcNow().AddMinutes(5),
        SigningInputHash = new string('A', 43),
        SpentAssertion = spent?.Hash.ToString(),
    };

    private static EvidenceRecord Refused(EvidenceRecord permit) => permit with
    {
        Kind = EvidenceKind.Refusal, Verdict = null, JwtId = null, KeyId = null, ExpiresAt = null, SigningInputHash = null, Refusal = "UnknownResource", Error = "invalid_target",
    };

    /// <summary>One that expires in a minute.</summary>
    private SpentAssertion Spent() => new(new AssertionHash(0xFEED, (ulong)++assertions), clock.GetUtcNow().AddSeconds(60) + DecisionOptions.AssertionLeeway);

    private async Task<EvidenceAppender> Appender()
    {
        shard = (await storage!.Authority.Join(new SiloPlace("one", $"one {Guid.NewGuid()}"), Life, default)).Epoch;
        var lease = new SiloLease(Life, TimeSpan.Zero, clock);
        lease.Begin(shard, lease.Ask());
        return new EvidenceAppender(
            storage.Log, lease,
            (of, position) => new EvidenceRecord { Kind = EvidenceKind.Void, Shard = of, Position = position, Node = "silo-1", Time = clock.GetUtcNow() }.Encode(),
            new EvidenceOptions(), clock, NullLogger.Instance);
    }

    private static async Task End(EvidenceAppender appender)
    {
        appender.Close();
        await appender.Run(default);
    }

    /// <summary>Every row of every subject, and what is spent and may still count.</summary>
    private async Task<(string[] Rows, string[] Spent)> Answers()
    {
        string[] subjects =
        [
            .. Enumerable.Range(0, Identities).SelectMany(i => (string[])[EvidenceSubject.Identity($"agent-{i}"), EvidenceSubject.Credential($"thumb-agent-{i}")]),
            EvidenceSubject.Identity("alice"), EvidenceSubject.Identity("build-agent"), EvidenceSubject.Credential("secret-shared"),
        ];
        var rows = new List<string>();
        foreach (var subject in subjects)
        {
            foreach (var row in await storage!.Log.Index("default", subject, DateTimeOffset.UnixEpoch, int.MaxValue, default))
                rows.Add($"{subject} {row.Shard} {row.At:O} {string.Join(',', row.Positions)} {string.Join(',', row.Spent.Select(spent => spent.Hash))}");
        }

        var keys = subjects.Select(subject => new SubjectKey("default", subject)).ToImmutableArray();
        var spent = (await storage!.Log.Spent(keys, clock.GetUtcNow(), default)).SelectMany((found, i) => found.Select(one => $"{subjects[i]} {one.Hash}"));
        return ([.. rows], [.. spent.Order(StringComparer.Ordinal)]);
    }

    /// <summary>What is spent is remembered at least as long, and no longer than it can count.</summary>
    private async Task AssertAnswers((string[] Rows, string[] Spent) expected)
    {
        var now = await Answers();
        Assert.Equal(expected.Rows, now.Rows);
        Assert.NotEmpty(expected.Spent);
        Assert.Subset(now.Spent.ToHashSet(), expected.Spent.ToHashSet());
        clock.Advance(DecisionOptions.LongestTimely + TimeSpan.FromSeconds(1));
        Assert.Empty((await Answers()).Spent);
    }

    private async Task<ImmutableArray<(long Shard, long First, int Count, bool IsDropped, string Content)>> Batches()
    {
        var batches = ImmutableArray.CreateBuilder<(long, long, int, bool, string)>();
        foreach (var head in await storage!.Trees.Heads(null, default))
        {
            foreach (var batch in await storage.Trees.Batches(head.Shard, 0, int.MaxValue, default))
            {
                var content = string.Join(' ', new[] { batch.Payload, batch.Salts, batch.Leaves, batch.Root, batch.Signature }.Select(bytes => Convert.ToHexString(bytes.Span)));
                batches.Add((batch.Shard, batch.FirstPosition, batch.Count, batch.Payload.IsEmpty, $"{batch.CommittedAt:O} {batch.Checksum} {content}"));
            }
        }

        return batches.DrainToImmutable();
    }

    /// <summary>What lies beside the evidence file while nobody uses it.</summary>
    private string[] Beside() => [.. Directory.GetFiles(folder.Folder).Where(file => file.StartsWith(folder.EvidenceFile, StringComparison.Ordinal) && file != folder.EvidenceFile)];

    private void Open() => storage = new SqliteStorage(folder, clock);

    private void Close()
    {
        storage?.Dispose();
        storage = null;
    }

    private void Execute(string sql)
    {
        using var connection = Connect();
        Assert.NotEqual(0, connection.Run(null, sql));
    }

    /// <summary>Of a table or of an index: all of it hangs on it.</summary>
    private void LosePage(string of)
    {
        long page, size;
        using (var connection = Connect())
        {
            using var query = new Statement(connection, $"SELECT rootpage FROM sqlite_schema WHERE name = '{of}'");
            page = query.Run()!.Value;
            using var pageSize = new Statement(connection, "PRAGMA page_size");
            size = pageSize.Run()!.Value;
        }

        using var file = new FileStream(folder.EvidenceFile, FileMode.Open);
        file.Position = (page - 1) * size;
        file.Write(new byte[size]);
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={folder.EvidenceFile};Pooling=False");
        connection.Open();
        return connection;
    }
}
