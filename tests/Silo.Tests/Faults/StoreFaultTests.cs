using System.Text.Json;
using Assay.Silo.Tests.Admin;
using Assay.Silo.Tests.Running;

namespace Assay.Silo.Tests.Faults;

/// <summary>The database fails in the middle of an admin call: 503, nothing half done, and as before once it works again.</summary>
public sealed class StoreFaultTests
{
    private const string Bundle =
        """
        {"v":1,"name":"small","identities":[{"id":"small-a","kind":"workload","grantTypes":["client_credentials"]},
                                            {"id":"small-b","kind":"workload","grantTypes":["client_credentials"]}]}
        """;

    [Fact]
    public async Task A_change_that_fails_half_way_leaves_nothing_behind()
    {
        await using var silo = await RunningSilo.Start();
        await silo.Create("scratch", "payments-reader");
        var secret = (await silo.Admin("POST", "identities/scratch/credentials", """{"generateSecret":true}""")).Body.GetProperty("handle").GetString();
        Assert.Equal(200, (await silo.Admin("PUT", "identities/scratch/signals/old", """{"weight":1}""")).Status);
        var uploaded = (await silo.Admin("POST", "policies", Policy("one"))).Body.GetProperty("version").GetString();
        var (_, jwk) = AdminCalls.NewKey(silo);
        var compared = (await silo.Admin("POST", "apply", $$"""{"bundle":{{Bundle}},"dryRun":true}""")).Body.GetProperty("comparedWith").GetInt64();
        (string Method, string Path, string? Json)[] calls =
        [
            ("POST", "apply", $$"""{"bundle":{{Bundle}},"comparedWith":{{compared}}}"""), // first: the others change what it was compared with
            ("PUT", "identities/new", "{}"),
            ("POST", "identities/scratch/credentials", $$"""{"publicJwk":{{jwk}}}"""),
            ("POST", "identities/scratch/credentials", """{"generateSecret":true}"""),
            ("DELETE", $"identities/scratch/credentials/{secret}", null),
            ("PUT", "identities/scratch/memberships", """{"group":"Assay::Role::\"payments-exporter\""}"""),
            ("DELETE", "identities/scratch/memberships?group=Assay%3A%3ARole%3A%3A%22payments-reader%22", null),
            ("PUT", "identities/scratch/signals/noise", """{"weight":9}"""),
            ("DELETE", "identities/scratch/signals/old", null),
            ("POST", "identities/scratch/disable", """{"reason":"leaver"}"""),
            ("POST", "policies", Policy("two")),
            ("POST", $"policies/{uploaded}/activate", """{"domain":"tokens"}"""),
            ("POST", "keys/rotate", null),
            ("POST", "revocations", """{"kind":"identity","name":"scratch","reason":"leaver"}"""),
            ("DELETE", "identities/scratch", null),
        ];
        var before = await Everything(silo);

        using (BrokenTable.Break(silo, "state.db", "feed"))
        {
            foreach (var (method, path, json) in calls)
            {
                var answer = await silo.Admin(method, path, json);
                Assert.True(answer.Status == 503, $"{method} {path}: {answer.Status} {answer.Body}");
            }
        }

        Assert.Equal(before, await Everything(silo));
        Assert.Equal(200, (await silo.AskAs("payments-exporter")).Status);
        foreach (var (method, path, json) in calls)
        {
            var answer = await silo.Admin(method, path, json);
            Assert.True(answer.Status is 200 or 201, $"{method} {path}: {answer.Status} {answer.Body}");
        }
    }

    [Fact]
    public async Task A_change_whose_record_cannot_be_written_is_in_force_and_says_what_is_missing()
    {
        await using var silo = await RunningSilo.Start(("Assay:Evidence:CommitPatience", "00:00:01"));
        var token = await silo.AdminToken();
        Assert.Equal(200, (await silo.AskAs("payments-exporter")).Status);

        using (BrokenTable.Break(silo, "evidence.db", "batch"))
        {
            var answer = await silo.AdminWith(token, "POST", "identities/payments-exporter/disable", """{"reason":"leaver"}""");

            Assert.Equal((503, true), (answer.Status, answer.Detail.Contains("but its evidence is not known to be durable", StringComparison.Ordinal)));
            var refused = await silo.AskAs("ledgerly-sync"); // no token without evidence
            Assert.Equal((503, "temporarily_unavailable"), (refused.Status, refused.Error));
        }

        AdminAnswer again;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        do
        {
            patience.Token.ThrowIfCancellationRequested(); // the writer tries again by itself, soon
            again = await silo.AdminWith(token, "POST", "identities/payments-exporter/disable", """{"reason":"leaver"}""");
        }
        while (again.Status == 503);
        Assert.Equal((200, false), (again.Status, again.Body.GetProperty("changed").GetBoolean()));
        Assert.Equal("unauthorized_client", (await silo.AskAs("payments-exporter")).Error);
        Assert.Equal(200, (await silo.AskAs("ledgerly-sync")).Status);
        var kept = (await silo.AdminWith(token, "GET", "evidence?identity=payments-exporter&kind=admin")).Body.GetProperty("records");
        Assert.Contains(kept.EnumerateArray(), record => record.GetProperty("action").GetString() == "disable"); // the first try's own
    }

    /// <summary>All that the admin API shows of objects, but for ages; and the head of the feed.</summary>
    private static async Task<string> Everything(RunningSilo silo)
    {
        var token = await silo.AdminToken();
        var parts = new List<string>();
        foreach (var what in new[] { "identities", "policies", "keys", "apis" })
            parts.Add((await silo.AdminWith(token, "GET", what)).Body.ToString());
        parts.Add((await silo.AdminWith(token, "GET", "silos")).Body.GetProperty("head").ToString());
        return string.Join('\n', parts);
    }

    private static string Policy(string name) => JsonSerializer.Serialize(new
    {
        domain = "tokens",
        files = new[] { new { path = "policies/new.cedar", text = $$"""@id("{{name}}") permit (principal, action, resource == Assay::Api::"https://payments.example");""" } },
    });
}
