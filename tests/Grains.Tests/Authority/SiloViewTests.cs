using System.Collections.Immutable;
using Assay.Core.Registry;
using Assay.Grains.Authority;

namespace Assay.Grains.Tests.Authority;

public sealed class SiloViewTests
{
    private readonly ManualClock clock = new();
    private readonly SiloLease lease;
    private readonly SiloView view;

    public SiloViewTests()
    {
        lease = new SiloLease(TimeSpan.FromSeconds(10), TimeSpan.Zero, clock);
        view = new SiloView(lease);
    }

    [Fact]
    public void There_is_no_view_without_a_lease()
    {
        view.Swap(At(1));

        Assert.Null(view.Current);

        lease.Begin(1, lease.Ask());
        Assert.Equal(1, view.Current?.Number);
        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(view.Current);
        Assert.Equal(1, view.Newest?.Number);
    }

    [Fact]
    public void An_entry_raises_what_is_required_of_the_identities_it_names()
    {
        view.Swap(At(1));
        using var named = view.Track("default", "exporter");
        using var other = view.Track("default", "importer");

        view.Raise([new FeedEntry(4, [Key("exporter"), new ObjectKey("default", ObjectKinds.Api, "importer")])]);
        view.Raise([new FeedEntry(3, [Key("exporter")])]);

        Assert.Equal((4, 0), (named.RequiredNumber, other.RequiredNumber));
    }

    [Fact]
    public void Two_activations_of_one_identity_both_learn_and_one_may_go()
    {
        view.Swap(At(1));
        var old = view.Track("default", "exporter");
        using var fresh = view.Track("default", "exporter");

        view.Raise([new FeedEntry(2, [Key("exporter")])]);
        old.Dispose();
        old.Dispose();
        view.Raise([new FeedEntry(3, [Key("exporter")])]);

        Assert.Equal((2, 3), (old.RequiredNumber, fresh.RequiredNumber));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Of_several_activations_of_one_identity_any_may_go_and_the_others_still_learn(int gone)
    {
        view.Swap(At(1));
        var activations = Enumerable.Range(0, 3).Select(_ => view.Track("default", "exporter")).ToArray();

        activations[gone].Dispose();
        view.Raise([new FeedEntry(2, [Key("exporter")])]);

        Assert.Equal(Enumerable.Range(0, 3).Select(one => one == gone ? 0L : 2), activations.Select(one => one.RequiredNumber));
    }

    [Fact]
    public void Tracking_before_the_silo_has_joined_is_refused()
    {
        Assert.Throws<InvalidOperationException>(() => view.Track("default", "exporter"));
    }

    [Fact]
    public async Task A_caller_can_wait_for_its_own_change()
    {
        view.Swap(At(1));
        var waiting = view.WaitFor(3, default);

        view.Swap(At(2));
        Assert.False(waiting.IsCompleted);
        view.Swap(At(3));

        await waiting.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.True(view.WaitFor(2, default).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_wait_can_be_given_up()
    {
        using var cancelled = new CancellationTokenSource();
        var waiting = view.WaitFor(3, cancelled.Token);

        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    private static ObjectKey Key(string id) => new("default", ObjectKinds.Identity, id);

    private SiloSnapshot At(long number) =>
        new(number, DirectorySnapshot.Empty, ImmutableDictionary<string, ActivePolicy>.Empty, [], clock.GetUtcNow());
}
