using Assay.Core.Tokens;
using Assay.Grains.Authority;
using Assay.Grains.Keys;
using Assay.Silo.ClientAuthentication;
using Assay.Silo.Evidence;
using Assay.Silo.Signing;

namespace Assay.Silo.Tokens;

/// <summary>
/// <c>POST /oauth/introspect</c> (RFC 7662): a resource server of the token's API asks whether the token is live. Everybody else who authenticates is told
/// that it is not.
/// </summary>
internal sealed class IntrospectionEndpoint(
    ClientDoor door,
    Introspector introspector,
    ContinuousEvaluation continuous,
    ActLog acts,
    SiloView silo,
    DecisionGate gate,
    Admission admission,
    TokenSigner signer,
    SiloIdentity self,
    AssayMetrics metrics,
    TimeProvider clock)
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
            metrics.Introspected(await Answer(context, form));
        }
        finally
        {
            admission.Leave();
        }
    }

    private async Task<string> Answer(HttpContext context, TokenForm form)
    {
        // Each thing the answer rests on: who asks, the token's state, and what policy says now.
        using DecisionTicket asking = gate.Enter(), standing = gate.Enter(), deciding = gate.Enter();
        var (client, refusal) = await door.Enter(form, context.Request.Headers.Authorization, context.Connection.RemoteIpAddress, asking, context.RequestAborted);
        if (client is null)
            return await Refuse(context, refusal!);
        if (!await acts.Keep(client.ClientId, ClientDoor.SpentBy(client)))
            return await Refuse(context, OAuthError.Unavailable("the evidence log does not keep up"));
        if (form.Evaluation is not (null or "continuous"))
            return await Refuse(context, OAuthError.InvalidRequest("evaluation is unknown; expected continuous, or none"));

        var state = introspector.Examine(form.Token, standing);
        var isContinuous = state is TokenState.Live && form.Evaluation is not null;
        if (state is TokenState.Live { Token: var token } && !IsFor(client, token))
            state = new TokenState.Dead(EndReason.NotOurs);
        else if (state is TokenState.Live live && isContinuous)
            state = await continuous.Ask(live.Token, form.Token, deciding, context.RequestAborted);
        if (state is TokenState.Unknown)
            return await Refuse(context, OAuthError.Unavailable("this silo may not decide at the moment"));

        var shown = (state as TokenState.Live)?.Token;
        if (!IntrospectionAnswer.IsSignedWanted(context.Request.Headers.Accept))
            return await Send(context, IntrospectionAnswer.Plain(shown), "application/json", shown);
        if (signer.Pick(KeyPurposes.Introspection) is not { } signing)
            return await Refuse(context, OAuthError.Unavailable("there is no key to sign the answer with at the moment"));

        using var jwt = IntrospectionAnswer.Signed(shown, self.Issuer, client.ClientId, clock.GetUtcNow(), signing.Header);
        if (!jwt.TrySign(signing.Key.PrivateKey))
            throw new InvalidOperationException($"key {signing.Key.KeyId} cannot sign ES256");
        return await Send(context, jwt.TokenMemory, IntrospectionAnswer.SignedMediaType, shown);

        async Task<string> Send(HttpContext to, ReadOnlyMemory<byte> body, string mediaType, AccessToken? about)
        {
            // An answer that says "inactive" may always leave: no change makes a dead token live.
            if (!asking.MayLeave() || !standing.MayLeave() || (isContinuous && about is not null && !deciding.MayLeave()))
                return await Refuse(to, OAuthError.Unavailable("the answer was overtaken by a change; ask again"));

            var response = to.Response;
            response.ContentType = mediaType;
            response.Headers.CacheControl = "no-store";
            response.Headers.Pragma = "no-cache";
            response.ContentLength = body.Length;
            await response.BodyWriter.WriteAsync(body, to.RequestAborted);
            return about is null ? "inactive" : "active";
        }
    }

    /// <summary>Whether the API that the token is for names the caller as one of its resource servers.</summary>
    private bool IsFor(ClientProof.Proved client, AccessToken token) =>
        silo.Current is { } view && view.Directory.TryGetApi(token.Audience, out var api) && api.ResourceServers.Contains(client.ClientId);

    private static async Task<string> Refuse(HttpContext context, OAuthError error)
    {
        await error.Write(context.Response, context.RequestAborted);
        return error.Code;
    }
}
