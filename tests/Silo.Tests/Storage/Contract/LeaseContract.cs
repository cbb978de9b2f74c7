using Assay.Grains.Authority;

namespace Assay.Silo.Tests.Storage.Contract;

/// <summary>What holds of leases, seals and the feed in every store.</summary>
public abstract class LeaseContract : StoreContract
{
    [Fact]
    public async Task Only_a_lapsed_lease_is_sealed()
    {
        var lease = await Store.Join(Place("one"), Life, default);
        await Pass(Life / 2);
        Assert.Null(await Store.SealIfLapsed(lease.Epoch, default));
        Assert.IsType<LeaseRenewal.Renewed>(await Store.Renew(lease.Epoch, 0, null, Life, default));
        await Pass(Life * 0.75);
        Assert.Null(await Store.SealIfLapsed(lease.Epoch, default));

        await Pass(Life / 4);

        Assert.Equal(1, await Store.SealIfLapsed(lease.Epoch, default));
        Assert.Equal(1, await Store.SealIfLapsed(lease.Epoch, default)); // by whomever
        Assert.IsType<LeaseRenewal.Sealed>(await Store.Renew(lease.Epoch, 0, null, Life, default));
        Assert.Empty(await Store.Leases(default));
    }

    [Fact]
    public async Task A_silo_that_joins_counts_as_having_acknowledged_the_head_and_acknowledgements_only_grow()
    {
        await Write(Exporter, 0, "one");
        var lease = await Store.Join(Place("one"), Life, default);
        Assert.Equal([new LeaseRow(lease.Epoch, "one", 1, false)], await Store.Leases(default));

        await Store.Acknowledge(lease.Epoch, 3, default);
        await Store.Acknowledge(lease.Epoch, 2, default);

        Assert.Equal([new LeaseRow(lease.Epoch, "one", 3, false)], await Store.Leases(default));
    }

    [Fact]
    public async Task A_lapsed_lease_that_nobody_sealed_is_renewed()
    {
        var lease = await Store.Join(Place("one"), Life, default);
        await Pass(Life * 3);

        Assert.IsType<LeaseRenewal.Renewed>(await Store.Renew(lease.Epoch, 0, null, Life, default));
        Assert.Null(await Store.SealIfLapsed(lease.Epoch, default));
    }

    [Fact]
    public async Task The_seal_is_an_entry_of_the_feed_for_the_others()
    {
        var gone = await Store.Join(Place("one"), Life, default);
        var other = await Store.Join(Place("two"), Life * 2, default);
        await Pass(Life);

        var number = await Store.SealIfLapsed(gone.Epoch, default);

        var renewed = (LeaseRenewal.Renewed)await Store.Renew(other.Epoch, other.Head, null, Life, default);
        Assert.Equal($"{number} */lease/{gone.Epoch}", Show(Assert.Single(renewed.Entries)));
        Assert.Equal([new LeaseRow(other.Epoch, "two", 0, false)], await Store.Leases(default));
    }

    [Fact]
    public async Task A_slot_that_is_taken_again_is_sealed_at_once_and_waited_for_until_it_has_lapsed()
    {
        var old = await Store.Join(Place("one"), Life, default);
        await Pass(Life / 2);

        var fresh = await Store.Join(Place("one"), Life, default);

        Assert.Equal(new LeaseGrant(old.Epoch + 1, 1), fresh);
        Assert.IsType<LeaseRenewal.Sealed>(await Store.Renew(old.Epoch, 0, null, Life, default));
        Assert.Equal([new LeaseRow(old.Epoch, "one", 0, true), new LeaseRow(fresh.Epoch, "one", 1, false)], await Store.Leases(default));
        Assert.Null(await Store.SealIfLapsed(old.Epoch, default)); // its silo may still believe in it

        await Pass(Life / 2);
        Assert.Equal(1, await Store.SealIfLapsed(old.Epoch, default));
        Assert.Equal([new LeaseRow(fresh.Epoch, "one", 1, false)], await Store.Leases(default));
    }

    [Fact]
    public async Task A_lease_that_is_given_back_is_over_at_once()
    {
        var lease = await Store.Join(Place("one"), Life, default);

        await Store.Leave(lease.Epoch, default);
        await Store.Leave(lease.Epoch, default);

        Assert.Empty(await Store.Leases(default));
        Assert.Equal(1, await Store.SealIfLapsed(lease.Epoch, default));
        Assert.IsType<LeaseRenewal.Sealed>(await Store.Renew(lease.Epoch, 0, null, Life, default));
    }

