using Assay.Silo.Tokens;

namespace Assay.Silo;

/// <summary>What went wrong inside stays inside: the log has it, the caller gets a 503 without details, and nothing was issued.</summary>
internal static class Failures
{
    public static void UseFailures(this WebApplication app)
    {
        var log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Assay.Silo.Requests");
        app.Use(async (context, next) =>
        {
            try
            {
                await next(context);
            }
            catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
            {
            }
            catch (BadHttpRequestException fault) when (!context.Response.HasStarted)
            {
                await new OAuthError(fault.StatusCode, "invalid_request", "the request is malformed").Write(context.Response, CancellationToken.None);
            }
            catch (Exception fault) when (!context.Response.HasStarted)
            {
                Log.RequestFailed(log, fault, context.Request.Method, context.Request.Path);
                await OAuthError.Unavailable("the request could not be completed").Write(context.Response, CancellationToken.None);
            }
        });
    }
}
