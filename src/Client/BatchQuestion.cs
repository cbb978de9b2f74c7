using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Assay.Client;

/// <summary>Several tokens for one proof, as JSON: the issuer's <c>token_batch_endpoint</c>.</summary>
internal sealed class BatchQuestion(TokenRequest[] asked) : Question<TokenResult[]>
{
    // 16 KiB for each of the most there can be: many times what a token takes.
    private const int MaxBytes = 4 * 1024 * 1024;

    public override bool IsBatch => true;

    public override int MaxAnswerBytes => MaxBytes;

    public override Uri? Endpoint(IssuerEndpoints endpoints) => endpoints.Batch;

    public override List<KeyValuePair<string, string>> Fields() => [];

    public override HttpContent Content(List<KeyValuePair<string, string>> fields)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            foreach (var (name, value) in fields)
                json.WriteString(name, value);
            json.WriteStartArray("requests"u8);
            foreach (var request in asked)
                Write(json, request);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return new ReadOnlyMemoryContent(body.WrittenMemory) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
    }

    public override TokenResult[] Read(byte[] body, Uri url)
    {
        BatchJson? batch = null;
        try
        {
            batch = JsonSerializer.Deserialize(body, ClientJson.Default.BatchJson);
        }
        catch (JsonException)
        {
            // As with one token: not to be quoted.
        }

        if (batch?.Responses is not { } answers || answers.Length != asked.Length)
            throw NoAnswer(url);

        var results = new TokenResult[asked.Length];
        for (var i = 0; i < results.Length; i++)
            results[i] = Read(answers[i], asked[i], url) ?? throw NoAnswer(url);

        // Nothing was issued: then it is as with one token, and another address may do better.
        return Array.TrueForAll(results, result => result.Refusal?.Failure is TokenFailure.Unavailable) ? throw results[0].Refusal! : results;
    }

    public override AssayTokenException? LimitIn(TokenResult[] answer) =>
        Array.Find(answer, result => result.Refusal?.StatusCode is HttpStatusCode.TooManyRequests)?.Refusal;

    public override Activity? StartActivity() => ClientTelemetry.StartAskingAll(asked.Length);

    public override void Tell(Activity? activity, TokenResult[] answer) => ClientTelemetry.Refused(activity, answer.Count(result => !result.IsGranted));

    private static void Write(Utf8JsonWriter json, TokenRequest request)
    {
        json.WriteStartObject();
        if (request.Resource is { } resource)
            json.WriteString("resource"u8, resource);
        if (request.Names.Length > 0)
            json.WriteString("scope"u8, string.Join(' ', request.Names));
        json.WriteEndObject();
    }

    private static TokenResult? Read(BatchAnswerJson? answer, TokenRequest asked, Uri url) => answer switch
    {
        { Status: 200 } => TokenAnswer.Granted(answer.Grant, asked) is { } token ? new TokenResult(asked, token, null) : null,
        { Status: >= 400 and <= 599, Error: not null } => new TokenResult(
            asked, null, TokenAnswer.Refused(answer.Refusal, (HttpStatusCode)answer.Status, Wait(answer.RetryAfter), answeredAt: null, url)),
        _ => null,
    };

    private static TimeSpan? Wait(int? seconds) => seconds is { } wait ? TimeSpan.FromSeconds(Math.Max(0, wait)) : null;

    private static AssayTokenException NoAnswer(Uri url) =>
        new(TokenFailure.NotAnIssuer, $"The batch endpoint {url} answered 200, but not with a token or an error for each request.") { StatusCode = HttpStatusCode.OK };
}
