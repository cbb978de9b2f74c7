using Assay.Silo.Hosting;

namespace Assay.Silo.Tests.Hosting;

public sealed class GarbageCollectorTests
{
    [Theory]
    [InlineData(true, false, 2, true)]
    [InlineData(true, false, 64, true)]
    [InlineData(true, true, 2, false)] // its heaps follow the load
    [InlineData(false, false, 2, false)] // somebody asked for the workstation's
    [InlineData(false, false, 1, true)] // on one core there is no other
    public void Meant_is_the_servers_with_heaps_that_stay(bool isServer, bool adapts, int cores, bool isMeant) =>
        Assert.Equal(isMeant, new GarbageCollector(isServer, adapts).IsMeant(cores));
}
