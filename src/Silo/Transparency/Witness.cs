using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text;
using Assay.Core.Transparency;

namespace Assay.Silo.Transparency;

/// <summary>What a witness said to a checkpoint.</summary>
internal abstract record WitnessAnswer
{
    private WitnessAnswer()
    {
    }

    public sealed record Cosigned(NoteSignature Signature) : WitnessAnswer;

    /// <summary>It has seen the log at another size than the one that was named.</summary>
    public sealed record Elsewhere(long Size) : WitnessAnswer;

    /// <summary>It does not know this log.</summary>
    public sealed record Unknown : WitnessAnswer;

    public sealed record Refused(string Why) : WitnessAnswer;
}

/// <summary>Somebody else who is shown checkpoints and cosigns them (C2SP tlog-witness, <c>add-checkpoint</c>).</summary>
/// <param name="url">Its submission prefix.</param>
internal sealed class Witness(Uri url, WitnessKey key, HttpClient http)
{
    private const int MostAnswer = 64 * 1024;

    private readonly Uri address = new(url.AbsoluteUri.TrimEnd('/') + "/add-checkpoint");

    public string Name => key.Name;

    public Uri Url => url;

    /// <param name="old">The size that it has cosigned, as far as is known; 0 for none.</param>
    /// <param name="proof">That the tree of the checkpoint continues the one of that size.</param>
    /// <exception cref="HttpRequestException">It cannot be reached, or failed.</exception>
    public async Task<WitnessAnswer> Show(string checkpoint, long old, ImmutableArray<TreeHash> proof, CancellationToken cancellationToken)
    {
        var body = new StringBuilder().Append(CultureInfo.InvariantCulture, $"old {old}\n");
        foreach (var hash in proof)
            body.Append(hash).Append('\n');
        body.Append('\n').Append(checkpoint);
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new StringContent(body.ToString(), Encoding.UTF8, "text/plain") };
        using var answer = await http.SendAsync(request, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        if (text.Length > MostAnswer)
            throw new HttpRequestException("its answer is too long");
        switch (answer.StatusCode)
        {
            case HttpStatusCode.OK:
                return Read(text, SignedNote.Parse(checkpoint).Text) is { } signature ? new WitnessAnswer.Cosigned(signature) : new WitnessAnswer.Refused("it answered without a cosignature by its key");
            case HttpStatusCode.Conflict when answer.Content.Headers.ContentType?.MediaType == "text/x.tlog.size"
                && long.TryParse(text.TrimEnd('\n'), NumberStyles.None, CultureInfo.InvariantCulture, out var size):
                return new WitnessAnswer.Elsewhere(size);
            case HttpStatusCode.Conflict:
                return new WitnessAnswer.Refused("it has seen another root at this size");
            case HttpStatusCode.NotFound:
                return new WitnessAnswer.Unknown();
            case HttpStatusCode.Forbidden:
                return new WitnessAnswer.Refused("it trusts none of the keys of this log");
            case HttpStatusCode.UnprocessableEntity:
                return new WitnessAnswer.Refused("what it has seen before is not continued by this log");
            default:
                throw new HttpRequestException($"it answered {(int)answer.StatusCode}");
        }
    }

    /// <summary>The cosignature by its key; others are not looked at.</summary>
    private NoteSignature? Read(string lines, string text)
    {
        foreach (var line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            try
            {
                var signature = SignedNote.ParseSignature(line);
                if (key.TimeOf(signature, text) is not null)
                    return signature;
            }
            catch (FormatException)
            {
                // not for us
            }
        }

        return null;
    }
}
