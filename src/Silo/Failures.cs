using System.Data.Common;
using Assay.Silo.Tokens;

namespace Assay.Silo;

/// <summary>What went wrong inside stays inside: the log has it, the caller gets a 503 without details, and nothing was issued.</summary>
internal sealed class Failures(ILoggerFactory loggers, TimeProvider clock)
{
    private readonly ILogger log = loggers.CreateLogger("Assay.Silo.Requests");
    private readonly OncePerSecond away = new(clock);

    /// <summary>For what catches nothing itself.</summary>
    public async Task Watch(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (Exception fault) when (IsToAnswer(context, fault))
        {
            await Answer(context, fault);
        }
    }

    /// <summary>Whether it is answered; if not it is Kestrel's.</summary>
    public bool IsToAnswer(HttpContext context, Exception fault) => IsGone(context, fault) || !context.Response.HasStarted;

    /// <summary>Answers what <see cref="IsToAnswer"/>.</summary>
    public Task Answer(HttpContext context, Exception fault)
    {
        if (IsGone(context, fault))
            return Task.CompletedTask;
        if (fault is BadHttpRequestException malformed)
            return new OAuthError(malformed.StatusCode, "invalid_request", "the request is malformed").Write(context.Response, CancellationToken.None);

        if (fault is not (DbException or TimeoutException or OrleansException))
            Log.RequestFailed(log, fault, context.Request.Method, context.Request.Path);
        else if (away.TryPass()) // the database or another silo is away: every request may say so, and one line a second is enough
            Log.RequestRefused(log, context.Request.Method, context.Request.Path, fault.Message);
        return OAuthError.Unavailable("the request could not be completed").Write(context.Response, CancellationToken.None);
    }

    private static bool IsGone(HttpContext context, Exception fault) => fault is OperationCanceledException && context.RequestAborted.IsCancellationRequested;

    private sealed class OncePerSecond(TimeProvider clock)
    {
        private long last = long.MinValue;

        public bool TryPass()
        {
            var now = clock.GetTimestamp();
            var seen = Interlocked.Read(ref last);
            return (seen == long.MinValue || now - seen >= clock.TimestampFrequency) && Interlocked.CompareExchange(ref last, now, seen) == seen;
        }
    }
}

internal static class FailureServices
{
    /// <summary>Of every endpoint but those that <see cref="AnswersFailures"/>.</summary>
    public static void UseFailures(this WebApplication app)
    {
        var failures = app.Services.GetRequiredService<Failures>();
        app.Use((context, next) => context.GetEndpoint()?.Metadata.GetMetadata<Answered>() is null ? failures.Watch(context, next) : next(context));
    }

    /// <summary>The endpoint catches what goes wrong itself and has it answered by <see cref="Failures.Answer"/>: a step fewer on the way of each request.</summary>
    public static IEndpointConventionBuilder AnswersFailures(this IEndpointConventionBuilder endpoint) => endpoint.WithMetadata(new Answered());

    private sealed class Answered;
}
