using Assay.Grains.Authority;

namespace Assay.Grains.Tests.Authority;

public sealed class SharedRunTests
{
    [Fact]
    public async Task Whoever_asks_while_one_runs_shares_the_next()
    {
        var runs = 0;
        var gates = new[] { new TaskCompletionSource(), new TaskCompletionSource() };
        var shared = new SharedRun<int>(async () =>
        {
            var mine = Interlocked.Increment(ref runs);
            await gates[mine - 1].Task;
            return mine;
        });

        var first = shared.Next();
        var second = shared.Next();
        var third = shared.Next();
        gates[0].SetResult();
        gates[1].SetResult();

        Assert.Equal(1, await first);
        Assert.Equal(2, await second);
        Assert.Equal(2, await third);
        Assert.Equal(2, runs);
    }

    [Fact]
    public async Task Whoever_asks_later_gets_a_run_of_his_own()
    {
        var runs = 0;
        var shared = new SharedRun<int>(() => Task.FromResult(Interlocked.Increment(ref runs)));

        Assert.Equal(1, await shared.Next());
        Assert.Equal(2, await shared.Next());
    }

    [Fact]
    public async Task A_run_that_fails_does_not_keep_the_next_from_running()
    {
        var runs = 0;
        var gate = new TaskCompletionSource();
        var shared = new SharedRun<int>(async () =>
        {
            if (Interlocked.Increment(ref runs) == 1)
            {
                await gate.Task;
                throw new IOException("gone");
            }

            return runs;
        });

        var first = shared.Next();
        var second = shared.Next();
        gate.SetResult();

        await Assert.ThrowsAsync<IOException>(() => first);
        Assert.Equal(2, await second);
        Assert.Equal(3, await shared.Next());
    }
}
