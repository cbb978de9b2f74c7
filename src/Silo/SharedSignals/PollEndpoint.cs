using System.Text;
using System.Text.Json;
using Assay.Grains.Authority;
using Assay.Grains.SharedSignals;
using Assay.Silo.Admin;
using Microsoft.Extensions.Options;

namespace Assay.Silo.SharedSignals;

/// <summary>
/// <c>POST /ssf/poll/{stream}</c> (RFC 8936): takes acknowledgements, and answers with what comes next; waits for it when there is nothing, unless the receiver
/// would not.
/// </summary>
internal sealed class PollEndpoint(
    StreamDesk desk, StreamDelivery delivery, SetSigner signer, DecisionGate gate, Pulses pulses, EventMetrics metrics, IOptions<EventOptions> options, TimeProvider clock)
{
    /// <summary>Polls that may wait on this silo; beyond it they are answered at once, empty.</summary>
    private const int MostWaiting = 1_000;

    private int waiting;

    public async Task<IResult> Handle(string id, HttpContext context)
    {
        var caller = context.Caller().ClientId;
        var (body, refusal) = await AdminJson.Read<JsonDocument>(context);
        if (refusal is not null)
            return refusal;
        PollQuestion? question;
        string? fault;
        using (body)
            question = StreamForms.ReadPoll(body!.RootElement, out fault);
        if (question is null)
            return Problems.Of(StatusCodes.Status400BadRequest, "Malformed body", fault);
        if (await desk.Find(id, caller) is not StreamAnswer.Done { Stream: var stream })
            return SsfEndpoints.Answer(new StreamAnswer.NotFound(), static _ => Results.Ok());
        if (stream.Endpoint is not null)
            return Problems.Of(StatusCodes.Status400BadRequest, "Refused", "Events of this stream are pushed.");

        if (question.Taken.Length + question.Refused.Length > 0)
        {
            if (!await delivery.Stream(id).Settle(question.Taken, question.Refused))
                return Problems.Unavailable("The acknowledgement is not known to be durable: send it again.");
            metrics.Delivered("poll", question.Taken.Length);
            metrics.Refused(question.Refused.Length);
        }

        return question.MaxEvents == 0 ? Empty() : await Next(id, question, context);
    }

    private async Task<IResult> Next(string id, PollQuestion question, HttpContext context)
    {
        var started = clock.GetTimestamp();
        var waits = !question.ReturnImmediately && Interlocked.Increment(ref waiting) <= MostWaiting;
        try
        {
            while (true)
            {
                var news = pulses.Polls.Next;
                using (var passage = gate.Enter())
                {
                    var batch = await delivery.Next(id, question.MaxEvents, passage, context.RequestAborted);
                    if (batch.Outcome == StreamOutcome.NotFound)
                        return SsfEndpoints.Answer(new StreamAnswer.NotFound(), static _ => Results.Ok());
                    if (batch.Outcome != StreamOutcome.Done)
                        return Problems.Unavailable("The stream cannot be read at the moment.");
                    if (!batch.Events.IsEmpty)
                        return await Send(id, batch, passage, context);
                }

                if (!waits || clock.GetElapsedTime(started) >= options.Value.LongPoll)
                    return Empty();
                await news.WaitAsync(context.RequestAborted);
            }
        }
        finally
        {
            if (!question.ReturnImmediately)
                Interlocked.Decrement(ref waiting);
        }
    }

    private async Task<IResult> Send(string id, StreamBatch batch, DecisionTicket passage, HttpContext context)
    {
        var sets = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var made in batch.Events)
        {
            if (signer.Sign(made, id, batch.Owner) is not { } set)
                return Problems.Unavailable("There is no key to sign events with at the moment.");
            sets[made.JwtId] = Encoding.ASCII.GetString(set);
        }

        if (batch.Events.Any(made => !made.IsNotice) && !passage.MayLeave())
            return Problems.Unavailable("The answer was overtaken by a change; ask again.");
        await Results.Json(new PollAnswer(sets, batch.HasMore ? true : null), StreamForms.Options).ExecuteAsync(context); // here, while the ticket is held
        return Results.Empty;
    }

    private static IResult Empty() => Results.Json(new PollAnswer([], null), StreamForms.Options);
}
