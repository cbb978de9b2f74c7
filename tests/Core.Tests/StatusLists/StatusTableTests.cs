using System.Collections.Concurrent;
using Assay.Core.Revocation;
using Assay.Core.StatusLists;

namespace Assay.Core.Tests.StatusLists;

public sealed class StatusTableTests
{
    private static readonly byte[] Key = new byte[32];

    /// <summary>The tenth decision, by key 4 under policy 3, of identity 1 with credential 2.</summary>
    private static readonly StatusEntry Token = new(Position: 100, Number: 10, IssuedAt: 1_000, ExpiresAt: 1_300, Identity: 1, Credential: 2, PolicyVersion: 3, Key: 4);

    [Fact]
    public void However_many_ask_at_once_each_token_has_an_index_of_its_own()
    {
        var table = Table();
        var indices = new ConcurrentBag<int>();
        var threads = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (var i = 0; i < 5_000; i++)
                indices.Add(table.Add(Token with { Position = 100 + i }));
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        Assert.Equal((20_000, 20_000), (indices.Distinct().Count(), table.Count));
        Assert.All(indices, index => Assert.InRange(index, 0, StatusTable.Capacity - 1));
    }

    [Fact]
    public void A_full_list_gives_out_nothing_more()
    {
        var table = Table();
        for (var i = 0; i < StatusTable.Capacity; i++)
            table.Add(Token);

        Assert.Equal((-1, -1, true, StatusTable.Capacity), (table.Add(Token), table.Add(Token), table.IsFull, table.Count));
    }

    [Theory]
    [InlineData(1UL), InlineData(2UL), InlineData(3UL), InlineData(4UL)]
    public void A_token_ends_with_whatever_it_hangs_on_and_its_neighbours_do_not(ulong handle)
    {
        var table = Table();
        var (ended, later) = (table.Add(Token), table.Add(Token with { Number = 11 }));
        var others = new[] { table.Add(Token with { Identity = 5, Credential = 6, PolicyVersion = 7, Key = 8 }), table.Add(Token with { Identity = 3, Credential = 4, PolicyVersion = 9, Key = 10 }) };
        var before = table.Version;

        var count = table.Apply(new StatusSweep([new RevocationEntry(handle, 11, null, default)], []));

        var expected = handle >= 3 ? new[] { ended, others[1] } : [ended]; // the last one's identity has the handle of a policy: handles know no kinds, and are distinct by their keys
        Assert.Equal(expected.Order(), Ended(table));
        Assert.Equal((expected.Length, true), (count, table.Version > before));
        Assert.DoesNotContain(later, Ended(table));
        Assert.Equal(0, table.Apply(new StatusSweep([new RevocationEntry(handle, 11, null, default)], []))); // it has ended
    }

    [Fact]
    public void A_single_token_ends_by_the_position_of_its_record()
    {
        var table = Table();
        var (first, second) = (table.Add(Token), table.Add(Token with { Position = 101 }));
        var far = table.Add(Token with { Position = 101 + (1 << 16) }); // looks the same to the small table

        Assert.Equal(1, table.Apply(new StatusSweep([], [101, 999])));

        Assert.Equal([second], Ended(table));
        Assert.NotEqual(first, far);
    }

    [Fact]
    public void A_window_ends_what_was_issued_in_it()
    {
        var table = Table();
        table.Add(Token);
        var inside = table.Add(Token with { IssuedAt = 1_010 });

        table.Apply(new StatusSweep([new RevocationEntry(Token.Identity, 11, new IssueWindow(1_005, 1_020), default)], []));

        Assert.Equal([inside], Ended(table));
    }

    [Fact]
    public void What_a_sweep_ends_is_what_introspection_would_say()
    {
        var random = new Random(20);
        var table = Table();
        var tokens = Enumerable.Range(0, 6_000).Select(i => new StatusEntry(
            i, random.Next(1, 60), random.Next(1_000, 1_100), 1_500, (ulong)random.Next(100), (ulong)random.Next(1_000, 1_200), (ulong)random.Next(2_000, 2_004), (ulong)random.Next(3_000, 3_003)))
            .Select(token => (Token: token, Index: table.Add(token))).ToList();
        for (var round = 0; round < 10; round++)
        {
            var entries = Enumerable.Range(0, 6).Select(_ => new RevocationEntry(
                (ulong)(random.Next(4) switch { 0 => random.Next(100), 1 => random.Next(1_000, 1_200), 2 => random.Next(2_000, 2_004), _ => random.Next(3_000, 3_003) }),
                random.Next(1, 60), random.Next(2) == 0 ? null : new IssueWindow(random.Next(1_000, 1_100), null), default)).ToArray();
            var positions = new long[] { random.Next(6_000) };
            var set = RevocationSet.Empty.Next(entries, DateTimeOffset.MinValue + RevocationSet.Retention);
            var before = Ended(table).ToHashSet();

            table.Apply(new StatusSweep(entries, positions));

            var expected = tokens.Where(one => before.Contains(one.Index) || positions.Contains(one.Token.Position)
                || new[] { one.Token.Identity, one.Token.Credential, one.Token.PolicyVersion, one.Token.Key }.Any(handle => set.IsEnded(handle, one.Token.Number, one.Token.IssuedAt)));
            Assert.Equal(expected.Select(one => one.Index).Order(), Ended(table));
        }
    }

    [Fact]
    public void A_list_that_is_restored_has_its_tokens_where_they_were_and_shows_the_rest_as_invalid()
    {
        var table = Table();
        var tokens = Enumerable.Range(0, 3_000).Select(i => Token with { Position = 100 + i, Identity = (ulong)(i % 10) }).Select(token => (Token: token, Index: table.Add(token))).ToList();
        var restored = new StatusTable(Key, "list", Token, unknownIsInvalid: true);
        Assert.Equal(StatusTable.Capacity, Ended(restored).Count());

        foreach (var (token, index) in tokens)
            Assert.True(restored.Restore(index, token));
        Assert.False(restored.Restore(tokens[0].Index, Token)); // taken
        Assert.False(restored.Restore(StatusTable.Capacity, Token));
        Assert.False(restored.Restore(-1, Token));

        Assert.Equal((3_000, 1_300), (restored.Count, restored.LastExpiry));
        Assert.Equal(StatusTable.Capacity - 3_000, Ended(restored).Count());
        Assert.Equal(300, restored.Apply(new StatusSweep([new RevocationEntry(7, 11, null, default)], [])));
        Assert.All(tokens, one => Assert.Equal(one.Token.Identity == 7 ? 1 : 0, StatusList.At(restored.Read(), 1, one.Index)));
    }

    [Fact]
    public void A_list_without_revoked_tokens_reads_as_all_valid()
    {
        var table = Table();
        table.Add(Token);

        Assert.Equal(new byte[StatusTable.Capacity / 8], table.Read());
        Assert.Equal(0, table.Apply(new StatusSweep([], [])));
        Assert.Equal(0, table.Version);
    }

    private static StatusTable Table() => new(Key, "list", Token);

    private static IEnumerable<int> Ended(StatusTable table)
    {
        var list = table.Read();
        for (var at = 0; at < list.Length; at++)
        {
            for (var bit = 0; list[at] != 0 && bit < 8; bit++)
            {
                if ((list[at] >> bit & 1) == 1)
                    yield return at * 8 + bit;
            }
        }
    }
}
