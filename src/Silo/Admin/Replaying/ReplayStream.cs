using System.Text.Json;
using Assay.Core.Evidence;
using Assay.Silo.Admin.Wire;

namespace Assay.Silo.Admin.Replaying;

/// <summary>Runs a replay and writes what comes of it, line by line. Ends with the call: when the caller leaves or the silo stops, so does the replay.</summary>
internal sealed class ReplayStream(PolicyReplays replays, JtiCodec names, IHostApplicationLifetime lifetime, ReplayQuestion question) : IResult
{
    public const string MediaType = "application/x-ndjson";

    private const string TryAgainAfterSeconds = "5";

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        using var turn = replays.TryBegin();
        if (turn is null)
        {
            httpContext.Response.Headers.RetryAfter = TryAgainAfterSeconds;
            await Problems.Of(StatusCodes.Status429TooManyRequests, "Busy", "A replay runs on this silo; it does one at a time.").ExecuteAsync(httpContext);
            return;
        }

        using var ends = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted, lifetime.ApplicationStopping);
        httpContext.Response.ContentType = MediaType;
        try
        {
            // At once: the caller knows that it has begun, and what is between them that the answer is under way.
            await Write(httpContext, new ReplayLine(new ReplayProgressAnswer(0, 0, question.Until, 0)), ends.Token);
            var result = await replays.Run(question, progress => Write(httpContext, new ReplayLine(ReplayProgressAnswer.From(progress)), ends.Token), ends.Token);
            await Write(httpContext, new ReplayLine(Report: ReplayReport.From(question, result, names)), ends.Token);
        }
        catch (Exception fault) when (!httpContext.RequestAborted.IsCancellationRequested)
        {
            if (!ends.IsCancellationRequested)
                Silo.Log.RequestFailed(httpContext.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Assay.Silo.Admin"), fault, "POST", httpContext.Request.Path);
            await Write(httpContext, new ReplayLine(Fault: ends.IsCancellationRequested ? "The silo stops." : "The evidence could not be read to the end."), httpContext.RequestAborted);
        }
        catch (Exception) when (httpContext.RequestAborted.IsCancellationRequested)
        {
            // whoever asked has left
        }
    }

    private static async Task Write(HttpContext context, ReplayLine line, CancellationToken cancellationToken)
    {
        await JsonSerializer.SerializeAsync(context.Response.Body, line, AdminJson.Options, cancellationToken);
        await context.Response.Body.WriteAsync("\n"u8.ToArray(), cancellationToken);
        await context.Response.Body.FlushAsync(cancellationToken);
    }
}
