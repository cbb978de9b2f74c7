using System.Text.Json;
using System.Text.RegularExpressions;
using Assay.Grains.Authority;
using Assay.Silo.Health;
using Assay.Silo.Tests.Admin;
using Assay.Silo.Tests.Running;

namespace Assay.Silo.Tests.Health;

/// <summary>What operators see of a silo: the silo's row, and its metrics.</summary>
public sealed class SiloFiguresTests(SiloFixture fixture) : IClassFixture<SiloFixture>
{
    private RunningSilo Silo => fixture.Silo;

    [Fact]
    public async Task A_silo_shows_its_lease_and_its_figures()
    {
        await Narrow();
        await Narrow(); // the renewal that brings the second one reports what the first one took

        var answer = (await Silo.Admin("GET", "silos")).Body;

        var silo = Assert.Single(answer.GetProperty("silos").EnumerateArray());
        Assert.Equal(
            ["acknowledged", "address", "epoch", "figures", "joinedAt", "lag", "lapsesAt", "leaseAgeSeconds", "renewedAt", "slot", "state"],
            silo.EnumerateObject().Select(member => member.Name).Order(StringComparer.Ordinal));
        Assert.Equal((Environment.MachineName, "active", 0), (silo.GetProperty("slot").GetString(), silo.GetProperty("state").GetString(), silo.GetProperty("lag").GetInt64()));
        Assert.Equal(answer.GetProperty("head").GetInt64(), silo.GetProperty("acknowledged").GetInt64());
        Assert.Matches(@"^S?127\.0\.0\.1:\d+@\d+$", silo.GetProperty("address").GetString());
        Assert.Equal(TimeSpan.FromSeconds(10), silo.GetProperty("lapsesAt").GetDateTimeOffset() - silo.GetProperty("renewedAt").GetDateTimeOffset());

        var figures = silo.GetProperty("figures");
        foreach (var measured in new[] { "batchRecords", "commitMilliseconds", "narrowingMilliseconds" })
        {
            var (p50, p99) = (figures.GetProperty(measured).GetProperty("p50").GetDouble(), figures.GetProperty(measured).GetProperty("p99").GetDouble());
            Assert.True(p50 > 0 && p99 >= p50, $"{measured} {p50} {p99}");
        }
    }

    [Fact]
    public async Task Metrics_tell_of_feed_lease_narrowing_and_evidence()
    {
        await Narrow();

        var metrics = await Silo.Http.GetStringAsync(Silo.Url + "/metrics");

        foreach (var name in new[]
        {
            "assay_feed_head", "assay_feed_applied", "assay_feed_acknowledged", "assay_feed_lag", "assay_lease_age_seconds", "assay_lease_left_seconds",
            "assay_lease_over", "assay_lease_condemned", "assay_evidence_pending", "assay_narrowing_duration_seconds_count",
            "assay_evidence_batch_records_count", "assay_evidence_commit_duration_seconds_count",
        })
            Assert.Matches(new Regex($@"^{name}(\{{[^}}]*\}})? [0-9.e+-]+", RegexOptions.Multiline), metrics);
        Assert.Contains("assay_narrowing_duration_seconds_bucket{", metrics);
        Assert.Contains("le=\"0.0005\"", metrics); // fast commits are told apart
    }

    [Fact]
    public void Figures_read_back_as_they_were_written()
    {
        var figures = new SiloFigures
        {
            Applied = 12, SealsSeen = 2, PendingRecords = 3, BatchRecords = new Spread(14, 60), CommitMilliseconds = new Spread(0.4, 3), NarrowingMilliseconds = null,
        };

        Assert.Equal(figures, SiloFigures.Read(figures.Write()));
        Assert.True(figures.Write().Length < SiloReport.MaxLength);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("12")]
    [InlineData("""{"applied":"twelve"}""")]
    public void A_report_of_another_version_is_left_out(string? report)
    {
        Assert.Null(SiloFigures.Read(report));
    }

    [Fact]
    public void Members_a_newer_version_adds_are_passed_over()
    {
        Assert.Equal(new SiloFigures { Applied = 3 }, SiloFigures.Read("""{"applied":3,"weather":{"sunny":true}}"""));
    }

    private async Task Narrow()
    {
        Assert.Equal(200, (await Silo.Admin("PUT", "identities/payments-exporter/signals/noise", """{"weight":1}""")).Status);
    }
}
