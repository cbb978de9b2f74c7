using System.Data.Common;
using Assay.Silo.Tokens;

namespace Assay.Silo;

/// <summary>What went wrong inside stays inside: the log has it, the caller gets a 503 without details, and nothing was issued.</summary>
internal static class Failures
{
    public static void UseFailures(this WebApplication app)
    {
        var log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Assay.Silo.Requests");
        var away = new OncePerSecond(app.Services.GetRequiredService<TimeProvider>());
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
            catch (Exception fault) when (!context.Response.HasStarted && fault is (DbException or TimeoutException or OrleansException))
            {
                // The database or another silo is away: every request may say so, and one line a second is enough.
                if (away.TryPass())
                    Log.RequestRefused(log, context.Request.Method, context.Request.Path, fault.Message);
                await OAuthError.Unavailable("the request could not be completed").Write(context.Response, CancellationToken.None);
            }
            catch (Exception fault) when (!context.Response.HasStarted)
            {
                Log.RequestFailed(log, fault, context.Request.Method, context.Request.Path);
                await OAuthError.Unavailable("the request could not be completed").Write(context.Response, CancellationToken.None);
            }
        });
    }

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
