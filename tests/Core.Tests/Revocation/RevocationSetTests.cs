using Assay.Core.Revocation;
using CsCheck;

namespace Assay.Core.Tests.Revocation;

public sealed class RevocationSetTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void It_ends_what_was_decided_before_it_and_nothing_that_was_decided_with_it_known()
    {
        var set = RevocationSet.Empty.Next([new RevocationEntry(7, 10, null, Now)], Now);

        Assert.True(set.IsEnded(7, number: 9, issuedAt: 0));
        Assert.False(set.IsEnded(7, number: 10, issuedAt: 0));
        Assert.False(set.IsEnded(8, number: 9, issuedAt: 0));
    }

    [Fact]
    public void With_a_window_it_ends_only_what_was_issued_in_it()
    {
        var set = RevocationSet.Empty.Next([new RevocationEntry(7, 10, new IssueWindow(100, 200), Now), new RevocationEntry(7, 12, new IssueWindow(300, null), Now)], Now);

        Assert.Equal([false, true, false, true], new long[] { 99, 100, 200, 300 }.Select(issued => set.IsEnded(7, 9, issued)));
        Assert.False(set.IsEnded(7, number: 11, issuedAt: 100));
        Assert.True(set.IsEnded(7, number: 11, issuedAt: 300));
    }

    [Fact]
    public void An_entry_goes_when_no_token_can_live_that_it_ends()
    {
        var set = RevocationSet.Empty.Next([new RevocationEntry(7, 10, null, Now), new RevocationEntry(8, 11, new IssueWindow(1, 2), Now)], Now);

        Assert.Same(set, set.Next([], Now + RevocationSet.Retention));
        var later = set.Next([], Now + RevocationSet.Retention + TimeSpan.FromTicks(1));

        Assert.Equal((0, false, false), (later.Count, later.IsEnded(7, 9, 0), later.IsEnded(8, 9, 1)));
        Assert.Equal(2, set.Count); // who still holds the old one sees what it saw
    }

    [Fact]
    public void A_newer_entry_for_the_same_outlives_the_older_one()
    {
        var half = RevocationSet.Retention / 2;
        var set = RevocationSet.Empty.Next([new RevocationEntry(7, 10, null, Now)], Now);

        set = set.Next([new RevocationEntry(7, 20, null, Now + half)], Now + half);
        set = set.Next([], Now + RevocationSet.Retention + TimeSpan.FromSeconds(1));

        Assert.True(set.IsEnded(7, 19, 0));
        Assert.Equal(0, set.Next([], Now + half + RevocationSet.Retention + TimeSpan.FromSeconds(1)).Count);
    }

    /// <summary>A revocation names no tokens, so it costs the same for one and for a million; and a step shares all that it does not touch.</summary>
    [Fact]
    public void An_entry_is_one_entry_however_many_tokens_it_ends()
    {
        var set = RevocationSet.Empty.Next([new RevocationEntry(7, 1_000_001, null, Now)], Now);

        Assert.Equal(1, set.Count);
        for (var token = 1L; token <= 1_000_000; token++)
            Assert.True(set.IsEnded(7, token, token));
    }

    /// <summary>Whatever comes in whatever steps: it answers as a list of everything that is not too old would.</summary>
    [Fact]
    public void It_answers_as_the_list_of_its_entries()
    {
        var window = Gen.Select(Gen.Long[0, 20].Nullable(), Gen.Long[0, 20].Nullable(), (since, until) => since is null && until is null ? null : new IssueWindow(since, until));
        var step = Gen.Select(Gen.Select(Gen.ULong[0, 3], Gen.OneOf(Gen.Const((IssueWindow?)null), window)).Array[0, 4], Gen.Int[0, 600]);
        step.Array[0, 12].Sample(steps =>
        {
            var (set, all, now, number) = (RevocationSet.Empty, new List<RevocationEntry>(), Now, 0L);
            foreach (var (entries, seconds) in steps)
            {
                now += TimeSpan.FromSeconds(seconds);
                number++;
                RevocationEntry[] added = [.. entries.Select(entry => new RevocationEntry(entry.Item1, number, entry.Item2, now))];
                all.AddRange(added);
                set = set.Next(added, now);
                all.RemoveAll(entry => entry.LearnedAt < now - RevocationSet.Retention);
            }

            for (var handle = 0UL; handle < 4; handle++)
            {
                for (var asked = 0L; asked <= number; asked++)
                {
                    for (var issued = 0L; issued <= 20; issued += 4)
                    {
                        var expected = all.Any(entry => entry.Handle == handle && asked < entry.Number && (entry.Window?.Contains(issued) ?? true));
                        Assert.Equal(expected, set.IsEnded(handle, asked, issued));
                    }
                }
            }
        }, iter: 300);
    }
}
