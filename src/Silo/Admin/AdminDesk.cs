using Assay.Core.Evidence;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Silo.Admin.Wire;
using Assay.Silo.Evidence;

namespace Assay.Silo.Admin;

/// <summary>Which way a change goes: a narrowing one returns when it holds on every silo.</summary>
internal enum Direction
{
    Widens,
    Narrows,
}

/// <summary>Brings a change to its end: recorded as evidence, and in force where it has to be, before the caller is told.</summary>
internal sealed class AdminDesk(ActLog acts, Narrowing narrowing, SiloView silo)
{
    /// <param name="identity">The identity it is about, which the record is found by; null when it is about none.</param>
    public async Task<IResult> Settle(
        HttpContext context, ChangeResult result, Direction direction, AdminCaller caller, string action, string target, string? identity)
    {
        switch (result)
        {
            case ChangeResult.Done done:
                return await Finish(context, done.Number, direction, caller, action, target, identity)
                    ?? AdminJson.Ok(new ChangeAnswer(done.Number, true, done.Handle, done.Secret));

            case ChangeResult.Unchanged same:
                return await Finish(context, same.Number, direction, caller, $"{action} (already so)", target, identity)
                    ?? AdminJson.Ok(new ChangeAnswer(same.Number, false, same.Handle, null));

            default:
                return Problems.Of((ChangeResult.Rejected)result);
        }
    }

    /// <summary>Null when all is well; otherwise what to tell the caller.</summary>
    /// <param name="details">Of an act of several parts.</param>
    public async Task<IResult?> Finish(
        HttpContext context, long number, Direction direction, AdminCaller caller, string action, string target, string? identity, ActDetails? details = null)
    {
        try
        {
            // First the change everywhere, then the record of it: cutting something off does not wait for paper.
            if (direction == Direction.Narrows)
                await narrowing.Everywhere(number, context.RequestAborted);
            else
                await silo.WaitFor(number, context.RequestAborted);
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            return Problems.Unavailable($"The change is durable as version {number}, but not known to hold on every silo. Make the same call again to wait for it.");
        }

        return await acts.Record(new AdminAct(caller.ClientId, action, target, number, details), identity ?? caller.ClientId)
            ? null
            : Problems.Unavailable($"The change is in force as version {number}, but its evidence is not known to be durable. Make the same call again.");
    }
}
