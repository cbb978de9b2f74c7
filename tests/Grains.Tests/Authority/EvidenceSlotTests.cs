using Assay.Grains.Authority;
using Microsoft.Extensions.Logging.Abstractions;

namespace Assay.Grains.Tests.Authority;

public sealed class EvidenceSlotTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);
    private static readonly AsyncLocal<string?> Ambient = new();

    [Theory]
    [InlineData(true), InlineData(false)]
    public async Task Who_waits_with_a_task_and_who_waits_without_hear_the_same(bool durable)
    {
        var (before, between, after) = (Slot(), Slot(), Slot());
        var first = Wait(before);
        var second = before.Committed;
        var third = between.Committed;
        var fourth = Wait(between);
        Assert.All([first, second, third, fourth], waiting => Assert.False(waiting.IsCompleted));

        foreach (var slot in new[] { before, between, after })
            slot.Settle(durable);

        foreach (var waiting in new[] { first, second, third, fourth, Wait(before), before.Committed, Wait(after), after.Committed })
            Assert.Equal(durable, await waiting.WaitAsync(Soon));
    }

    [Fact]
    public async Task The_first_outcome_counts()
    {
        var slot = Slot();
        var waiting = Wait(slot);

        slot.Settle(false);
        slot.Settle(true);

        Assert.Equal((false, false, false), (await waiting.WaitAsync(Soon), await slot.Settled, await slot.Committed));
    }

    [Fact]
    public void Until_it_is_known_nothing_is_durable()
    {
        var outcome = Slot().Settled;

        Assert.Equal((false, false), (outcome.IsCompleted, Read(outcome)));
    }

    [Fact]
    public async Task One_waits_without_a_task_and_a_second_is_told()
    {
        var slot = Slot();
        var waiting = Wait(slot);

        Assert.Throws<InvalidOperationException>(() => slot.Settled.UnsafeOnCompleted(static () => { }));

        slot.Settle(true);
        Assert.True(await waiting.WaitAsync(Soon));
    }

    [Fact]
    public async Task Whoever_comes_while_it_is_settled_is_not_forgotten()
    {
        for (var i = 0; i < 500; i++)
        {
            var slot = Slot();
            using var start = new Barrier(3);
            Task<bool>[] waiting = [Task.Run(() => At(start, () => Wait(slot))), Task.Run(() => At(start, () => slot.Committed))];
            start.SignalAndWait();
            slot.Settle(true);

            foreach (var durable in await Task.WhenAll(waiting).WaitAsync(Soon))
                Assert.True(durable);
        }

        static Task<bool> At(Barrier start, Func<Task<bool>> wait)
        {
            start.SignalAndWait();
            return wait();
        }
    }

    [Fact]
    public async Task What_flows_with_a_request_is_there_when_it_goes_on()
    {
        var slot = Slot();
        Ambient.Value = "request";
        var said = Said();
        var woken = new TaskCompletionSource<string?>();
        slot.Committed.GetAwaiter().OnCompleted(static () => { }); // there is a task already
        slot.Settled.OnCompleted(() => woken.SetResult(Ambient.Value));
        Ambient.Value = null;

        slot.Settle(true);

        Assert.Equal(("request", "request"), (await said.WaitAsync(Soon), await woken.Task.WaitAsync(Soon)));

        async Task<string?> Said()
        {
            await slot.Settled;
            return Ambient.Value;
        }
    }

    private static bool Read(EvidenceSlot.Outcome outcome) => outcome.GetResult();

    private static async Task<bool> Wait(EvidenceSlot slot) => await slot.Settled;

    private static EvidenceSlot Slot()
    {
        var clock = new ManualClock();
        var lease = new SiloLease(TimeSpan.FromSeconds(10), TimeSpan.Zero, clock);
        lease.Begin(7, lease.Ask());
        return new EvidenceAppender(null!, lease /* nothing is appended */, static (_, _) => default, new EvidenceOptions(), clock, NullLogger.Instance).Reserve()!;
    }
}
