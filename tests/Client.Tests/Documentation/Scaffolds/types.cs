using Assay.Client;
// <the block>

internal static class Program
{
    private static void Main()
    {
    }
}

/// <summary>Stands for a service that holds the key and signs with it.</summary>
internal abstract class Signer
{
    public abstract Task<string> AssertionAsync(string clientId, string issuer, DateTimeOffset time, CancellationToken cancellationToken);
}
