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
}
