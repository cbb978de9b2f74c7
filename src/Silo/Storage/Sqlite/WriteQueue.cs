using System.Collections.Concurrent;

namespace Assay.Silo.Storage.Sqlite;

/// <summary>Work for one thread, in order. Answers go to the pool, so nothing a caller does next runs on the writer's thread.</summary>
internal sealed class WriteQueue : IDisposable
{
    private readonly BlockingCollection<Action> work = [];
    private readonly Thread thread;

    public WriteQueue(string name)
    {
        thread = new Thread(Run) { IsBackground = true, Name = name };
        thread.Start();
    }

    public Task<T> Enqueue<T>(Func<T> action)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        work.Add(() =>
        {
            try
            {
                done.SetResult(action());
            }
            catch (Exception fault)
            {
                done.SetException(fault);
            }
        });
        return done.Task;
    }

    public void Dispose()
    {
        work.CompleteAdding();
        thread.Join();
        work.Dispose();
    }

    private void Run()
    {
        foreach (var action in work.GetConsumingEnumerable())
            action();
    }
}
