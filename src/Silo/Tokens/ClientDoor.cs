using System.Net;
using Assay.Grains.Authority;
using Assay.Grains.Identities;
using Assay.Silo.ClientAuthentication;

namespace Assay.Silo.Tokens;

/// <summary>Lets clients in at endpoints that make no tokens: by the same proofs as at the token endpoint, and an assertion opens one door once.</summary>
internal sealed class ClientDoor(ClientAuthenticator authenticator, IdentityCalls identities, SiloView silo, AuthenticationFailures failures)
{
    /// <summary>Who is asking about the token in the form, or the refusal.</summary>
    /// <param name="passage">The answer rests on who asked: it may not leave when that was overtaken by a change.</param>
    public async ValueTask<(ClientProof.Proved? Client, OAuthError? Refusal)> Enter(
        TokenForm form, string? authorization, IPAddress? address, DecisionTicket passage, CancellationToken cancellationToken)
    {
        if (form.IsTooLarge)
            return (null, new OAuthError(413, "invalid_request", $"the body is over {TokenForm.MaxBodyBytes} bytes"));
        if (form.Fault is { } fault)
            return (null, OAuthError.InvalidRequest(fault));
        if (silo.Current is null)
            return (null, OAuthError.Unavailable("this silo may not decide at the moment"));

        var origin = address is null ? null : (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
        var proof = await authenticator.Authenticate(form.ProofWith(authorization), origin ?? "", cancellationToken);
        if (proof is not ClientProof.Proved client)
            return (null, TokenIssuer.ErrorOf(proof));
        if (form.Token.IsEmpty)
            return (null, OAuthError.InvalidRequest("token is missing"));

        var request = new DecisionRequest
        {
            RequestId = Guid.NewGuid(),
            GrantType = "",
            AuthenticationMethod = client.Method,
            CredentialHandle = client.CredentialHandle,
            OriginIp = origin,
            AssertionHash = client.AssertionHash,
            AssertionUntil = client.AssertionUntil,
        };
        switch (await identities.Ask(Question.Admit, client.ClientId, request, passage, cancellationToken))
        {
            case Decision.Admitted:
                return (client, null);
            case Decision.Refused { Reason: RefusalReason.RateLimited } limited:
                return (null, OAuthError.TooMany(limited.RetryAfter ?? TimeSpan.FromSeconds(1)));
            case Decision.Refused refused:
                failures.Count(client.Method, refused.Reason.ToString(), client.ClientId, origin ?? "");
                return (null, OAuthError.InvalidClient());
            default:
                return (null, OAuthError.Unavailable("this silo cannot tell at the moment who is asking"));
        }
    }

    /// <summary>The assertion that <see cref="Enter"/> spent; null for a secret.</summary>
    public static SpentAssertion? SpentBy(ClientProof.Proved client) =>
        client.AssertionHash is { } hash ? new SpentAssertion(hash, client.AssertionUntil) : null;
}
