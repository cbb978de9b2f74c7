using System.Text.Json;
using Assay.Cluster.Tests.Running;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Tests.Running;
using Assay.Tests.Shared;

namespace Assay.Silo.Tests.Replaying;

/// <summary>A silo with a long past, and a candidate that takes one role out of the policies.</summary>
public sealed class ReplayTrial(ITestOutputHelper output)
{
    private static readonly int Records = LongTests.Size(5_000, 1_000_000);

    [Fact]
    public async Task A_replay_names_exactly_those_who_would_lose_by_a_role_that_is_gone()
    {
        await using var silo = await RunningSilo.Start();
        await silo.Kill();
        var past = new RecordedHistory(LongTests.Size(211, 2003));
        using (var folder = DataFolder.Open(silo.Data))
        using (var storage = new SqliteStorage(folder, TimeProvider.System))
            await StoredHistory.Write(storage, past, Records, recordsPerBatch: LongTests.Size(500, 100), TimeProvider.System.GetUtcNow().AddMinutes(-1));
        await silo.Start();

        var replayed = await silo.Assay(
            "policy", "replay", "--version", RecordedHistory.WithoutExporters.ContentHash(), "--since", "7d", "--limit", "2000000", "--fail-on", "lose", "--output", "json");

        Assert.True(replayed.ExitCode == 4, replayed.Errors);
        using var json = JsonDocument.Parse(replayed.Output);
        var report = json.RootElement;
        var changes = report.GetProperty("changes").EnumerateArray().ToArray();
        Assert.Equal(
            past.Losing.Select(one => (one.Key, one.Value)).Order(),
            changes.Select(change => (change.GetProperty("identity").GetString()!, change.GetProperty("decisions").GetInt64())).Order());
        Assert.All(changes, change => Assert.Equal(("lost", "ledger.export"), (change.GetProperty("kind").GetString(), change.GetProperty("scope").GetString())));
        Assert.Equal((Records, 0, false), (report.GetProperty("decided").GetInt64(), report.GetProperty("leftOut").GetProperty("count").GetInt64(), report.GetProperty("limitReached").GetBoolean()));
        Assert.Contains($"{past.Losing.Count} identities lose (--fail-on lose:1)", replayed.Errors);

        var seconds = report.GetProperty("elapsedSeconds").GetDouble();
        output.WriteLine($"{Records:N0} recorded decisions of {past.Beginnings.Count:N0} identities decided again in {seconds:F2} s, {Records / seconds:N0} a second; {past.Losing.Count} identities lose");
    }
}
