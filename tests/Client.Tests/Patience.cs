namespace Assay.Client.Tests;

/// <summary>Waits for what happens in the background, but not without end.</summary>
internal static class Patience
{
    public static Task Until(Func<bool> holds) => Until(() => ValueTask.FromResult(holds()));

    public static async Task Until(Func<ValueTask<bool>> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await holds())
            await Task.Delay(5, limit.Token); // and leaves the processor to those who are waited for
    }
}
