using Assay.Silo.Tests.Running;

namespace Assay.Silo.Tests.Hosting;

/// <summary>How the process is set up that everything else runs in.</summary>
[Collection(ProcessFixture.Collection)]
public sealed class SiloProcessTests(ProcessFixture fixture)
{
    [Fact]
    public async Task A_silo_collects_garbage_as_it_is_meant_to_however_it_is_started()
    {
        await fixture.Silo.UntilSaid("Garbage collector: ");

        var kind = Environment.ProcessorCount == 1 ? "workstation" : "server";
        Assert.Contains($"Garbage collector: {kind}, with a number of heaps that stays{Environment.NewLine}", fixture.Silo.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silo_that_is_ready_has_rehearsed_a_token_request_and_nothing_of_it_is_left()
    {
        var silo = fixture.Silo;
        string[] counted = ["assay_token_request_duration", "assay_client_authentication_failures", "assay_scopes_withheld", "assay_evidence_batch_records"];

        await silo.UntilSaid("rehearsed");
        if (!silo.Output.Contains("rehearsed: it took too long.", StringComparison.Ordinal)) // on a machine that stood still
            Assert.Contains("A token request was rehearsed in ", silo.Output, StringComparison.Ordinal);
        Assert.Contains("assay_lease_age_seconds", fixture.FirstMetrics, StringComparison.Ordinal);
        Assert.DoesNotContain(counted, name => fixture.FirstMetrics.Contains(name, StringComparison.Ordinal));

        // The same names after a request that is none of ours.
        await silo.AskAs("payments-exporter", ("scope", "payments:read payments:write"));
        await silo.Post([("grant_type", "client_credentials"), ("client_id", "nobody"), ("client_secret", "wrong")]);
        using var scrape = new HttpRequestMessage(HttpMethod.Get, silo.Url + "/metrics") { Headers = { { "Accept", "application/openmetrics-text" } } }; // the plain form is kept for 300 ms
        using var answer = await silo.Http.SendAsync(scrape, TestContext.Current.CancellationToken);
        var later = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.All(counted, name => Assert.Contains(name, later, StringComparison.Ordinal));
    }

    [Fact]
    public void A_silo_is_not_told_of_each_write_below_the_folder_it_runs_in()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "what a process watches is read from /proc");

        var open = Directory.EnumerateFileSystemEntries($"/proc/{fixture.Silo.ProcessId}/fd").Select(handle => new FileInfo(handle).LinkTarget).ToList();

        Assert.Contains(open, target => target?.EndsWith("evidence.db", StringComparison.Ordinal) == true);
        Assert.DoesNotContain("anon_inode:inotify", open);
    }
}
