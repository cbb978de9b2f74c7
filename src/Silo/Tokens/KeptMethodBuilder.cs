using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace Assay.Silo.Tokens;

/// <summary>
/// Makes async methods whose state is kept for the next call (<c>[AsyncMethodBuilder(typeof(KeptMethodBuilder&lt;&gt;))]</c>). The platform's
/// <see cref="PoolingAsyncValueTaskMethodBuilder{TResult}"/> keeps one for each thread and core; of a method in which a hundred requests wait for one commit nearly all would be made
/// anew. As with that one, what such a method returns is awaited once.
/// </summary>
internal struct KeptMethodBuilder<TResult>
{
    private State? state; // since it waited for the first time
    private Exception? fault;
    private TResult result;

    public static KeptMethodBuilder<TResult> Create() => default;

    public readonly ValueTask<TResult> Task =>
        state is { } waiting ? new(waiting, waiting.Version)
        : fault is not null ? ValueTask.FromException<TResult>(fault)
        : new(result);

    public void SetResult(TResult result)
    {
        if (state is { } waiting)
            waiting.SetResult(result);
        else
            this.result = result;
    }

    public void SetException(Exception exception)
    {
        if (state is { } waiting)
            waiting.SetException(exception);
        else
            fault = exception;
    }

    public readonly void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => default(AsyncValueTaskMethodBuilder<TResult>).Start(ref stateMachine);

    public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
    {
    }

    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine => awaiter.OnCompleted(Continuation(ref stateMachine));

    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine => awaiter.UnsafeOnCompleted(Continuation(ref stateMachine));

    private Action Continuation<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine
    {
        if (state is null)
        {
            var taken = State<TStateMachine>.Take();
            state = taken; // before the copy, which this builder is a part of
            taken.Machine = stateMachine;
        }

        state.Context = ExecutionContext.Capture();
        return state.Continue;
    }

    private abstract class State : IValueTaskSource<TResult>
    {
        private ManualResetValueTaskSourceCore<TResult> outcome;

        protected State() => Continue = Proceed;

        public Action Continue { get; }

        public ExecutionContext? Context { get; set; }

        public short Version => outcome.Version;

        public void SetResult(TResult result) => outcome.SetResult(result);

        public void SetException(Exception exception) => outcome.SetException(exception);

        public TResult GetResult(short token)
        {
            var isOver = outcome.GetStatus(token) != ValueTaskSourceStatus.Pending; // throws for whoever asks twice
            try
            {
                return outcome.GetResult(token);
            }
            finally
            {
                if (isOver)
                {
                    outcome.Reset();
                    Context = null;
                    GiveBack();
                }
            }
        }

        public ValueTaskSourceStatus GetStatus(short token) => outcome.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            outcome.OnCompleted(continuation, state, token, flags);

        protected abstract void MoveNext();

        protected abstract void GiveBack();

        private void Proceed()
        {
            // Nothing is touched after the step: by then another request may have this.
            if (Context is { } context)
                ExecutionContext.Run(context, static state => ((State)state!).MoveNext(), this);
            else
                MoveNext();
        }
    }

    private sealed class State<TStateMachine> : State
        where TStateMachine : IAsyncStateMachine
    {
        /// <summary>Of one method; some 300 bytes each.</summary>
        private const int MostKept = 1024;

        private static readonly ConcurrentQueue<State<TStateMachine>> Kept = new();
        private static int kept;

        public TStateMachine Machine = default!;

        public static State<TStateMachine> Take()
        {
            if (!Kept.TryDequeue(out var state))
                return new State<TStateMachine>();

            Interlocked.Decrement(ref kept);
            return state;
        }

        protected override void MoveNext() => Machine.MoveNext();

        protected override void GiveBack()
        {
            Machine = default!; // holds on to nothing of the request
            if (Interlocked.Increment(ref kept) <= MostKept)
                Kept.Enqueue(this);
            else
                Interlocked.Decrement(ref kept);
        }
    }
}
