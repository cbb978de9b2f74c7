using Assay.Core.Evidence;
using Assay.Core.Revocation;
using Assay.Core.StatusLists;
using Assay.Silo.StatusLists;

namespace Assay.Silo.Tests.StatusLists;

/// <summary>The lists of one shard: who gets which place, what is looked for and for how long, and when lists retire.</summary>
public sealed class StatusShardTests
{
    private const long Shard = 7;

    private static readonly StatusListNames Names = new(new JtiCodec(new byte[32]), new byte[32], new SiloIdentity("https://issuer.example/", "silo"));
    private static readonly DateTimeOffset Noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    private readonly StatusShard shard = new(Shard, Names);

    [Fact]
    public void Tokens_that_expire_in_the_same_five_minutes_share_a_list_that_retires_with_them()
    {
        var first = Take(Noon.AddSeconds(1));
        var last = Take(Noon.AddMinutes(5));
        var other = Take(Noon.AddMinutes(5).AddSeconds(1));

        Assert.Same(first.List, last.List);
        Assert.NotEqual(first.List.Id, other.List.Id);
        Assert.True(Names.TryRead(first.List.Id, out var name));
        Assert.Equal(new StatusListName(Shard, Noon.AddMinutes(5).ToUnixTimeSeconds() / 60, 0), name);
        Assert.Equal($"https://issuer.example/status-lists/{first.List.Id}", first.List.Uri);
        Assert.False(StatusShard.IsRetired(name, Noon.AddMinutes(5.9)));
        Assert.True(StatusShard.IsRetired(name, Noon.AddMinutes(6)));
    }

    [Fact]
    public void A_full_list_opens_the_next_and_no_place_is_given_twice()
    {
        var lists = new Dictionary<string, bool[]>();
        for (var i = 0; i < StatusTable.Capacity + 10; i++)
        {
            var place = Take(Noon);
            if (!lists.TryGetValue(place.List.Id, out var seen))
                lists.Add(place.List.Id, seen = new bool[StatusTable.Capacity]);
            if (seen[place.Index])
                Assert.Fail($"index {place.Index} was given twice");
            seen[place.Index] = true;
        }

        Assert.Equal([StatusTable.Capacity, 10], lists.Values.Select(seen => seen.Count(taken => taken)));
        Assert.Equal(StatusTable.Capacity + 10, shard.Held);
    }

    [Fact]
    public void A_clock_that_is_set_back_opens_no_list_twice()
    {
        var before = Take(Noon);
        shard.Retire(Noon.AddHours(1));
        Assert.Empty(shard.Lists);

        var after = Take(Noon);

        Assert.NotEqual(before.List.Id, after.List.Id);
    }

    [Fact]
    public void What_was_revoked_is_looked_for_until_nothing_older_is_on_its_way()
    {
        var early = Take(Noon, number: 10);
        shard.Add([new PendingEnd(new RevocationEntry(1, 11, null, Noon), null)]);
        Assert.True(shard.HasPending);

        Assert.Equal(1, shard.Sweep(drained: 10));
        var late = Take(Noon, number: 10); // decided before, placed after
        var next = Take(Noon, number: 11);
        Assert.True(shard.HasPending);
        Assert.Equal(1, shard.Sweep(drained: 11));

        Assert.False(shard.HasPending);
        Assert.Equal([true, true, false], [IsEnded(early), IsEnded(late), IsEnded(next)]);
        Assert.Equal(0, shard.Sweep(drained: 11));
    }

    [Fact]
    public void One_that_comes_during_a_sweep_is_kept_for_the_next()
    {
        var token = Take(Noon, number: 10);
        shard.Add([new PendingEnd(new RevocationEntry(99, 11, null, Noon), null), new PendingEnd(new RevocationEntry(1, 12, null, Noon), null)]);

        shard.Sweep(drained: 11);

        Assert.True(shard.HasPending);
        Assert.True(IsEnded(token));
        shard.Sweep(drained: 12);
        Assert.False(shard.HasPending);
    }

    [Fact]
    public void Lists_retire_a_minute_after_their_last_token_could_expire()
    {
        var list = Take(Noon.AddSeconds(1)).List;

        shard.Retire(Noon.AddMinutes(5.9));
        Assert.Equal([list.Id], shard.Lists.Select(one => one.Address.Id));
        shard.Retire(Noon.AddMinutes(6));
        Assert.Empty(shard.Lists);
    }

    [Fact]
    public void A_name_that_was_made_up_is_none()
    {
        var id = Take(Noon).List.Id;
        var other = new StatusListNames(new JtiCodec([1, .. new byte[31]]), new byte[32], new SiloIdentity("https://issuer.example", "silo"));

        Assert.True(Names.TryRead(id, out _));
        Assert.False(Names.TryRead("AAAAAAAAAAAAAAAAAAAAAA", out _));
        Assert.False(Names.TryRead(id + "A", out _));
        Assert.False(other.TryRead(id, out _));
    }

    private StatusReference Take(DateTimeOffset expiresAt, long number = 10) =>
        shard.Take(new StatusEntry(0, number, expiresAt.ToUnixTimeSeconds() - 300, expiresAt.ToUnixTimeSeconds(), Identity: 1, Credential: 2, PolicyVersion: 3, Key: 4))!.Value;

    private bool IsEnded(StatusReference place) =>
        StatusList.At(shard.Lists.Single(list => list.Address == place.List).Table.Read(), 1, place.Index) == 1;
}