    [Fact]
    public async Task A_silo_that_was_declared_dead_is_renewed_no_more_and_lapses()
    {
        var lease = await Store.Join(Place("one"), Life, default);

        Assert.Equal(lease.Epoch, await Store.Condemn(Place("one").Address, default));
        Assert.Equal(lease.Epoch, await Store.Condemn(Place("one").Address, default));

        Assert.IsType<LeaseRenewal.Condemned>(await Store.Renew(lease.Epoch, 0, null, Life, default));
        Assert.Equal([new LeaseRow(lease.Epoch, "one", 0, false)], await Store.Leases(default));
        Assert.Null(await Store.SealIfLapsed(lease.Epoch, default)); // it may still believe in its lease
        await Pass(Life);
        Assert.Equal(1, await Store.SealIfLapsed(lease.Epoch, default));
        Assert.IsType<LeaseRenewal.Sealed>(await Store.Renew(lease.Epoch, 0, null, Life, default));
        Assert.Equal(lease.Epoch, await Store.Condemn(Place("one").Address, default)); // also long after
    }

    [Fact]
    public async Task Condemning_one_silo_leaves_the_others_alone_and_its_slot_free_for_another_start()
    {
        var other = await Store.Join(Place("two"), Life, default);
        await Store.Join(Place("one"), Life, default);

        await Store.Condemn(Place("one").Address, default);

        Assert.IsType<LeaseRenewal.Renewed>(await Store.Renew(other.Epoch, 0, null, Life, default));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Store.Join(Place("one"), Life, default));
        Assert.NotNull(await Store.Join(new SiloPlace("one", "started again"), Life, default));
    }

    [Fact]
    public async Task A_silo_that_was_declared_dead_before_it_joined_never_joins()
    {
        Assert.Null(await Store.Condemn(Place("one").Address, default));

        await Assert.ThrowsAsync<InvalidOperationException>(() => Store.Join(Place("one"), Life, default));
        Assert.Empty(await Store.Leases(default));
    }

    [Fact]
    public async Task A_marker_is_an_entry_of_the_feed_that_names_no_object()
    {
        var lease = await Store.Join(Place("one"), Life, default);
        await Write(Exporter, 0, "one");

        Assert.Equal(2, await Store.Mark("one is stopping", default));

        var renewed = (LeaseRenewal.Renewed)await Store.Renew(lease.Epoch, 1, null, Life, default);
        Assert.Equal((2, "2 */marker/"), (renewed.Head, Show(Assert.Single(renewed.Entries))));
    }

    [Fact]
    public async Task A_report_that_is_too_long_is_refused()
    {
        var lease = await Store.Join(Place("one"), Life, default);

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Store.Renew(lease.Epoch, 0, new string('x', SiloReport.MaxLength + 1), Life, default));
    }

    [Fact]
    public async Task An_epoch_that_never_was_cannot_be_sealed()
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Store.SealIfLapsed(99, default));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Store.Leave(99, default));
    }

    [Fact]
    public async Task Renewing_races_with_sealing_and_one_of_them_wins()
    {
        for (var round = 0; round < 50; round++)
        {
            var lease = await Store.Join(Place($"slot-{round}"), Life, default);
            await Pass(Life);

            var renewing = Task.Run(() => Store.Renew(lease.Epoch, lease.Head, null, Life, default));
            var sealing = Task.Run(() => Store.SealIfLapsed(lease.Epoch, default));
            var isSealed = await sealing is not null;

            Assert.Equal(isSealed, await renewing is LeaseRenewal.Sealed);
        }
    }

    [Fact]
    public async Task Silos_are_shown_with_what_they_said_last_and_for_a_while_after_their_end()
    {
        var one = await Store.Join(Place("one"), Life, default);
        var two = await Store.Join(Place("two"), Life, default);
        await Store.Leave(one.Epoch, default);
        await Pass(Life / 2);
        await Store.Renew(two.Epoch, 0, """{"batches":7}""", Life, default);
        await Store.Renew(two.Epoch, 0, null, Life * 2, default);
        await Store.Acknowledge(two.Epoch, 1, default);
        await Store.Condemn(Place("two").Address, default);

        var shown = await Store.Silos(default);

        Assert.Equal(
            [
                new SiloRow(one.Epoch, Place("one"), default, default, default, 0, 1, false, null),
                new SiloRow(two.Epoch, Place("two"), default, default, default, 1, null, true, """{"batches":7}"""),
            ],
            shown.Select(row => row with { JoinedAt = default, RenewedAt = default, LapsesAt = default }));
        Assert.All(shown, row => Assert.InRange(row.RenewedAt, row.JoinedAt, row.LapsesAt));
        Assert.InRange(shown[1].LapsesAt - shown[1].RenewedAt, Life * 1.9, Life * 2.1);
        Assert.InRange(shown[1].RenewedAt - shown[1].JoinedAt, Life / 2, Life);

        await Pass(TimeSpan.FromHours(1));
        Assert.Equal([two.Epoch], (await Store.Silos(default)).Select(silo => silo.Epoch));
    }

    [Fact]
    public async Task An_epoch_that_never_was_is_over()
    {
        Assert.IsType<LeaseRenewal.Sealed>(await Store.Renew(99, 0, null, Life, default));
    }
}
