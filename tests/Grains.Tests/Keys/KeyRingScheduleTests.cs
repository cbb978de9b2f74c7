using System.Collections.Immutable;
using Assay.Core.Registry;
using Assay.Grains.Keys;
using CsCheck;

namespace Assay.Grains.Tests.Keys;

public sealed class KeyRingScheduleTests
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly KeyRingSchedule Schedule = new(
        AnnounceTime: TimeSpan.FromHours(24), RotationPeriod: TimeSpan.FromDays(30), PublicationLag: TimeSpan.FromSeconds(10), Afterlife: TimeSpan.FromMinutes(16));

    [Fact]
    public void The_first_key_of_an_empty_ring_signs_at_once_and_two_standbys_are_announced()
    {
        var ring = new Ring();

        ring.Tend(Start);

        Assert.Equal([KeyState.Active, KeyState.Announced, KeyState.Announced], ring.States(Start));
    }

    [Fact]
    public void Tending_again_changes_nothing()
    {
        var ring = new Ring();
        ring.Tend(Start);

        Assert.Empty(Schedule.Tend(ring.Keys, Start.AddMinutes(1), ring.Create));
    }

    [Fact]
    public void The_standby_takes_over_after_the_period_and_the_old_key_stays_until_its_last_token_has_expired()
    {
        var ring = new Ring();
        ring.Tend(Start);
        var handover = Start.AddDays(30);

        ring.Tend(handover.AddSeconds(-20));

        Assert.Equal([KeyState.Active, KeyState.Announced, KeyState.Announced, KeyState.Announced], ring.States(handover.AddTicks(-1)));
        Assert.Equal([KeyState.Retiring, KeyState.Active, KeyState.Announced, KeyState.Announced], ring.States(handover));
        Assert.Equal([KeyState.Retired, KeyState.Active, KeyState.Announced, KeyState.Announced], ring.States(handover.AddMinutes(16)));
    }

    [Fact]
    public void The_standby_announced_together_with_the_first_key_may_sign_at_once()
    {
        var ring = new Ring();
        ring.Tend(Start);
        var now = Start.AddMinutes(1);

        ring.Put(Schedule.Withdraw(ring.Keys, ring.Keys[0].KeyId, now, ring.Create));

        Assert.Equal([KeyState.Withdrawn, KeyState.Active, KeyState.Announced, KeyState.Announced], ring.States(now));
    }

    [Fact]
    public void A_key_that_is_taken_in_again_is_announced_anew_and_its_successor_goes_on()
    {
        var ring = new Ring();
        ring.Tend(Start);
        var (key, withdrawn, back) = (ring.Keys[0].KeyId, Start.AddMinutes(1), Start.AddMinutes(5));
        ring.Put(Schedule.Withdraw(ring.Keys, key, withdrawn, ring.Create));

        ring.Put(KeyRingSchedule.Restore(ring.Keys, key, withdrawn, back));

        Assert.Equal([KeyState.Announced, KeyState.Active, KeyState.Announced, KeyState.Announced], ring.States(back));
        Assert.Equal((back, null, null), (ring.Keys[0].AnnouncedAt, ring.Keys[0].ActivatesAt, ring.Keys[0].WithdrawnAt));
        Assert.Empty(KeyRingSchedule.Restore(ring.Keys, key, withdrawn, back)); // it is not that withdrawal any more
    }

    [Fact]
    public void A_retired_key_that_is_taken_in_again_keeps_its_times()
    {
        var ring = new Ring();
        ring.Tend(Start);
        ring.Tend(Start.AddDays(30));
        var before = ring.Keys[0];
        var at = before.RetiresAt!.Value.AddSeconds(1);
        ring.Put(Schedule.Withdraw(ring.Keys, before.KeyId, at, ring.Create));

        Assert.Equal([before], KeyRingSchedule.Restore(ring.Keys, before.KeyId, at, at.AddMinutes(1)));
    }

    [Fact]
    public void A_rotation_by_command_waits_until_the_standby_was_announced_long_enough()
    {
        var ring = new Ring();
        ring.Tend(Start);
        ring.Put(Schedule.Rotate(ring.Keys, Start.AddHours(1), ring.Create, out _));

        ring.Put(Schedule.Rotate(ring.Keys, Start.AddHours(2), ring.Create, out var next));

        Assert.Equal(Start.AddHours(25).AddSeconds(10), next.ActivatesAt);
    }

    [Fact]
    public void A_rotation_by_command_is_immediate_once_the_standby_may_sign()
    {
        var ring = new Ring();
        ring.Tend(Start);
        var now = Start.AddDays(2);

        ring.Put(Schedule.Rotate(ring.Keys, now, ring.Create, out var next));

        Assert.Equal(now, next.ActivatesAt);
        Assert.Equal([KeyState.Retiring, KeyState.Active, KeyState.Announced, KeyState.Announced], ring.States(now));
    }

    [Fact]
    public void A_withdrawn_key_is_replaced_at_once_by_an_announced_standby()
    {
        var ring = new Ring();
        ring.Tend(Start);
        var now = Start.AddDays(2);

        ring.Put(Schedule.Withdraw(ring.Keys, ring.Keys[0].KeyId, now, ring.Create));

        Assert.Equal([KeyState.Withdrawn, KeyState.Active, KeyState.Announced, KeyState.Announced], ring.States(now));
    }

    [Fact]
    public void A_key_that_is_withdrawn_right_after_a_rotation_is_replaced_at_once()
    {
        var ring = new Ring();
        ring.Tend(Start);
        var now = Start.AddDays(2);
        ring.Put(Schedule.Rotate(ring.Keys, now, ring.Create, out var signs));

        ring.Put(Schedule.Withdraw(ring.Keys, signs.KeyId, now.AddMinutes(1), ring.Create));

        Assert.Equal([KeyState.Retiring, KeyState.Withdrawn, KeyState.Active, KeyState.Announced, KeyState.Announced], ring.States(now.AddMinutes(1)));
    }

    [Fact]
    public void A_hand_over_that_waits_happens_at_once_when_the_key_that_signs_is_withdrawn()
    {
        var ring = new Ring();
        ring.Tend(Start);
        ring.Put(Schedule.Rotate(ring.Keys, Start.AddDays(2), ring.Create, out var signs));
        var now = Start.AddDays(2).AddHours(1);
        ring.Put(Schedule.Rotate(ring.Keys, now, ring.Create, out var next));
        Assert.Equal((KeyState.Announced, Start.AddDays(3).AddSeconds(10)), (next.StateAt(now), next.ActivatesAt));

        ring.Put(Schedule.Withdraw(ring.Keys, signs.KeyId, now, ring.Create));

        Assert.Equal(KeyState.Active, ring.Keys.Single(key => key.KeyId == next.KeyId).StateAt(now));
        Assert.Empty(Schedule.Tend(ring.Keys, now, ring.Create));
    }

    [Fact]
    public void A_ring_of_one_standby_gets_another()
    {
        var ring = new Ring();
        ring.Tend(Start);
        ring.Drop(ring.Keys[2].KeyId);

        ring.Tend(Start.AddDays(2));

        Assert.Equal([KeyState.Active, KeyState.Announced, KeyState.Announced], ring.States(Start.AddDays(2)));
        Assert.Equal(Start.AddDays(2), ring.Keys[2].AnnouncedAt);
    }

    [Fact]
    public void A_withdrawn_key_is_not_replaced_by_one_that_was_not_announced_long_enough()
    {
        var ring = new Ring();
        ring.Tend(Start);
        var now = Start.AddHours(1);
        for (var place = 0; place < 3; place++)
            ring.Put(Schedule.Withdraw(ring.Keys, ring.Keys[place].KeyId, now, ring.Create));

        Assert.Equal([KeyState.Withdrawn, KeyState.Withdrawn, KeyState.Withdrawn, KeyState.Announced, KeyState.Announced, KeyState.Announced], ring.States(now));
        Assert.Equal(KeyState.Active, ring.Keys[3].StateAt(Start.AddHours(25).AddSeconds(10)));
        Assert.Empty(Schedule.Tend(ring.Keys, now.AddMinutes(1), ring.Create));
    }

    [Fact]
    public void Whatever_happens_no_key_signs_before_its_time_and_none_signs_past_its_publication() =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[1, 60 * 24 * 20]).List[1, 30].Sample(steps =>
        {
            var ring = new Ring();
            var now = Start;
            ring.Tend(now);
            HashSet<string> founding = [.. ring.Keys.Select(key => key.KeyId)];
            var lastWithdrawal = DateTimeOffset.MinValue;
            foreach (var (what, minutes) in steps)
            {
                now = now.AddMinutes(minutes);
                ring.Tend(now);
                if (what == 1)
                    ring.Put(Schedule.Rotate(ring.Keys, now, ring.Create, out _));
                else if (what == 2 && ring.Keys.FirstOrDefault(key => key.StateAt(now) == KeyState.Active) is { } active)
                {
                    ring.Put(Schedule.Withdraw(ring.Keys, active.KeyId, now, ring.Create));
                    if (now - lastWithdrawal > Schedule.AnnounceTime + Schedule.PublicationLag)
                        Assert.Contains(ring.Keys, key => key.StateAt(now) == KeyState.Active);
                    lastWithdrawal = now;
                }
                else if (what == 3 && ring.Keys.FirstOrDefault(key => key.WithdrawnAt is not null) is { WithdrawnAt: { } at } withdrawn)
                {
                    ring.Put(KeyRingSchedule.Restore(ring.Keys, withdrawn.KeyId, at, now));
                    if (ring.Keys.Single(key => key.KeyId == withdrawn.KeyId).ActivatesAt is null)
                        founding.Remove(withdrawn.KeyId); // published anew, so it waits as any other
                }
            }

            foreach (var key in ring.Keys)
            {
                if (!founding.Contains(key.KeyId) && key.ActivatesAt is { } from)
                    Assert.True(from >= key.AnnouncedAt + Schedule.AnnounceTime);
                if (key.RetiresAt is { } end)
                {
                    Assert.True(key.ActivatesAt <= end);
                    Assert.True(key.RemovedAt >= end + Schedule.Afterlife);
                }
            }

            Assert.True(ring.Keys.Count(key => key.StateAt(now) == KeyState.Active) <= 1);
            Assert.True(ring.Keys.Count(key => key is { ActivatesAt: null, WithdrawnAt: null }) >= 2);
        });

    private sealed class Ring
    {
        private int made;

        public ImmutableArray<SigningKey> Keys { get; private set; } = [];

        public void Tend(DateTimeOffset now) => Put(Schedule.Tend(Keys, now, Create));

        public void Drop(string keyId) => Keys = [.. Keys.Where(key => key.KeyId != keyId)];

        public IEnumerable<KeyState> States(DateTimeOffset now) => Keys.Select(key => key.StateAt(now));

        public SigningKey Create() => new()
        {
            KeyId = $"key-{made++}", Purpose = "access-token", Algorithm = "ES256", PublicJwk = "{}", WrappedPrivateKey = "", AnnouncedAt = default,
        };

        public void Put(ImmutableArray<SigningKey> changed)
        {
            foreach (var key in changed)
            {
                var at = Keys.ToList().FindIndex(present => present.KeyId == key.KeyId);
                Keys = at < 0 ? Keys.Add(key) : Keys.SetItem(at, key);
            }
        }
    }
}
