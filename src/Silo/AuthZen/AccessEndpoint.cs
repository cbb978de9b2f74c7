using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Assay.Grains.Authority;
using Assay.Silo.Tokens;

namespace Assay.Silo.AuthZen;

/// <summary>The endpoints of the AuthZEN Authorization API 1.0: who asks, what is asked, the answer, and whether it may still leave.</summary>
internal sealed class AccessEndpoint(
    AccessDoor door, AccessEvaluator evaluator, AccessSearch search, DecisionGate gate, Admission admission, AssayMetrics metrics, ILogger<AccessEndpoint> log)
{
    private const string RequestId = "X-Request-ID";
    private const int MaxRequestId = 1024;
    private const int MaxBody = 64 * 1024;
    private const int MaxSeveral = 256 * 1024;

    private delegate ValueTask<(ReadOnlyMemory<byte> Answer, AccessRefusal? Refusal)> Answering(
        AccessCaller caller, ReadOnlyMemory<byte> body, Passages passages, CancellationToken cancellationToken);

    public Task Evaluation(HttpContext context) => Handle(context, "evaluation", AccessScopes.Evaluate, MaxBody, One);

    public Task Evaluations(HttpContext context) => Handle(context, "evaluations", AccessScopes.Evaluate, MaxSeveral, Several);

    public Task SearchSubject(HttpContext context) => Handle(context, "search/subject", AccessScopes.Search, MaxBody, Search(SearchFor.Subject));

    public Task SearchResource(HttpContext context) => Handle(context, "search/resource", AccessScopes.Search, MaxBody, Search(SearchFor.Resource));

    public Task SearchAction(HttpContext context) => Handle(context, "search/action", AccessScopes.Search, MaxBody, Search(SearchFor.Action));

    private async Task Handle(HttpContext context, string endpoint, string scope, int limit, Answering answer)
    {
        var response = context.Response;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        using var passages = new Passages(gate);
        AccessRefusal? refusal;
        try
        {
            (var body, refusal) = await Answer(context, scope, limit, answer, passages);
            if (refusal is null && !passages.MayLeave())
                refusal = AccessRefusal.Unavailable("the answer was overtaken by a change; ask again");
            if (refusal is null)
            {
                response.ContentType = "application/json";
                response.ContentLength = body.Length;
                await response.BodyWriter.WriteAsync(body, context.RequestAborted);
            }
        }
        catch (BadHttpRequestException fault)
        {
            refusal = new AccessRefusal(fault.StatusCode, "the request is malformed");
        }
        catch (Exception fault) when (!context.RequestAborted.IsCancellationRequested && !response.HasStarted)
        {
            Silo.Log.RequestFailed(log, fault, context.Request.Method, context.Request.Path);
            refusal = AccessRefusal.Unavailable("the request could not be completed");
        }

        metrics.AccessAsked(endpoint, refusal?.Status ?? StatusCodes.Status200OK);
        if (refusal is not null)
            await refusal.Write(response, context.RequestAborted);
    }

    private async ValueTask<(ReadOnlyMemory<byte> Body, AccessRefusal? Refusal)> Answer(
        HttpContext context, string scope, int limit, Answering answer, Passages passages)
    {
        var request = context.Request;
        if (Echo(request, context.Response) is { } wrong)
            return (default, wrong);
        if (!admission.TryEnter())
            return (default, AccessRefusal.Unavailable("the silo is at its concurrency limit"));

        try
        {
            var (caller, refusal) = await door.Enter(request, scope, passages, context.RequestAborted);
            if (caller is null)
                return (default, refusal);
            if (!request.HasJsonContentType())
                return (default, AccessRefusal.Malformed("the body must be application/json"));
            return request.ContentLength > limit || await Body(request.BodyReader, limit, context.RequestAborted) is not { } body
                ? (default, AccessRefusal.TooLarge(limit))
                : await answer(caller, body, passages, context.RequestAborted);
        }
        finally
        {
            admission.Leave();
        }
    }

    /// <summary>Whatever the answer is, it has the caller's own name for the request (AuthZEN 1.0 §10.1.3). One that no header can carry is refused.</summary>
    private static AccessRefusal? Echo(HttpRequest request, HttpResponse response)
    {
        var given = request.Headers[RequestId];
        if (given.Count == 0)
            return null;
        if (given.Count > 1 || given[0] is not { Length: <= MaxRequestId } id || !Ascii.IsValid(id) || id.Any(char.IsControl))
            return AccessRefusal.Malformed("X-Request-ID must be one header of at most 1024 printable ASCII characters");
        response.Headers[RequestId] = id;
        return null;
    }

    private static async ValueTask<ReadOnlyMemory<byte>?> Body(PipeReader reader, int limit, CancellationToken cancellationToken)
    {
        var read = await reader.ReadAtLeastAsync(limit + 1, cancellationToken);
        var body = read.Buffer.Length > limit ? (ReadOnlyMemory<byte>?)null : read.Buffer.ToArray(); // without the cast null would be an empty body
        reader.AdvanceTo(read.Buffer.End);
        return body;
    }

    private async ValueTask<(ReadOnlyMemory<byte>, AccessRefusal?)> One(
        AccessCaller caller, ReadOnlyMemory<byte> body, Passages passages, CancellationToken cancellationToken) =>
        AccessJson.ReadEvaluation(body, out var fault) is { } question
            ? await One(caller, question, passages, cancellationToken)
            : (default, AccessRefusal.Malformed(fault!));

    private async ValueTask<(ReadOnlyMemory<byte>, AccessRefusal?)> One(
        AccessCaller caller, AccessQuestion question, Passages passages, CancellationToken cancellationToken)
    {
        var (answers, refusal) = await evaluator.Answer(caller, [new AccessItem(question, null)], EvaluationsSemantic.ExecuteAll, passages, cancellationToken);
        refusal ??= answers[0].Refusal;
        return refusal is null ? (AccessAnswer.Write(answers[0]), null) : (default, refusal);
    }

    private async ValueTask<(ReadOnlyMemory<byte>, AccessRefusal?)> Several(
        AccessCaller caller, ReadOnlyMemory<byte> body, Passages passages, CancellationToken cancellationToken)
    {
        switch (AccessJson.ReadEvaluations(body, out var fault))
        {
            case AccessRequest.One one:
                return await One(caller, one.Question, passages, cancellationToken);
            case AccessRequest.Several several:
                var (answers, refusal) = await evaluator.Answer(caller, several.Items, several.Semantic, passages, cancellationToken);
                return refusal is null ? (AccessAnswer.Write(answers), null) : (default, refusal);
            default:
                return (default, AccessRefusal.Malformed(fault!));
        }
    }

    private Answering Search(SearchFor target) => async (caller, body, passages, cancellationToken) =>
    {
        if (AccessJson.ReadSearch(target, body, out var fault) is not { } query)
            return (default, AccessRefusal.Malformed(fault!));
        var (page, refusal) = await search.Find(caller, query, passages, cancellationToken);
        return page is null ? (default, refusal) : (page.Write(), null);
    };
}
