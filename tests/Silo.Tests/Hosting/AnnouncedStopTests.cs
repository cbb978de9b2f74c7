using Assay.Grains.Authority;
using Assay.Silo.Hosting;
using Assay.Silo.Tests.Storage;
using Orleans;
using Orleans.Runtime;

namespace Assay.Silo.Tests.Hosting;

public sealed class AnnouncedStopTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(90);

    private readonly Membership membership = new();
    private readonly RecordedEnd end = new();
    private readonly TestClock clock = new();
    private readonly Lifecycle lifecycle = new();

    public AnnouncedStopTests() => new AnnouncedStop(membership, end, clock).Participate(lifecycle);

    [Fact]
    public async Task A_stop_goes_on_when_the_membership_table_says_so()
    {
        var stopping = lifecycle.Observer!.OnStop(default);
        Assert.False(stopping.IsCompleted);

        membership.Status = SiloStatus.ShuttingDown;

        await stopping.WaitAsync(Soon);
        Assert.False(end.Ended.IsCompleted);
    }

    [Fact]
    public async Task A_silo_that_cannot_say_that_it_stops_ends_as_if_it_had_been_killed()
    {
        var stopping = lifecycle.Observer!.OnStop(default);
        clock.Advance(TimeSpan.FromSeconds(11));

        Assert.Contains("ends without handing anything over", await end.Ended.WaitAsync(Soon), StringComparison.Ordinal);
        membership.Status = SiloStatus.Dead;
        await stopping.WaitAsync(Soon);
    }

    [Fact]
    public void It_is_in_the_stage_before_the_one_in_which_identities_are_dropped() =>
        Assert.Equal(ServiceLifecycleStage.BecomeActive, lifecycle.Stage);

    private sealed class RecordedEnd : ISiloEnd
    {
        private readonly TaskCompletionSource<string> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<string> Ended => ended.Task;

        public void AtOnce(string why) => ended.TrySetResult(why);
    }

    private sealed class Lifecycle : ISiloLifecycle
    {
        public ILifecycleObserver? Observer { get; private set; }

        public int Stage { get; private set; }

        public int HighestCompletedStage => throw new NotSupportedException();

        public int LowestStoppedStage => throw new NotSupportedException();

        public IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer)
        {
            (Observer, Stage) = (observer, stage);
            return new MemoryStream();
        }
    }

    private sealed class Membership : ISiloStatusOracle
    {
        private volatile SiloStatus status = SiloStatus.Active;

        public SiloStatus Status
        {
            set => status = value;
        }

        public SiloStatus CurrentStatus => status;

        public string SiloName => throw new NotSupportedException();

        public SiloAddress SiloAddress => throw new NotSupportedException();

        public SiloStatus GetApproximateSiloStatus(SiloAddress siloAddress) => throw new NotSupportedException();

        public Dictionary<SiloAddress, SiloStatus> GetApproximateSiloStatuses(bool onlyActive = false) => throw new NotSupportedException();

        public SiloAddress[] GetActiveSilos() => throw new NotSupportedException();

        public bool TryGetSiloName(SiloAddress siloAddress, out string siloName) => throw new NotSupportedException();

        public bool IsFunctionalDirectory(SiloAddress siloAddress) => throw new NotSupportedException();

        public bool IsDeadSilo(SiloAddress silo) => throw new NotSupportedException();

        public bool SubscribeToSiloStatusEvents(ISiloStatusListener observer) => throw new NotSupportedException();

        public bool UnSubscribeFromSiloStatusEvents(ISiloStatusListener observer) => throw new NotSupportedException();
    }
}
