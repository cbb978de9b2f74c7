namespace Assay.Client.Tests;

/// <summary>Waits for what happens in the background, but not without end.</summary>
internal static class Patience
{
    public static Task Until(Func<bool> holds) => Until(() => ValueTask.FromResult(holds()));

    public static async Task Until(Func<ValueTask<bool>> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await holds())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
