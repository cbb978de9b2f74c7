using Assay.Core.Evidence;
using Assay.Core.Revocation;
using Assay.Core.Tokens;
using Assay.Grains.Authority;
using Assay.Silo.ClientAuthentication;
using Assay.Silo.Evidence;

namespace Assay.Silo.Tokens;

/// <summary>
/// <c>POST /oauth/revoke</c> (RFC 7009): a client ends a token of its own, and has its answer when no silo takes it for live any more. A token that is
/// dead, unknown or another's is answered alike, and nothing is done about it.
/// </summary>
internal sealed class RevocationEndpoint(
    ClientDoor door, Introspector introspector, Revoker revoker, Narrowing narrowing, ActLog acts, DecisionGate gate, Admission admission, AssayMetrics metrics)
{
    public async Task Handle(HttpContext context)
    {
        if (!admission.TryEnter())
        {
            await OAuthError.Unavailable("the silo is at its concurrency limit").Write(context.Response, context.RequestAborted);
            return;
        }

        try
        {
            using var form = await TokenForm.Read(context.Request, context.RequestAborted);
            metrics.Revoked(await Answer(context, form));
        }
        finally
        {
            admission.Leave();
        }
    }

    private async Task<string> Answer(HttpContext context, TokenForm form)
    {
        var (outcome, refusal) = await Revoke(context, form);
        if (refusal is not null)
        {
            await refusal.Write(context.Response, context.RequestAborted);
            return refusal.Code;
        }

        context.Response.Headers.CacheControl = "no-store";
        context.Response.ContentLength = 0;
        return outcome;
    }

    private async Task<(string Outcome, OAuthError? Refusal)> Revoke(HttpContext context, TokenForm form)
    {
        ClientProof.Proved? client;
        TokenState state;
        using (DecisionTicket asking = gate.Enter(), standing = gate.Enter()) // not held while the change is waited for, which would wait for them
        {
            (client, var refusal) = await door.Enter(form, context.Request.Headers.Authorization, context.Connection.RemoteIpAddress, asking, context.RequestAborted);
            if (client is null)
                return ("", refusal);
            state = introspector.Examine(form.Token, standing);
        }

        var spent = ClientDoor.SpentBy(client);
        switch (state)
        {
            case TokenState.Live { Token: var token } when token.ClientId == client.ClientId:
                return await End(token, client.ClientId, spent, context.RequestAborted);
            case TokenState.Live { Token: var token }:
                return Kept(await acts.Record(new AdminAct(client.ClientId, "revoke token (refused: another client's)", token.JwtId, 0), client.ClientId, spent), "refused");
            case TokenState.Dead:
                return Kept(await acts.Keep(client.ClientId, spent), "already");
            default:
                return ("", OAuthError.Unavailable("this silo may not decide at the moment"));
        }
    }

    private async Task<(string Outcome, OAuthError? Refusal)> End(AccessToken token, string client, SpentAssertion? spent, CancellationToken cancellationToken)
    {
        var (number, _) = await revoker.Revoke(new RevocationId(RevocationKind.Jti, token.JwtId), client, "by the client it was issued to", cancellationToken);
        await narrowing.Everywhere(number, cancellationToken);
        return Kept(await acts.Record(new AdminAct(client, "revoke token", token.JwtId, number), client, spent), "revoked");
    }

    private static (string Outcome, OAuthError? Refusal) Kept(bool isDurable, string outcome) =>
        (outcome, isDurable ? null : OAuthError.Unavailable("the record is not known to be durable; ask again"));
}
