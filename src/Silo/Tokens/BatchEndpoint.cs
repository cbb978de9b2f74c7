using System.Text.Json;
using Assay.Grains.Authority;

namespace Assay.Silo.Tokens;

/// <summary>
/// <c>POST /oauth/token/batch</c>: up to <see cref="TokenBatch.MaxRequests"/> tokens for one proof. The answer is 200 with an answer for each request, in order, each as the
/// token endpoint would give it beside its <c>status</c>; or one error for the whole when the caller is not heard.
/// </summary>
internal sealed class BatchEndpoint(TokenIssuer issuer, DecisionGate gate, Admission admission, AssayMetrics metrics, TimeProvider clock)
{
    public async Task Handle(HttpContext context)
    {
        var started = clock.GetTimestamp();
        if (!admission.TryEnter())
        {
            await OAuthError.Unavailable("the silo is at its concurrency limit").Write(context.Response, context.RequestAborted);
            return;
        }

        try
        {
            using var span = AssayMetrics.Traces.StartActivity("batch request");
            var batch = await TokenBatch.Read(context.Request, context.RequestAborted);
            var outcome = await Answer(context, batch);
            span?.SetTag("assay.outcome", outcome);
            metrics.BatchRequest(outcome, clock.GetElapsedTime(started));
        }
        finally
        {
            admission.Leave();
        }
    }

    private async Task<string> Answer(HttpContext context, TokenBatch batch)
    {
        // As at the token endpoint: from here on a narrowing call waits for the answer or discards it, as a whole.
        using var passage = gate.Enter();
        var result = await issuer.IssueAll(batch, context.Request.Headers.Authorization, context.Connection.RemoteIpAddress, passage, context.RequestAborted);
        switch (result)
        {
            case BatchResult.Answered { Results: var results }:
                try
                {
                    if (!passage.MayLeave())
                        return await OAuthAnswer.Refuse(context, OAuthError.Unavailable("the decisions were overtaken by a change; ask again"));
                    Write(context.Response, results);
                    await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
                    return "answered";
                }
                finally
                {
                    foreach (var one in results)
                        (one as TokenResult.Issued)?.Token.Dispose();
                }

            case BatchResult.Refused refused:
                return await OAuthAnswer.Refuse(context, refused.Error);

            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private void Write(HttpResponse response, TokenResult[] results)
    {
        OAuthAnswer.Begin(response, StatusCodes.Status200OK);

        using var json = new Utf8JsonWriter(response.BodyWriter);
        json.WriteStartObject();
        json.WriteStartArray("responses"u8);
        foreach (var result in results)
        {
            json.WriteStartObject();
            if (result is TokenResult.Issued issued)
                Write(json, issued);
            else
                Write(json, ((TokenResult.Refused)result).Error);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void Write(Utf8JsonWriter json, TokenResult.Issued issued)
    {
        metrics.BatchedToken("issued");
        json.WriteNumber("status"u8, StatusCodes.Status200OK);
        json.WriteString("access_token"u8, issued.Token.Token);
        json.WriteString("token_type"u8, "Bearer"u8);
        json.WriteNumber("expires_in"u8, (int)issued.Lifetime.TotalSeconds);
        json.WriteString("scope"u8, issued.Scopes.Length == 1 ? issued.Scopes[0] : string.Join(' ', issued.Scopes));
        if (issued.StepUp.IsEmpty)
            return;

        json.WriteStartArray("step_up"u8);
        foreach (var verification in issued.StepUp)
            json.WriteStringValue(verification);
        json.WriteEndArray();
    }

    private void Write(Utf8JsonWriter json, OAuthError error)
    {
        metrics.BatchedToken(error.Code);
        json.WriteNumber("status"u8, error.Status);
        error.WriteTo(json);
        if (error.RetryAfter is { } wait) // where there is a header for the whole
            json.WriteNumber("retry_after"u8, OAuthError.WholeSeconds(wait));
    }
}
