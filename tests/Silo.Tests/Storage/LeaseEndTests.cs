namespace Assay.Silo.Tests.Storage;

/// <summary>A process whose lease is over ends by itself, so that whoever supervises it starts it again with a new one.</summary>
public sealed class LeaseEndTests : IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Theory]
    [InlineData("sealed", 1)]
    [InlineData("condemned", 1)]
    [InlineData("stop", 0)]
    public async Task Its_exit_code_says_whether_it_was_told_to_stop(string how, int expected)
    {
        using var child = StorageChild.Start(StorageChild.Follow, temporary.Path);
        Assert.Equal("follows", await child.StandardOutput.ReadLineAsync().WaitAsync(Soon));

        child.StandardInput.WriteLine(how);

        await child.WaitForExitAsync().WaitAsync(Soon);
        Assert.Equal(expected, child.ExitCode);
    }
}
