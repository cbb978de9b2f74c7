using Assay.Silo.ClientAuthentication;
using Assay.Silo.Tests.Storage;

namespace Assay.Silo.Tests.Authentication;

/// <summary>When failed authentications have to wait.</summary>
public sealed class FailureLimitTests
{
    private readonly TestClock clock = new();
    private readonly FailureLimit limit;

    public FailureLimitTests() => limit = new FailureLimit(clock);

    [Fact]
    public void Past_the_limit_a_client_waits_at_that_address_alone_until_the_window_is_over()
    {
        Fail(FailureLimit.MaxFailures, _ => "exporter");

        Assert.Equal(FailureLimit.Window, limit.Wait("exporter", "192.0.2.1"));
        Assert.Equal(TimeSpan.Zero, limit.Wait("exporter", "192.0.2.2"));
        Assert.Equal(TimeSpan.Zero, limit.Wait("importer", "192.0.2.1"));
        clock.Advance(FailureLimit.Window);
        Assert.Equal(TimeSpan.Zero, limit.Wait("exporter", "192.0.2.1"));
    }

    [Fact]
    public void Names_too_long_for_anybody_count_as_one()
    {
        Fail(FailureLimit.MaxFailures, i => new string('a', 129 + i));

        Assert.Equal(FailureLimit.Window, limit.Wait(new string('b', 60_000), "192.0.2.1"));
        Assert.Equal(TimeSpan.Zero, limit.Wait(new string('a', 128), "192.0.2.1"));
    }

    private void Fail(int times, Func<int, string> name)
    {
        for (var i = 0; i < times; i++)
            limit.Count(name(i), "192.0.2.1");
    }
}
