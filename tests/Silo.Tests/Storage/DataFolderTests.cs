using System.Globalization;
using System.Text;
using Assay.Grains.Authority;
using Assay.Silo.Storage.Sqlite;

namespace Assay.Silo.Tests.Storage;

public sealed class DataFolderTests : IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void It_is_made_when_it_is_not_there_and_only_for_its_owner()
    {
        var path = Path.Combine(temporary.Path, "new", ".assay");

        using var folder = DataFolder.Open(path);

        Assert.Equal(path, folder.Folder);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(path));
    }

    [Fact]
    public void A_second_holder_in_this_process_is_refused_by_name()
    {
        using var folder = DataFolder.Open(temporary.Path);

        var fault = Assert.Throws<IOException>(() => DataFolder.Open(temporary.Path));
        Assert.Contains(temporary.Path, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_process_holds_it_until_it_is_killed()
    {
        using var child = StorageChild.Start(StorageChild.Hold, temporary.Path);
        Assert.Equal("held", await child.StandardOutput.ReadLineAsync().WaitAsync(Soon));

        var fault = Assert.Throws<IOException>(() => DataFolder.Open(temporary.Path));
        Assert.Contains($"'{temporary.Path}' is in use by another silo", fault.Message, StringComparison.Ordinal);

        child.Kill(); // SIGKILL: it cannot clean up
        await child.WaitForExitAsync().WaitAsync(Soon);
        DataFolder.Open(temporary.Path).Dispose();
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_refused_by_name()
    {
        var file = Path.Combine(temporary.Path, "file");
        File.WriteAllText(file, "");

        var fault = Assert.Throws<IOException>(() => DataFolder.Open(Path.Combine(file, "data")));
        Assert.Contains(Path.Combine(file, "data"), fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whatever_a_killed_process_reported_as_durable_is_there_and_positions_have_no_gaps()
    {
        var rounds = Environment.GetEnvironmentVariable("ASSAY_LONG_TESTS") == "1" ? 20 : 4;
        var reported = new List<(string What, long First, long Second)>();
        for (var round = 0; round < rounds; round++)
        {
            using var child = StorageChild.Start(StorageChild.Write, temporary.Path);
            for (var line = 0; line < 200 + (round * 37); line++)
                reported.Add(Parse(await child.StandardOutput.ReadLineAsync().WaitAsync(Soon)));
            child.Kill();
            while (await child.StandardOutput.ReadLineAsync().WaitAsync(Soon) is { } rest)
            {
                if (rest.Count(c => c == ' ') == 2 && char.IsAsciiDigit(rest[^1]) && child.StandardOutput.Peek() >= 0)
                    reported.Add(Parse(rest)); // the very last line may be cut off
            }

            await child.WaitForExitAsync().WaitAsync(Soon);
        }

        using var folder = DataFolder.Open(temporary.Path);
        using var storage = new SqliteStorage(folder, TimeProvider.System);
        var exporter = new SubjectKey("default", EvidenceSubject.Identity("exporter"));
        var spent = (await storage.Log.Spent([exporter], DateTimeOffset.UnixEpoch, default)).Single().Select(one => one.Hash).ToHashSet();
        foreach (var (what, first, second) in reported)
        {
            if (what == "changed")
            {
                Assert.Equal(first, (await storage.Authority.ReadAsOf(new ObjectKey("default", ObjectKinds.Api, "counted"), first, default))?.Number);
                continue;
            }

            var batch = await storage.Log.Find(first, second, default);
            Assert.Equal(StorageChild.Content(first, second), Encoding.UTF8.GetString(batch!.Records[(int)(second - batch.FirstPosition)].Span));
            Assert.Contains(StorageChild.Spent(first, second).Hash, spent);
        }

        Assert.Equal(rounds, reported.Where(one => one.What == "left").Select(one => one.First).Distinct().Count()); // an epoch each
        for (var shard = 1; shard <= rounds; shard++)
        {
            var position = 0L;
            while (await storage.Log.Find(shard, position, default) is { } batch)
            {
                Assert.Equal(position, batch.FirstPosition);
                position += batch.Records.Length;
            }

            Assert.True(position > reported.Where(one => one.What == "left" && one.First == shard).Max(one => one.Second));
        }
    }

    private static (string What, long First, long Second) Parse(string? line)
    {
        var words = line!.Split(' ');
        return (words[0], long.Parse(words[1], CultureInfo.InvariantCulture), long.Parse(words[2], CultureInfo.InvariantCulture));
    }
}
