using System.Buffers;
using System.Buffers.Text;
using System.Runtime.CompilerServices;
using Assay.Grains.Authority;

namespace Assay.Silo.Tokens;

/// <summary><c>POST /oauth/token</c> (RFC 6749 §3.2): parse, call the issuer, shape the answer.</summary>
internal sealed class TokenEndpoint(TokenIssuer issuer, DecisionGate gate, Admission admission, Failures failures, AssayMetrics metrics, TimeProvider clock)
{
    /// <summary>A task is what ASP.NET Core waits for; it holds nothing. What a request needs while it waits is kept for the next one.</summary>
    public async Task Handle(HttpContext context) => await Serve(context);

    [AsyncMethodBuilder(typeof(KeptMethodBuilder<>))]
    private async ValueTask<string> Serve(HttpContext context)
    {
        var started = clock.GetTimestamp();
        var isIn = admission.TryEnter();
        try
        {
            if (!isIn)
                return await OAuthAnswer.Refuse(context, OAuthError.Unavailable("the silo is at its concurrency limit"));

            using var span = AssayMetrics.Traces.StartActivity("token request");
            using var form = await TokenForm.Read(context.Request, context.RequestAborted);
            var outcome = await Answer(context, form);
            span?.SetTag("assay.outcome", outcome);
            metrics.TokenRequest(outcome, clock.GetElapsedTime(started));
            return outcome;
        }
        catch (Exception fault) when (failures.IsToAnswer(context, fault))
        {
            await failures.Answer(context, fault);
            return "failed";
        }
        finally
        {
            if (isIn)
                admission.Leave();
        }
    }

    [AsyncMethodBuilder(typeof(KeptMethodBuilder<>))]
    private async ValueTask<string> Answer(HttpContext context, TokenForm form)
    {
        // From here until the answer is flushed this request is on its way out: a narrowing call waits for it or discards it.
        using var passage = gate.Enter();
        var result = await issuer.Issue(form, context.Request.Headers.Authorization, context.Connection.RemoteIpAddress, passage, context.RequestAborted);
        switch (result)
        {
            case TokenResult.Issued issued:
                using (issued.Token)
                {
                    if (!passage.MayLeave())
                        return await OAuthAnswer.Refuse(context, OAuthError.Unavailable("the decision was overtaken by a change; ask again"));
                    Write(context.Response, issued);
                    await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
                    return "issued";
                }

            case TokenResult.Refused refused:
                return await OAuthAnswer.Refuse(context, refused.Error);

            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    /// <summary>RFC 6749 §5.1. Nothing in it needs escaping: a JWT, and scopes without quotes and backslashes.</summary>
    private static void Write(HttpResponse response, TokenResult.Issued issued)
    {
        OAuthAnswer.Begin(response, StatusCodes.Status200OK);

        var token = issued.Token.Token;
        var scopesLength = 0;
        foreach (var scope in issued.Scopes)
            scopesLength += scope.Length + 1;
        var stepUpLength = 0;
        foreach (var verification in issued.StepUp)
            stepUpLength += verification.Length + 3;

        var body = response.BodyWriter.GetSpan(token.Length + scopesLength + stepUpLength + 128);
        var at = 0;
        Append(body, ref at, "{\"access_token\":\""u8);
        Append(body, ref at, token);
        Append(body, ref at, "\",\"token_type\":\"Bearer\",\"expires_in\":"u8);
        Utf8Formatter.TryFormat((int)issued.Lifetime.TotalSeconds, body[at..], out var digits);
        at += digits;
        Append(body, ref at, ",\"scope\":\""u8);
        for (var i = 0; i < issued.Scopes.Length; i++)
        {
            if (i > 0)
                body[at++] = (byte)' ';
            at += System.Text.Encoding.ASCII.GetBytes(issued.Scopes[i], body[at..]);
        }

        body[at++] = (byte)'"';
        if (!issued.StepUp.IsEmpty)
        {
            Append(body, ref at, ",\"step_up\":["u8);
            for (var i = 0; i < issued.StepUp.Length; i++)
            {
                Append(body, ref at, i > 0 ? ",\""u8 : "\""u8);
                at += System.Text.Encoding.ASCII.GetBytes(issued.StepUp[i], body[at..]);
                body[at++] = (byte)'"';
            }

            body[at++] = (byte)']';
        }

        body[at++] = (byte)'}';
        response.ContentLength = at;
        response.BodyWriter.Advance(at);
    }

    private static void Append(Span<byte> body, ref int at, ReadOnlySpan<byte> text)
    {
        text.CopyTo(body[at..]);
        at += text.Length;
    }
}

/// <summary>How many token requests a silo works on at once; beyond it the answer is 503, not a queue.</summary>
internal sealed class Admission(int limit)
{
    private int inside;

    public bool TryEnter()
    {
        if (Interlocked.Increment(ref inside) <= limit)
            return true;
        Interlocked.Decrement(ref inside);
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref inside);
}
