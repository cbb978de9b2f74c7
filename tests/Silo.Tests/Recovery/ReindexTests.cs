using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Tests.Admin;
using Assay.Silo.Tests.Conformance;
using Assay.Silo.Tests.Running;
using Microsoft.Data.Sqlite;
using static Assay.Silo.Tests.Conformance.TokenQuestions;
using static Assay.Silo.Tests.Running.TokenRequests;

namespace Assay.Silo.Tests.Recovery;

/// <summary>The index of the evidence is damaged under a real silo, and made anew.</summary>
public sealed class ReindexTests
{
    [Fact(Timeout = 300_000)]
    public async Task After_it_what_was_spent_is_spent_and_every_record_is_found()
    {
        await using var silo = await RunningSilo.Start();
        string asking = LongLived(silo, "payments-exporter"), introspecting = LongLived(silo, ResourceServer), revoking = LongLived(silo, "payments-exporter");
        var token = (await silo.Ask(asking, ("resource", Payments))).Token;
        Assert.True((await silo.PostForm("/oauth/introspect", [.. Proof(introspecting), ("token", token)])).Json.GetProperty("active").GetBoolean());
        Assert.Equal(200, (await silo.PostForm("/oauth/revoke", [.. Proof(revoking), ("token", token)])).Status);
        Assert.Equal(200, (await silo.Admin("POST", "identities/acme-crm/disable", """{"reason":"leaver"}""")).Status);
        var found = await Found(silo);
        await silo.Kill();
        Damage(silo.Data);

        // Nobody gets anything, and the log says what to do.
        await silo.Start();
        Assert.Equal(503, (await silo.Ask(asking, ("resource", Payments))).Status);
        await silo.UntilSaid("run 'Assay.Silo reindex'");
        var running = await silo.Run("reindex");
        Assert.Equal(1, running.ExitCode);
        Assert.Contains("is in use by another silo", running.Output);
        await silo.Kill();

        var reindexed = await silo.Run("reindex");

        Assert.True(reindexed.ExitCode == 0, reindexed.Output);
        Assert.Contains("The index is made anew", reindexed.Output);
        await silo.Start();
        Assert.Equal(401, (await silo.Ask(asking, ("resource", Payments))).Status);
        Assert.Equal(401, (await silo.PostForm("/oauth/introspect", [.. Proof(introspecting), ("token", token)])).Status);
        Assert.Equal(401, (await silo.PostForm("/oauth/revoke", [.. Proof(revoking), ("token", token)])).Status);
        Assert.Equal(found, await Found(silo));
        Assert.Equal(200, (await silo.AskAs("payments-exporter", ("resource", Payments))).Status);
        var intact = await silo.Assay("evidence", "verify");
        Assert.True(intact.ExitCode == 0, intact.Errors);
    }

    [Fact]
    public async Task It_wants_a_data_folder_with_evidence()
    {
        using var folder = new Storage.TemporaryFolder();
        var data = Path.Combine(folder.Path, "data");

        var nothing = await RunningSilo.Run(folder.Path, folder.Path, "reindex", "--data", data);
        var cluster = await RunningSilo.Run(folder.Path, folder.Path, "reindex", "--postgres", "Host=127.0.0.1");

        Assert.Equal((1, 1), (nothing.ExitCode, cluster.ExitCode));
        Assert.Contains("There is no data folder", nothing.Output);
        Assert.False(Directory.Exists(data));
        Assert.Contains("REINDEX TABLE assay.subject", cluster.Output);
    }

    /// <summary>So that it is refused for nothing but that it was spent.</summary>
    private static string LongLived(RunningSilo silo, string client)
    {
        var assertion = Assertion.For(silo, client);
        return assertion.With("exp", assertion.Claims["iat"]!.GetValue<long>() + 300).Sign();
    }

    private static async Task<string> Found(RunningSilo silo)
    {
        var lists = new List<string>();
        foreach (var identity in (string[])["payments-exporter", "acme-crm"])
            lists.Add((await silo.Admin("GET", $"evidence?identity={identity}")).Body.GetProperty("records").GetRawText());
        Assert.All(lists, list => Assert.Contains("\"", list));
        return string.Join('\n', lists);
    }

    /// <summary>Once the rows are where they stay.</summary>
    private static void Damage(string data)
    {
        using var folder = DataFolder.Open(data);
        using (new SqliteStorage(folder, TimeProvider.System))
        {
        }

        using var connection = new SqliteConnection($"Data Source={folder.EvidenceFile};Pooling=False");
        connection.Open();
        Assert.NotEqual(0, connection.Run(null, "UPDATE piece SET rows = x'FFFF'"));
    }
}
