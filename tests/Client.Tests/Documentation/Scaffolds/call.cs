using Assay.Client;
using System.Net.Http.Json;

await Shown.Run(AssayClient.FromEnvironment(), new HttpClient(), new Attestation(), CancellationToken.None);

internal static class Shown
{
    public static async Task Run(AssayClient assay, HttpClient http, Attestation attestation, CancellationToken cancellationToken)
    {
        await Task.Yield();
// <the block>
    }
}

/// <summary>Stands for whatever attests where a program runs.</summary>
internal sealed class Attestation
{
    public ValueTask<bool> RenewAsync(CancellationToken cancellationToken) => ValueTask.FromResult(!cancellationToken.IsCancellationRequested);
}

/// <summary>Stands for the one that the page shows.</summary>
internal sealed class FakeIssuer : HttpClientHandler;
