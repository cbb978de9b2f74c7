using System.Text.Json;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Assay.Client.AspNetCore;

/// <summary>What is left to check of a token whose signature, issuer, audience and time are right; and what is answered when one is refused.</summary>
internal sealed class TokenChecks(StatusLists lists, RevocationListener revocations, IOptions<AssayValidationOptions> settings) : JwtBearerEvents
{
    private const string RetryAfterSeconds = "5";

    /// <inheritdoc/>
    public override async Task TokenValidated(TokenValidatedContext context)
    {
        var token = (JsonWebToken)context.SecurityToken;

        // Whoever stole it could use it without the key it was bound to (RFC 9449 §7.1, RFC 8705 §3).
        if (token.TryGetClaim("cnf", out _)) // of whatever shape
        {
            context.Fail("the token is bound to a key, and was presented as a bearer token");
            return;
        }

        var end = revocations.Look(token, out var listedFrom);
        if (end == TokenEnd.Ended)
        {
            context.Fail("the token was revoked, as an event has told");
            return;
        }

        if (!revocations.HearsEnough)
        {
            context.Fail(new StatusUnknownException("no events are heard"));
            return;
        }

        if (!token.TryGetPayloadValue<JsonElement>("status", out var status))
        {
            if (settings.Value.RequireStatus || end == TokenEnd.Doubtful || token.TryGetClaim("status", out _))
                context.Fail("the token has no status that can be read");
            return;
        }

        switch (await lists.Check(status, listedFrom, context.HttpContext.RequestAborted))
        {
            case TokenStatus.Revoked:
                context.Fail("the token was revoked");
                break;
            case TokenStatus.Unreadable:
                context.Fail("the status of the token cannot be read");
                break;
            case TokenStatus.Unknown:
                context.Fail(new StatusUnknownException("the status list of the token cannot be fetched"));
                break;
        }
    }

    /// <inheritdoc/>
    public override Task Challenge(JwtBearerChallengeContext context)
    {
        context.HandleResponse();
        if (context.AuthenticateFailure is StatusUnknownException)
        {
            // It is not the token that is at fault: a client that threw it away would get no better one.
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.Headers.RetryAfter = RetryAfterSeconds;
            return Task.CompletedTask;
        }

        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        context.Response.Headers.WWWAuthenticate = context.AuthenticateFailure is null
            ? BearerChallenge.For(settings.Value) // RFC 6750 §3.1: who brought no token is told no error
            : BearerChallenge.For(settings.Value, "invalid_token", ("error_description", "the token is expired, revoked, or not for this API"));
        return Task.CompletedTask;
    }
}

/// <summary>Nobody can say at the moment whether the token was revoked.</summary>
internal sealed class StatusUnknownException(string reason) : Exception(reason);
