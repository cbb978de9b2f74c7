using System.Text;
using Assay.Grains.Authority;
using Assay.Silo.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace Assay.Silo.Tests.Storage;

/// <summary>Two files that mean nothing without each other: what does not fit is refused by name and left as it is.</summary>
public sealed class SqliteStorageTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    private string State => Path.Combine(temporary.Path, "state.db");

    private string Evidence => Path.Combine(temporary.Path, "evidence.db");

    public void Dispose() => temporary.Dispose();

    [Fact]
    public async Task A_new_folder_is_made_and_opens_again()
    {
        await Use(records: 1);
        await Use(records: 1);

        Assert.True(File.Exists(State) && File.Exists(Evidence));
    }

    [Fact]
    public async Task Every_connection_is_durable()
    {
        await Use(records: 1);
        using var folder = DataFolder.Open(temporary.Path);
        using var database = new SqliteDatabase(folder.StateFile, check: true, 4096, SqliteAuthorityStore.Schema, SqliteEventStore.Schema, SqliteAuthorityStore.SchemaOfChanges);

        var reader = database.Read(Settings);
        var writer = await database.Write((connection, _) => Settings(connection));

        Assert.Equal(("wal", 2L), reader);
        Assert.Equal(("wal", 2L), writer);

        static (string, long) Settings(SqliteConnection connection)
        {
            using var mode = connection.Command(null, "PRAGMA journal_mode");
            using var synchronous = connection.Command(null, "PRAGMA synchronous");
            return ((string)mode.ExecuteScalar()!, (long)synchronous.ExecuteScalar()!);
        }
    }

    [Fact]
    public async Task A_missing_evidence_file_is_not_made_anew()
    {
        await Use(records: 1);
        File.Delete(Evidence);

        Refused(Evidence, "is missing beside state.db");
        Assert.False(File.Exists(Evidence));
    }

    [Fact]
    public async Task A_missing_state_file_is_not_made_anew_when_there_are_records()
    {
        await Use(records: 1);
        File.Delete(State);

        Refused(State, "is missing beside an evidence.db that holds records");
        Assert.False(File.Exists(State));
    }

    [Fact]
    public async Task A_first_start_that_was_cut_short_between_the_files_is_finished()
    {
        await Use(records: 0);
        File.Delete(State);

        await Use(records: 1);
    }

    [Fact]
    public async Task Files_of_two_folders_do_not_fit_together()
    {
        await Use(records: 1);
        using var other = new TemporaryFolder();
        await Use(records: 1, other.Path);
        File.Copy(Path.Combine(other.Path, "evidence.db"), Evidence, overwrite: true);

        Refused(Evidence, "does not belong to the state.db beside it");
    }

    [Fact]
    public async Task A_state_file_from_an_older_copy_is_noticed()
    {
        await Use(records: 1);
        var copy = await File.ReadAllBytesAsync(State);
        await Use(records: 1);
        await File.WriteAllBytesAsync(State, copy);

        Refused(State, "is older than evidence.db: it knows epochs up to 1, and there is evidence of epoch 2");
    }

    [Theory]
    [InlineData("state.db")]
    [InlineData("evidence.db")]
    public async Task A_file_that_is_no_database_is_named_and_left_as_it_is(string name)
    {
        await Use(records: 1);
        var file = Path.Combine(temporary.Path, name);
        await File.WriteAllTextAsync(file, new string('x', 5000));

        Refused(file, "cannot be opened");
        Assert.Equal(new string('x', 5000), await File.ReadAllTextAsync(file));
    }

    [Fact]
    public async Task Damage_inside_the_state_is_noticed_at_the_start()
    {
        await Use(records: 1);
        var bytes = await File.ReadAllBytesAsync(State);
        Array.Fill(bytes, (byte)0xA5, 4096, 8192); // two pages of tables
        await File.WriteAllBytesAsync(State, bytes);

        Refused(State, "cannot be opened");
        Assert.Equal(bytes, await File.ReadAllBytesAsync(State));
    }

    [Fact]
    public async Task Only_what_may_be_lost_is_not_flushed_whatever_became_of_it()
    {
        using var database = new SqliteDatabase(State, check: false, 4096);
        static long Synchronous(SqliteConnection connection, SqliteTransaction transaction)
        {
            using var query = connection.Command(transaction, "PRAGMA synchronous");
            return (long)query.ExecuteScalar()!;
        }

        Assert.Equal(2, await database.Write(Synchronous)); // FULL
        Assert.Equal(1, await database.WriteUnflushed(Synchronous)); // NORMAL
        Assert.Equal(2, await database.Write(Synchronous));
        await Assert.ThrowsAsync<IOException>(() => database.WriteUnflushed<int>((_, _) => throw new IOException("in the middle")));
        Assert.Equal(2, await database.WriteWithin(transact => transact(), Synchronous));
    }

    [Fact]
    public async Task A_file_of_a_newer_program_is_left_to_it()
    {
        await Use(records: 1);
        using (var connection = new SqliteConnection($"Data Source={State};Pooling=False"))
        {
            connection.Open();
            connection.Run(null, "INSERT INTO schema_version VALUES (99)");
        }

        Refused(State, "is of schema version 99, and this program knows up to 3");
    }

    [Fact]
    public async Task A_copy_taken_while_it_is_written_opens_and_holds_what_was_durable()
    {
        using var folder = DataFolder.Open(temporary.Path);
        using var storage = new SqliteStorage(folder, TimeProvider.System);
        var epoch = (await storage.Authority.Join(new SiloPlace("one", "one"), TimeSpan.FromMinutes(1), default)).Epoch;
        await Append(storage, epoch, 0);
        using var copy = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(temporary.Path))
        {
            if (Path.GetFileName(file) != "lock" && !file.EndsWith("-shm", StringComparison.Ordinal))
                File.Copy(file, Path.Combine(copy.Path, Path.GetFileName(file))); // as the disk would be after a power cut
        }

        await Append(storage, epoch, 1);

        using var copied = DataFolder.Open(copy.Path);
        using var reopened = new SqliteStorage(copied, TimeProvider.System);
        Assert.Equal("record 0", Encoding.UTF8.GetString((await reopened.Log.Find(epoch, 0, default))!.Records[0].Span));
        Assert.Null(await reopened.Log.Find(epoch, 1, default));
    }

    private void Refused(string file, string how)
    {
        using var folder = DataFolder.Open(temporary.Path);
        var fault = Assert.Throws<InvalidDataException>(() => new SqliteStorage(folder, TimeProvider.System));
        Assert.Contains($"'{file}' {how}", fault.Message, StringComparison.Ordinal);
    }

    private async Task Use(int records, string? path = null)
    {
        using var folder = DataFolder.Open(path ?? temporary.Path);
        using var storage = new SqliteStorage(folder, TimeProvider.System);
        if (records == 0)
            return;
        var epoch = (await storage.Authority.Join(new SiloPlace("one", "one"), TimeSpan.FromMinutes(1), default)).Epoch;
        for (var position = 0; position < records; position++)
            await Append(storage, epoch, position);
    }

    private static async Task Append(SqliteStorage storage, long epoch, long position)
    {
        var batch = EvidenceBatch.Create(epoch, position, DateTimeOffset.UnixEpoch, [Encoding.UTF8.GetBytes($"record {position}")], []);
        Assert.Equal(BatchResult.Committed, await storage.Log.Append(batch, default));
    }
}
