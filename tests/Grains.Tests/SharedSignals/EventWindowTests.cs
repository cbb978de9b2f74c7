using Assay.Core.SharedSignals;
using Assay.Grains.SharedSignals;
using CsCheck;

namespace Assay.Grains.Tests.SharedSignals;

public sealed class EventWindowTests
{
    [Fact]
    public void What_waits_comes_again_in_order_until_it_is_taken()
    {
        var window = Read([], 1, 2, 3);

        Assert.Equal(["1", "2"], Names(window, 2));
        Assert.Equal(["1", "2", "3"], Names(window, 10));
        Assert.True(window.Settle("1"));
        Assert.False(window.Settle("1"));

        Assert.Equal(["2", "3"], Names(window, 10));
        Assert.Equal(Place(1), window.Position);
    }

    [Fact]
    public void The_first_that_was_not_taken_holds_the_position_and_what_was_taken_behind_it_is_remembered()
    {
        var window = Read([], 1, 2, 3);

        window.Settle("2");
        window.Settle("3");

        Assert.Equal(default, window.Position);
        Assert.Equal(["2", "3"], window.Settled.Select(one => one.JwtId));
        window.Settle("1");
        window.Skip(FeedPlace.EndOf(9));
        Assert.Equal((FeedPlace.EndOf(9), 0), (window.Position, window.Settled.Length));
    }

    [Fact]
    public void An_entry_without_events_moves_the_position()
    {
        var window = new EventWindow(default, []);

        window.Add(Place(4), []);

        Assert.Equal(Place(4), window.Position);
    }

    [Fact]
    public void Whatever_is_taken_in_whatever_order_a_restart_at_any_point_brings_the_rest_once_and_in_order() => Gen.Int[0, 30].Array[0, 60].Sample(choices =>
    {
        // Entries of one to three events each; two entries share a number.
        var feed = Enumerable.Range(0, 12).Select(entry => (Place: new FeedPlace(1 + (entry / 2), "identity", $"{entry % 2}"), Events: Enumerable.Range(0, 1 + (entry % 3)).Select(i => Event($"{entry}-{i}")).ToList())).ToList();
        var all = feed.SelectMany(entry => entry.Events.Select(made => made.JwtId)).ToList();
        var taken = new HashSet<string>();
        var window = new EventWindow(default, []);
        foreach (var choice in choices)
        {
            if (choice < feed.Count)
                Scan(window, feed, choice);
            else if (choice == 30)
                window = new EventWindow(window.Position, window.Settled);
            else if (window.Count > 0)
                taken.Add(Take(window, choice % window.Count));
        }

        window = new EventWindow(window.Position, window.Settled);
        Scan(window, feed, feed.Count);
        Assert.Equal(all.Where(name => !taken.Contains(name)), Names(window, 100));
    });

    [Fact]
    public void So_much_is_taken_out_of_order_and_no_more()
    {
        var window = Read([], [.. Enumerable.Range(1, EventWindow.MostAhead + 1)]);
        Assert.False(window.IsFull);

        for (var i = 2; i <= EventWindow.MostAhead + 1; i++)
            window.Settle($"{i}");
        Assert.True(window.IsFull);
        window.Settle("1");

        Assert.False(window.IsFull);
    }

    private static string Take(EventWindow window, int at)
    {
        var name = window.First(100)[at].JwtId;
        Assert.True(window.Settle(name));
        return name;
    }

    private static void Scan(EventWindow window, List<(FeedPlace Place, List<StreamEvent> Events)> feed, int entries)
    {
        foreach (var (place, events) in feed.Where(entry => entry.Place > window.Scanned).Take(entries).ToList())
            window.Add(place, events);
    }

    private static EventWindow Read(SettledEvent[] settled, params int[] numbers)
    {
        var window = new EventWindow(default, [.. settled]);
        foreach (var number in numbers)
            window.Add(Place(number), [Event($"{number}")]);
        return window;
    }

    private static IEnumerable<string> Names(EventWindow window, int most) => window.First(most).Select(made => made.JwtId);

    private static FeedPlace Place(int number) => new(number, "identity", "exporter");

    private static StreamEvent Event(string name) => new(name, "txn", 0, EventTypes.SessionRevoked, "exporter", null, false, "{}");
}
