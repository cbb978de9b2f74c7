using System.Diagnostics.Metrics;
using System.Net;
using Assay.Silo.Interconnect;
using Assay.Silo.Tests.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Assay.Silo.Tests.Interconnect;

public sealed class RefusalsTests
{
    [Fact]
    public void One_line_per_reason_and_interval_says_how_many_there_were()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var log = new LogLines();
        var clock = new TestClock();
        var refusals = new Refusals(clock, services.GetRequiredService<IMeterFactory>(), log.For<Refusals>());
        var slow = new Refusal(RefusalReason.TooSlow, "it was slow");

        refusals.Report(slow, inbound: true, "10.0.0.1:1");
        refusals.Report(slow, inbound: true, "10.0.0.1:2");
        refusals.Report(slow, inbound: true, "10.0.0.1:3");
        refusals.Report(slow, inbound: false, "10.0.0.2:11111");
        refusals.Report(new Refusal(RefusalReason.NotTls, "it was not TLS"), inbound: true, "10.0.0.1:4");
        clock.Advance(Refusals.Interval);
        refusals.Report(slow, inbound: true, "10.0.0.1:5");

        const string more = "more like it were not logged since the last such line";
        Assert.Equal(
            [
                $"Assay.Silo.Interconnect.Refusals: Warning: A connection from 10.0.0.1:1 to the silo port was refused, because it was slow; 0 {more}",
                $"Assay.Silo.Interconnect.Refusals: Warning: The connection to the silo at 10.0.0.2:11111 was given up, because it was slow; 0 {more}",
                $"Assay.Silo.Interconnect.Refusals: Warning: A connection from 10.0.0.1:4 to the silo port was refused, because it was not TLS; 0 {more}",
                $"Assay.Silo.Interconnect.Refusals: Warning: A connection from 10.0.0.1:5 to the silo port was refused, because it was slow; 2 {more}",
            ],
            log.Of("Assay"));
    }

    [Fact]
    public void Handshakes_are_bounded_per_address_and_in_all()
    {
        var slots = new HandshakeSlots();
        var taken = 0;
        for (var host = 0; host < 200; host++)
        {
            var here = 0;
            while (slots.TryTake(new IPAddress([10, 0, 0, (byte)host])))
                here++;
            Assert.True(here <= HandshakeSlots.PerAddress);
            taken += here;
        }

        Assert.Equal(HandshakeSlots.InAll, taken);
        slots.Return(new IPAddress([10, 0, 0, 0]));
        Assert.True(slots.TryTake(IPAddress.Loopback));
        Assert.False(slots.TryTake(IPAddress.Loopback));
    }
}
