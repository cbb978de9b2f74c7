using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Assay.Core.Evidence;
using Assay.Core.Revocation;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Silo.Evidence;
using Microsoft.Net.Http.Headers;

namespace Assay.Silo.Admin;

/// <summary>Who is calling.</summary>
internal sealed record AdminCaller(string ClientId);

/// <summary>
/// Lets a call to an API of our own in. The token must be ours, hold the scope, and be the one its record says; and the decision behind it must still stand: the
/// policy is asked again about the same credential, so an admin right that was removed is gone at once, not when the token expires.
/// </summary>
internal sealed class AdminGate(AdminTokens tokens, EvidenceReader evidence, IGrainFactory grains, SiloView silo, TokenHandles handles, SiloIdentity self)
{
    /// <summary>Who calls, or the refusal (RFC 6750 §3).</summary>
    /// <param name="resource">The API: the token's <c>aud</c>.</param>
    /// <param name="isOneEnough">Any one of the scopes will do; otherwise it takes all.</param>
    public async Task<(AdminCaller? Caller, IResult? Refusal)> Enter(HttpContext context, string resource, ImmutableArray<string> scopes, bool isOneEnough = false)
    {
        var presented = context.Request.Headers.Authorization;
        if (presented.Count != 1 || presented[0] is not { } header || !header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            return (null, new Challenge(resource, StatusCodes.Status401Unauthorized, null, $"A token for {resource} is needed.", []));

        if (silo.Current is null) // it knows no keys to check a token with: that says nothing about the token
            return (null, Problems.Unavailable("The silo cannot decide at the moment."));

        var token = header["Bearer ".Length..].Trim();
        if (await tokens.Validate(token, resource) is not { } claims || claims.FindFirst("client_id")?.Value is not { } clientId || claims.FindFirst("jti")?.Value is not { } jti)
            return Invalid(resource, "The token is malformed, expired, or not for this API.");

        var granted = claims.FindFirst("scope")?.Value.Split(' ') ?? [];
        var held = scopes.Where(scope => granted.Contains(scope)).ToImmutableArray();
        if (isOneEnough ? held.IsEmpty : held.Length < scopes.Length)
            return Insufficient(resource, "The token does not hold the scope.", scopes);

        if (await evidence.Find(jti, context.RequestAborted) is not EvidenceFound.Record { Found: { Kind: EvidenceKind.Permit, Input: { } input } record }
            || record.SigningInputHash != HashOf(token))
            return Invalid(resource, "There is no record of this token.");
        if (silo.Current is not { } view)
            return (null, Problems.Unavailable("The silo cannot decide at the moment."));
        if (TokenEnd.IsIn(view.Revocations, handles, record))
            return Invalid(resource, "The token was revoked.");

        var standing = await grains.GetGrain<IIdentityGrain>(GrainKey.For(self.Realm, clientId)).Explain(new DecisionRequest
        {
            RequestId = Guid.NewGuid(),
            GrantType = input.GrantType,
            AuthenticationMethod = input.AuthenticationMethod,
            CredentialHandle = input.CredentialHandle,
            Resource = resource,
            Scopes = held,
            OriginIp = context.Connection.RemoteIpAddress?.ToString(),
        });
        return standing switch
        {
            Decision.Decided { Verdict.Scopes: var decided }
                when (isOneEnough ? decided.Any(scope => scope.Granted) : decided.All(scope => scope.Granted)) => (new AdminCaller(clientId), null),
            Decision.Decided => Insufficient(resource, "The right behind this token was withdrawn.", scopes),
            Decision.Refused refused => Invalid(resource, $"The token no longer stands: {refused.Reason}."),
            _ => (null, Problems.Unavailable("The silo cannot decide at the moment.")),
        };
    }

    private static (AdminCaller?, IResult?) Invalid(string resource, string detail) =>
        (null, new Challenge(resource, StatusCodes.Status401Unauthorized, "invalid_token", detail, []));

    private static (AdminCaller?, IResult?) Insufficient(string resource, string detail, ImmutableArray<string> scopes) =>
        (null, new Challenge(resource, StatusCodes.Status403Forbidden, "insufficient_scope", detail, scopes));

    private static string HashOf(string token) =>
        Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(token[..Math.Max(token.LastIndexOf('.'), 0)])));

    /// <summary>A refusal with its challenge; a call without a token is only told that one is needed.</summary>
    private sealed class Challenge(string resource, int status, string? error, string detail, ImmutableArray<string> scopes) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            var challenge = new StringBuilder($"Bearer realm=\"{resource["urn:".Length..].Replace(':', '-')}\"");
            if (error is not null)
                challenge.Append($", error=\"{error}\", error_description=\"{detail}\"");
            if (!scopes.IsEmpty)
                challenge.Append($", scope=\"{string.Join(' ', scopes)}\"");
            httpContext.Response.Headers[HeaderNames.WWWAuthenticate] = challenge.ToString();
            return Problems.Of(status, status == StatusCodes.Status403Forbidden ? "Not allowed" : "Not authenticated", detail).ExecuteAsync(httpContext);
        }
    }
}
