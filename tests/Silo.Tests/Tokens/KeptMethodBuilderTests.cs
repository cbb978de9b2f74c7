using System.Runtime.CompilerServices;
using Assay.Silo.Tokens;

namespace Assay.Silo.Tests.Tokens;

public sealed class KeptMethodBuilderTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);
    private static readonly AsyncLocal<string?> Ambient = new();

    [Fact]
    public async Task What_never_waits_answers_or_throws_at_once()
    {
        Assert.True(Twice(Task.FromResult(4)).IsCompletedSuccessfully);
        Assert.Equal(8, await Twice(Task.FromResult(4)));
        await Assert.ThrowsAsync<FormatException>(() => Twice(Task.FromException<int>(new FormatException())).AsTask());
    }

    [Fact]
    public async Task What_waits_answers_later_and_throws_what_it_waited_for()
    {
        var (number, fault, end) = (new TaskCompletionSource<int>(), new TaskCompletionSource<int>(), new TaskCompletionSource<int>());
        var (answer, broken, cancelled) = (Twice(number.Task), Twice(fault.Task).AsTask(), Twice(end.Task).AsTask());
        Assert.False(answer.IsCompleted);

        number.SetResult(21);
        fault.SetException(new FormatException());
        end.SetCanceled(TestContext.Current.CancellationToken);

        Assert.Equal(42, await answer);
        await Assert.ThrowsAsync<FormatException>(() => broken);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.True(cancelled.IsCanceled);
    }

    [Fact]
    public async Task Each_call_has_an_answer_of_its_own_however_many_wait_at_once()
    {
        for (var round = 0; round < 20; round++)
        {
            var gates = Enumerable.Range(0, 200).Select(_ => new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously)).ToArray();
            var answers = gates.Select((gate, i) => Outer(gate.Task, i)).ToArray();
            Parallel.For(0, gates.Length, i => gates[i].SetResult(i));

            for (var i = 0; i < answers.Length; i++)
                Assert.Equal($"{i}: {2 * i}", await answers[i].AsTask().WaitAsync(Soon));
        }
    }

    [Fact]
    public async Task What_flows_with_a_request_flows_through_it_and_does_not_leak_into_the_next()
    {
        var gates = new[] { new TaskCompletionSource<int>(), new TaskCompletionSource<int>() };
        Ambient.Value = "first";
        var first = Said(gates[0].Task);
        Ambient.Value = null;
        var second = Said(gates[1].Task);

        gates[1].SetResult(0);
        gates[0].SetResult(0);

        Assert.Equal(("first", null), (await first, await second));
        Assert.Null(await Said(Task.FromResult(0)));
        Assert.Null(Ambient.Value);
    }

    [Fact]
    public async Task Who_awaits_twice_or_too_early_is_told()
    {
        var gate = new TaskCompletionSource<int>();
        var answer = Twice(gate.Task);
        Assert.Throws<InvalidOperationException>(() => answer.GetAwaiter().GetResult());

        gate.SetResult(3);

        Assert.Equal(6, await answer);
        Assert.Throws<InvalidOperationException>(() => answer.GetAwaiter().GetResult());
        Assert.Equal(10, await Twice(Task.FromResult(5)));
    }

    [Fact]
    public async Task The_state_of_a_call_that_is_over_serves_the_next()
    {
        var gate = new Gate();
        for (var i = 1; i <= 100; i++)
        {
            var answer = Counted(gate);
            gate.Open();
            gate.Open();
            Assert.Equal(2 * i, await answer);
        }

        Assert.InRange(gate.Continuations.Count, 1, 2); // as many as there ever were at once
    }

    [Fact]
    public async Task Two_calls_at_once_have_a_state_each()
    {
        Gate one = new(), other = new();
        var (first, second) = (Counted(one), Counted(other));

        other.Open();
        one.Open();
        other.Open();
        one.Open();

        Assert.Equal((2, 2), (await first, await second));
        Assert.NotSame(Assert.Single(one.Continuations), Assert.Single(other.Continuations));
    }

    [AsyncMethodBuilder(typeof(KeptMethodBuilder<>))]
    private static async ValueTask<int> Twice(Task<int> number) => 2 * await number;

    [AsyncMethodBuilder(typeof(KeptMethodBuilder<>))]
    private static async ValueTask<string> Outer(Task<int> number, int i)
    {
        await Task.Yield();
        var twice = await Twice(number);
        return $"{i}: {twice}";
    }

    [AsyncMethodBuilder(typeof(KeptMethodBuilder<>))]
    private static async ValueTask<string?> Said(Task<int> gate)
    {
        await gate;
        var said = Ambient.Value;
        Ambient.Value = "leaked";
        return said;
    }

    [AsyncMethodBuilder(typeof(KeptMethodBuilder<>))]
    private static async ValueTask<int> Counted(Gate gate)
    {
        await gate;
        gate.Sum++;
        await gate;
        return ++gate.Sum;
    }

    /// <summary>Lets the one who waits go on, on the thread that opens it.</summary>
    private sealed class Gate : INotifyCompletion
    {
        private Action? waiting;

        public int Sum { get; set; }

        public HashSet<object> Continuations { get; } = new(ReferenceEqualityComparer.Instance);

        public bool IsCompleted => false;

        public Gate GetAwaiter() => this;

        public void OnCompleted(Action continuation)
        {
            waiting = continuation;
            Continuations.Add(continuation);
        }

        public void GetResult()
        {
        }

        public void Open() => waiting!.Invoke();
    }
}
