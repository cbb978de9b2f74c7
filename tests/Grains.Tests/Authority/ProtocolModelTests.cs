using Assay.Grains.Tests.Authority.Model;

namespace Assay.Grains.Tests.Authority;

/// <summary>
/// The protocol of leases, feed, gate and evidence in thousands of orders of events and faults (P3, P4). A failure names its seed; the same seed
/// gives the same run. <c>ASSAY_LONG_TESTS=1</c> runs many more.
/// </summary>
public sealed class ProtocolModelTests
{
    private static readonly bool Long = Environment.GetEnvironmentVariable("ASSAY_LONG_TESTS") == "1";
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(60);

    [Fact]
    public void Nothing_old_and_nothing_unrecorded_leaves_whatever_happens()
    {
        var (left, returned, epochs) = (0, 0, 0);
        var first = Long ? Random.Shared.Next(1_000_000) * 1000 : 1;
        for (var seed = first; seed < first + (Long ? 20_000 : 200); seed++)
        {
            var world = new World(seed, Flaw.None, Length);

            var violation = world.Run();

            Assert.True(violation is null, $"seed {seed}: {violation}");
            left += world.Left;
            returned += world.Returned;
            epochs += world.Epochs;
        }

        // The runs must have been worth something.
        Assert.True(left > 2000 && returned > 1000 && epochs > 600, $"{left} tokens left, {returned} changes returned, {epochs} epochs");
    }

    [Fact]
    public void The_same_seed_gives_the_same_run()
    {
        var one = new World(42, Flaw.None, Length);
        var other = new World(42, Flaw.None, Length);

        one.Run();
        other.Run();

        Assert.Equal((one.Left, one.Returned, one.Epochs, one.Scheduler.Now), (other.Left, other.Returned, other.Epochs, other.Scheduler.Now));
    }

    public static TheoryData<Flaw> Flaws => new(Enum.GetValues<Flaw>().Where(flaw => flaw != Flaw.None));

    [Theory]
    [MemberData(nameof(Flaws))]
    public void The_model_notices(Flaw flaw)
    {
        for (var seed = 1; seed <= 3000; seed++)
        {
            if (new World(seed, flaw, Length).Run() is { } violation)
            {
                TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}: {violation}");
                return;
            }
        }

        Assert.Fail($"{flaw} went unnoticed in 3000 runs");
    }
}
