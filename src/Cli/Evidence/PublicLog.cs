using Assay.Cli.Admin;
using Assay.Core.Transparency;

namespace Assay.Cli.Evidence;

/// <summary>What a log publishes for everybody.</summary>
internal static class PublicLog
{
    /// <summary>The checkpoint of all shards as it is now, signed by a key that it names.</summary>
    public static async Task<SignedNote> Checkpoint(Uri issuer, CancellationToken cancellationToken)
    {
        var note = Read(await Get(issuer, "checkpoint", cancellationToken), issuer.ToString());
        return note.IsSignedBy(ClusterCheckpoint.Parse(note.Text).Keys, out _)
            ? note
            : throw new Failure(ExitCode.Failed, $"The checkpoint of {issuer} is not signed by a key it names.");
    }

    /// <summary>The keys that verify the checkpoints of a shard.</summary>
    public static async Task<IEnumerable<NoteKey>> Keys(Uri issuer, long shard, CancellationToken cancellationToken)
    {
        var text = await Get(issuer, $"{shard}/keys", cancellationToken);
        try
        {
            return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(NoteKey.Parse)];
        }
        catch (FormatException fault)
        {
            throw new Failure(ExitCode.Failed, $"The keys of {issuer} are not understood: {fault.Message}.");
        }
    }

    public static SignedNote Read(string text, string from)
    {
        try
        {
            return SignedNote.Parse(text.ReplaceLineEndings("\n"));
        }
        catch (FormatException fault)
        {
            throw Failure.Usage($"{from} holds no checkpoint: {fault.Message}.");
        }
    }

    private static async Task<string> Get(Uri issuer, string path, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
        {
            Timeout = TimeSpan.FromSeconds(30), MaxResponseContentBufferSize = SignedNote.MaxLength,
        };
        try
        {
            using var response = await http.GetAsync(new Uri($"{issuer.AbsoluteUri.TrimEnd('/')}/log/{path}"), cancellationToken);
            if (!response.IsSuccessStatusCode)
                throw Refusal.Of(response, await response.Content.ReadAsByteArrayAsync(cancellationToken));
            return await response.Content.ReadAsStringAsync(cancellationToken);
        }
        catch (HttpRequestException fault)
        {
            throw AdminApi.Unreachable(issuer, fault);
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new Failure(ExitCode.Unreachable, $"{issuer} did not answer within 30 s.");
        }
    }
}
