using Assay.Grains.SharedSignals;
using Assay.Silo.SharedSignals;
using Microsoft.Extensions.Options;

namespace Assay.Silo.Tests.SharedSignals;

/// <summary>Where events may be pushed to, and how long a failed push waits.</summary>
public sealed class PushTests
{
    [Theory]
    [InlineData("https://events.example/in", true), InlineData("https://EVENTS.example:8443/in?x=1", true), InlineData("https://a.below.example/", true), InlineData("https://a.b.below.example/", true)]
    [InlineData("https://below.example/", false), InlineData("https://notbelow.example/", false), InlineData("https://events.example.evil.example/", false), InlineData("http://events.example/", false)]
    [InlineData("https://user@events.example/", false), InlineData("https://events.example/#x", false), InlineData("https://127.0.0.1/", false), InlineData("https://[::1]/", false)]
    [InlineData("https://localhost/", false), InlineData("https://169.254.169.254/", false), InlineData("ftp://events.example/", false), InlineData("/events", false), InlineData(null, false)]
    public void Events_are_pushed_to_hosts_that_were_named_and_over_TLS(string? endpoint, bool allowed) =>
        Assert.Equal(allowed, Targets("https://issuer.example", "events.example, *.below.example").Objection(endpoint) is null);

    [Fact]
    public void Nothing_is_pushed_anywhere_by_default_but_on_a_machine_that_serves_itself_alone()
    {
        Assert.NotNull(Targets("https://issuer.example", null).Objection("https://events.example/"));
        Assert.NotNull(Targets("http://127.0.0.1:8420", null).Objection("https://events.example/"));
        Assert.Null(Targets("http://127.0.0.1:8420", null).Objection("http://127.0.0.1:9999/events"));
    }

    [Theory]
    [InlineData(1, null, 0, 0.5), InlineData(1, null, 1, 1), InlineData(2, null, 1, 2), InlineData(4, null, 0, 4), InlineData(9, null, 1, 60), InlineData(1_000, null, 1, 60), InlineData(1_000, null, 0, 30)]
    [InlineData(1, 7, 0, 7), InlineData(1, 600, 0, 60), InlineData(9, 1, 0, 30)]
    public void The_wait_doubles_up_to_the_longest_with_a_half_left_to_chance_and_heeds_what_was_asked(int failures, int? asked, double chance, double seconds) => Assert.Equal(
        TimeSpan.FromSeconds(seconds),
        Backoff.After(failures, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1), asked is { } wish ? TimeSpan.FromSeconds(wish) : null, chance));

    private static PushTargets Targets(string issuer, string? hosts) => new(Options.Create(new EventOptions { PushHosts = hosts }), new SiloIdentity(issuer, "test"));
}
