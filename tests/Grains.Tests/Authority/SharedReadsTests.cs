using System.Collections.Immutable;
using Assay.Grains.Authority;

namespace Assay.Grains.Tests.Authority;

/// <summary>Reads that are made together, each as if it had been made alone.</summary>
public sealed class SharedReadsTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Many_that_ask_at_once_are_answered_by_few_reads_each_with_its_own()
    {
        var store = new Store();
        using var reads = Shared(store, atOnce: 1, most: 256);
        var held = store.Hold();
        var first = reads.Read(0, default);
        await store.Asked(1);

        var others = Enumerable.Range(1, 1000).Select(key => reads.Read(key, default)).ToArray();
        held.SetResult();
        var values = await Task.WhenAll(others).WaitAsync(Soon);

        Assert.Equal(0, await first);
        Assert.Equal(Enumerable.Range(1, 1000).Select(key => key * 10), values);
        Assert.Equal([1, 256, 256, 256, 232], store.Sizes);
    }

    [Fact]
    public async Task Who_asks_alone_is_read_for_alone_also_while_another_read_is_under_way()
    {
        var store = new Store();
        using var reads = Shared(store, atOnce: 2, most: 256);
        var held = store.Hold();
        var first = reads.Read(1, default);
        await store.Asked(1);
        store.LetGo();

        Assert.Equal(20, await reads.Read(2, default).WaitAsync(Soon));
        Assert.False(first.IsCompleted);
        held.SetResult();
        Assert.Equal(10, await first.WaitAsync(Soon));
    }

    [Fact]
    public async Task Who_asks_while_a_read_is_under_way_sees_what_happened_before_it_asked()
    {
        var store = new Store();
        using var reads = Shared(store, atOnce: 1, most: 256);
        var held = store.Hold();
        var before = reads.Read(7, default);
        await store.Asked(1); // it has seen the values as they are now

        store.Factor = 100;
        var after = reads.Read(7, default);
        held.SetResult();

        Assert.Equal((70, 700), (await before.WaitAsync(Soon), await after.WaitAsync(Soon)));
    }

    [Fact]
    public async Task What_cannot_be_read_fails_who_asked_for_it_and_nobody_else()
    {
        var store = new Store { Fault = keys => keys.Contains(3) ? new InvalidDataException("damaged") : null };
        using var reads = Shared(store, atOnce: 1, most: 256);
        var held = store.Hold();
        var first = reads.Read(0, default);
        await store.Asked(1);

        var others = Enumerable.Range(1, 5).Select(key => reads.Read(key, default)).ToArray();
        held.SetResult();
        await first;
        await Task.WhenAll(others).ContinueWith(static _ => { }, TaskScheduler.Default).WaitAsync(Soon);

        Assert.Equal([false, false, true, false, false], others.Select(one => one.Exception?.InnerException is InvalidDataException));
        Assert.Equal([10, 20, 40, 50], others.Where(one => one.IsCompletedSuccessfully).Select(one => one.Result));
        Assert.Equal([1, 5, 1, 1, 1, 1, 1], store.Sizes);
    }

    [Fact]
    public async Task A_store_that_is_away_fails_all_and_is_asked_once()
    {
        var store = new Store();
        using var reads = Shared(store, atOnce: 1, most: 256);
        var held = store.Hold();
        var first = reads.Read(0, default);
        await store.Asked(1);

        store.Fault = static _ => new IOException("away");
        var others = Enumerable.Range(1, 5).Select(key => reads.Read(key, default)).ToArray();
        held.SetResult();
        await first;
        await Task.WhenAll(others).ContinueWith(static _ => { }, TaskScheduler.Default).WaitAsync(Soon);

        Assert.All(others, static one => Assert.IsType<IOException>(one.Exception!.InnerException));
        Assert.Equal([1, 5], store.Sizes);

        store.Fault = static _ => null;
        Assert.Equal(60, await reads.Read(6, default).WaitAsync(Soon)); // and is asked again when it is back
    }

    [Fact]
    public async Task What_comes_first_is_done_once_for_all_of_a_read_and_its_fault_is_everybodys()
    {
        var store = new Store();
        var (done, fault) = (0, default(Exception));
        using var reads = new SharedReads<int, int>(
            store.Read, atOnce: 1, most: 256, TaskScheduler.Default, _ => ++done > 0 && fault is null ? Task.CompletedTask : Task.FromException(fault!));
        var held = store.Hold();
        var first = reads.Read(0, default);
        await store.Asked(1);

        var others = Enumerable.Range(1, 5).Select(key => reads.Read(key, default)).ToArray();
        fault = new InvalidOperationException("not settled");
        held.SetResult();
        await first.WaitAsync(Soon);
        await Task.WhenAll(others).ContinueWith(static _ => { }, TaskScheduler.Default).WaitAsync(Soon);

        Assert.All(others, one => Assert.Same(fault, one.Exception!.InnerException));
        Assert.Equal(2, done);
        Assert.Equal([1], store.Sizes);
    }

    [Fact]
    public async Task A_store_that_fails_key_after_key_is_not_asked_for_all_of_them()
    {
        var store = new Store();
        using var reads = Shared(store, atOnce: 1, most: 256);
        var held = store.Hold();
        var first = reads.Read(0, default);
        await store.Asked(1);

        store.Fault = static _ => new InvalidOperationException("broken");
        var others = Enumerable.Range(1, 100).Select(key => reads.Read(key, default)).ToArray();
        held.SetResult();
        await first.WaitAsync(Soon);
        await Task.WhenAll(others).ContinueWith(static _ => { }, TaskScheduler.Default).WaitAsync(Soon);

        Assert.All(others, static one => Assert.IsType<InvalidOperationException>(one.Exception!.InnerException));
        Assert.Equal([1, 100, .. Enumerable.Repeat(1, 8)], store.Sizes);
    }

    [Fact]
    public async Task Who_cancels_is_let_go_and_not_read_for_and_the_others_are_answered()
    {
        var store = new Store();
        using var reads = Shared(store, atOnce: 1, most: 256);
        using var under = new CancellationTokenSource();
        using var waiting = new CancellationTokenSource();
        var held = store.Hold();
        var first = reads.Read(1, under.Token);
        await store.Asked(1);
        var second = reads.Read(2, waiting.Token);
        var third = reads.Read(3, default);

        await under.CancelAsync();
        await waiting.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.WaitAsync(Soon));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.WaitAsync(Soon));
        held.SetResult();
        Assert.Equal(30, await third.WaitAsync(Soon));
        Assert.Equal([1, 1], store.Sizes);
    }

    [Fact]
    public async Task No_more_reads_are_under_way_than_allowed()
    {
        var store = new Store();
        using var reads = Shared(store, atOnce: 3, most: 2);
        var held = store.Hold();

        var all = Enumerable.Range(0, 100).Select(key => reads.Read(key, default)).ToArray();
        await store.Asked(3);
        held.SetResult();
        await Task.WhenAll(all).WaitAsync(Soon);

        Assert.InRange(store.MostAtOnce, 1, 3);
        Assert.Equal(100, store.Sizes.Sum());
    }

    private static SharedReads<int, int> Shared(Store store, int atOnce, int most) => new(store.Read, atOnce, most, TaskScheduler.Default);

    /// <summary>The value of a key is a multiple of it.</summary>
    private sealed class Store
    {
        private readonly Lock guard = new();
        private readonly List<int> sizes = [];
        private readonly List<(int Count, TaskCompletionSource Reached)> waits = [];
        private TaskCompletionSource? held;
        private int underWay;

        public int Factor { get; set; } = 10;

        public Func<ImmutableArray<int>, Exception?> Fault { get; set; } = static _ => null;

        /// <summary>Keys of each read so far.</summary>
        public IReadOnlyList<int> Sizes => sizes;

        public int MostAtOnce { get; private set; }

        /// <summary>Reads that begin from now on have seen the values and do not answer, until the result is set.</summary>
        public TaskCompletionSource Hold() => held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Reads that begin from now on are answered at once.</summary>
        public void LetGo() => held = null;

        /// <summary>Completes when that many reads have begun.</summary>
        public Task Asked(int count)
        {
            lock (guard)
            {
                var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                waits.Add((count, reached));
                Tell();
                return reached.Task.WaitAsync(Soon);
            }
        }

        public async Task<ImmutableArray<int>> Read(ImmutableArray<int> keys, CancellationToken cancellationToken)
        {
            TaskCompletionSource? hold;
            Exception? fault;
            ImmutableArray<int> values;
            lock (guard)
            {
                fault = Fault(keys);
                sizes.Add(keys.Length);
                MostAtOnce = Math.Max(MostAtOnce, ++underWay);
                hold = held;
                values = ImmutableArray.CreateRange(keys, key => key * Factor);
                Tell();
            }

            if (hold is not null)
                await hold.Task;
            lock (guard)
                underWay--;
            return fault is null ? values : throw fault;
        }

        private void Tell()
        {
            foreach (var (count, reached) in waits)
            {
                if (sizes.Count >= count)
                    reached.TrySetResult();
            }
        }
    }
}
