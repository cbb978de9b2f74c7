using Assay.Grains.Authority;

namespace Assay.Grains.Tests.Authority;

public sealed class SiloLeaseTests
{
    private readonly ManualClock clock = new();
    private readonly SiloLease lease;

    public SiloLeaseTests() => lease = new SiloLease(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1), clock);

    [Fact]
    public void Before_it_is_taken_nothing_may_be_decided()
    {
        Assert.Equal((false, false, 0), (lease.IsCurrent, lease.IsOver, lease.Epoch));
    }

    [Fact]
    public void It_counts_from_before_the_question_and_ends_a_margin_early()
    {
        var asked = lease.Ask();
        clock.Advance(TimeSpan.FromSeconds(4)); // the answer was slow

        lease.Begin(7, asked);

        Assert.Equal((true, 7), (lease.IsCurrent, lease.Epoch));
        clock.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromTicks(1));
        Assert.True(lease.IsCurrent);
        clock.Advance(TimeSpan.FromTicks(1));
        Assert.False(lease.IsCurrent);
    }

    [Fact]
    public void It_knows_its_age_and_what_is_left_of_it()
    {
        Assert.Equal((null, TimeSpan.Zero), (lease.Age, lease.Left));

        lease.Begin(7, lease.Ask());
        clock.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal((TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(5)), (lease.Age, lease.Left)); // a life of ten, less the margin of one

        clock.Advance(TimeSpan.FromSeconds(8));
        Assert.Equal((TimeSpan.FromSeconds(12), TimeSpan.Zero), (lease.Age, lease.Left));

        lease.Extend(lease.Ask());
        Assert.Equal((TimeSpan.Zero, TimeSpan.FromSeconds(9)), (lease.Age, lease.Left));

        lease.End();
        Assert.Equal((null, TimeSpan.Zero), (lease.Age, lease.Left));
    }

    [Fact]
    public void A_lapsed_lease_is_current_again_when_it_is_renewed()
    {
        lease.Begin(7, lease.Ask());
        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.False(lease.IsCurrent);

        lease.Extend(lease.Ask());

        Assert.True(lease.IsCurrent);
    }

    [Fact]
    public void It_is_held_since_it_was_last_renewed_late()
    {
        Assert.Equal(TimeSpan.Zero, lease.HeldFor);
        lease.Begin(7, lease.Ask());
        foreach (var _ in Enumerable.Range(0, 2))
        {
            clock.Advance(TimeSpan.FromSeconds(4));
            lease.Extend(lease.Ask());
        }

        clock.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(TimeSpan.FromSeconds(14), lease.HeldFor);

        lease.Extend(lease.Ask()); // in time, and with less than half of it left
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(TimeSpan.FromSeconds(2), lease.HeldFor);

        clock.Advance(TimeSpan.FromSeconds(8));
        Assert.Equal(TimeSpan.Zero, lease.HeldFor);
        lease.Extend(lease.Ask());
        clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(TimeSpan.FromSeconds(2), lease.HeldFor);
    }

    [Fact]
    public void An_older_answer_does_not_shorten_it()
    {
        var early = lease.Ask();
        lease.Begin(7, early);
        clock.Advance(TimeSpan.FromSeconds(5));
        lease.Extend(lease.Ask());

        lease.Extend(early);

        clock.Advance(TimeSpan.FromSeconds(8));
        Assert.True(lease.IsCurrent);
    }

    [Fact]
    public void Over_is_over_whatever_answer_still_arrives()
    {
        lease.Begin(7, lease.Ask());

        lease.End();
        lease.Extend(lease.Ask());

        Assert.Equal((false, true), (lease.IsCurrent, lease.IsOver));
    }

    [Fact]
    public void A_silo_takes_one_lease_in_its_life()
    {
        lease.Begin(7, lease.Ask());

        Assert.Throws<InvalidOperationException>(() => lease.Begin(8, lease.Ask()));
    }
}
