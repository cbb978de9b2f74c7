using System.Text.Json;
using Assay.Silo.Tests.Admin;
using Assay.Silo.Tests.Conformance;
using Assay.Silo.Tests.Running;
using static Assay.Silo.Tests.Conformance.TokenQuestions;
using static Assay.Silo.Tests.Running.TokenRequests;

namespace Assay.Silo.Tests.Recovery;

/// <summary>Yesterday's data folder in place of today's.</summary>
public sealed class RecoverTests
{
    [Fact(Timeout = 300_000)]
    public async Task What_the_lost_day_issued_is_inactive_and_nothing_it_used_is_used_again()
    {
        // Yesterday.
        await using var silo = await RunningSilo.Start();
        var yesterday = await silo.AskAs("payments-exporter", ("resource", Payments));
        await silo.Kill();
        var copy = Path.Combine(silo.Folder, "yesterday");
        CopyFolder(silo.Data, copy);

        // Today.
        await silo.Start();
        var assertion = Assertion.For(silo, "payments-exporter").Sign();
        var today = await silo.Ask(assertion, ("resource", Payments));
        var change = await silo.Admin("POST", "identities/acme-crm/disable", """{"reason":"leaver"}""");
        Assert.Equal(200, change.Status);
        var lost = await silo.AskAs("payments-exporter", ("resource", Payments));
        Assert.True(await IsActive(silo, lost.Token));
        var saved = Path.Combine(silo.Folder, "saved.txt");
        await File.WriteAllTextAsync(saved, await CheckpointAfter(silo, lost));
        await silo.UntilSeen(change.Number);
        await silo.Kill();

        // Yesterday's folder is put in its place.
        Directory.Delete(silo.Data, recursive: true);
        CopyFolder(copy, silo.Data);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(silo.Start);
        Assert.Contains("The database is older than it was", refused.Message);

        var recovered = await silo.Run("recover", "--checkpoint", saved);

        Assert.True(recovered.ExitCode == 0, recovered.Output);
        Assert.Contains("Timeline 2 is open", recovered.Output);
        Assert.Contains("are lost.", recovered.Output);
        await silo.Start();
        Assert.Equal((true, false, false), (await IsActive(silo, yesterday.Token), await IsActive(silo, today.Token), await IsActive(silo, lost.Token)));
        Assert.Equal("other-timeline", (await silo.Admin("POST", "introspect", JsonSerializer.Serialize(new { token = lost.Token }))).Body.GetProperty("because").GetString());
        Assert.Equal((401, "invalid_client"), await Refused(silo, assertion)); // it bought a token in the lost day

        // What is new is fine, and like nothing that was there.
        var fresh = new List<string>();
        for (var i = 0; i < 3; i++)
            fresh.Add((await silo.AskAs("payments-exporter", ("resource", Payments))).Token);
        Assert.True(await IsActive(silo, fresh[0]));
        var jtis = fresh.Concat([yesterday.Token, today.Token, lost.Token]).Select(Jti).ToList();
        Assert.Equal(jtis.Count, jtis.Distinct().Count());

        // The log verifies, and says of the lost day where the history that was given up ends.
        var intact = await silo.Assay("evidence", "verify");
        Assert.True(intact.ExitCode == 0, intact.Errors);
        Assert.Contains("opened timeline 2", intact.Output.ReplaceLineEndings(" "));
        var held = await silo.Assay("evidence", "verify", "--checkpoint", saved);
        Assert.Equal(1, held.ExitCode);
        Assert.Contains("of a history that was given up", held.Errors.ReplaceLineEndings(" "));
    }

    [Fact]
    public async Task A_recovery_wants_the_key_and_the_database_that_are_there()
    {
        using var folder = new Storage.TemporaryFolder();

        var nothing = await RunningSilo.Run(folder.Path, folder.Path, "recover", "--data", Path.Combine(folder.Path, "data"));

        Assert.Equal(1, nothing.ExitCode);
        Assert.Contains("The key-encryption key file", nothing.Output);
        Assert.Contains("does not exist", nothing.Output);
    }

    private static async Task<(int, string?)> Refused(RunningSilo silo, string assertion)
    {
        var answer = await silo.Ask(assertion, ("resource", Payments));
        return (answer.Status, answer.Error);
    }

    private static async Task<bool> IsActive(RunningSilo silo, string token) => (await silo.Introspect(ResourceServer, token)).Json.GetProperty("active").GetBoolean();

    private static string Jti(string token)
    {
        using var claims = JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1]));
        return claims.RootElement.GetProperty("jti").GetString()!;
    }

    /// <summary>A checkpoint that covers the record of a token.</summary>
    private static async Task<string> CheckpointAfter(RunningSilo silo, Answer issued)
    {
        var place = (await silo.Admin("GET", $"evidence/{issued.Claims.GetProperty("jti").GetString()}/proof")).Body;
        var (shard, position) = (place.GetProperty("shard").GetInt64(), place.GetProperty("position").GetInt64());
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            var note = await silo.Http.GetStringAsync(silo.Url + "/log/checkpoint", patience.Token);
            if (note.Split('\n').Any(line => line.Split(' ') is ["shard", var number, var size, ..] && long.Parse(number) == shard && long.Parse(size) > position))
                return note;
            await Task.Delay(20, patience.Token);
        }
    }

    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var folder in Directory.GetDirectories(from, "*", SearchOption.AllDirectories))
            Directory.CreateDirectory(folder.Replace(from, to, StringComparison.Ordinal));
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
            File.Copy(file, file.Replace(from, to, StringComparison.Ordinal));
    }
}
