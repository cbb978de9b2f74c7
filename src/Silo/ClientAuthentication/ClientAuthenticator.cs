using System.Security.Cryptography;
using System.Text;
using Assay.Core.Jose;
using Assay.Grains;
using Assay.Grains.Authority;
using Assay.Silo.Tokens;
using Microsoft.Extensions.Options;

namespace Assay.Silo.ClientAuthentication;

/// <summary>
/// Who is asking (RFC 6749 §2.3, RFC 7523). Cheap checks and the failure limit come before the signature, because a bad assertion costs as much
/// as a good one. It says which credential was proved; whether the identity still holds it is its grain's to say.
/// </summary>
internal sealed class ClientAuthenticator(
    ClientRegistry registry,
    ClientSecrets secrets,
    FailureLimit limit,
    AuthenticationFailures failures,
    SiloView silo,
    SiloIdentity self,
    IOptions<DecisionOptions> options,
    TimeProvider clock)
{
    private readonly decimal skew = (decimal)options.Value.ClockSkew.TotalSeconds;

    public async ValueTask<ClientProof> Authenticate(PresentedProof shown, string address, CancellationToken cancellationToken)
    {
        var hasAssertion = !shown.Assertion.IsEmpty || shown.AssertionType is not null;
        var methods = (shown.Authorization is null ? 0 : 1) + (hasAssertion ? 1 : 0) + (shown.Secret.IsEmpty ? 0 : 1);
        if (methods > 1)
            return new ClientProof.Malformed("more than one way to authenticate the client");
        if (methods == 0)
            return Failed(shown.ClientId ?? "", address, "none", "nothing was presented");

        if (hasAssertion)
            return await CheckAssertion(shown, address, cancellationToken);
        if (shown.Authorization is null)
            return await CheckSecret(shown.ClientId, shown.Secret, "client_secret_post", address, cancellationToken);
        if (!TryReadBasic(shown.Authorization, out var id, out var secret) || (shown.ClientId is { } named && named != id))
            return Failed(shown.ClientId ?? "", address, "client_secret_basic", "malformed header");
        return await CheckSecret(id, secret, "client_secret_basic", address, cancellationToken);
    }

    private async ValueTask<ClientProof> CheckAssertion(PresentedProof shown, string address, CancellationToken cancellationToken)
    {
        const string method = "private_key_jwt";
        if (shown.Assertion.IsEmpty)
            return new ClientProof.Malformed("client_assertion is missing");
        if (shown.AssertionType is not { } type)
            return new ClientProof.Malformed("client_assertion_type is missing");
        if (type != TokenForm.JwtBearer
            || !CompactJws.TryParse(shown.Assertion, out var jws, out _)
            || !(jws.Header.Typ is null || JoseType.Matches(jws.Header.Typ, JoseType.ClientAuthentication) || JoseType.Matches(jws.Header.Typ, JoseType.Jwt))
            || !ClientAssertionClaims.TryRead(jws, out var claims, out _)
            || claims.Issuer != claims.Subject
            || (shown.ClientId is { } named && named != claims.Subject)
            || !claims.IsAddressedOnlyTo(self.Issuer)
            || !IsTimely(claims))
            return Failed(shown.ClientId ?? "", address, method, "malformed, for another audience, or not timely");

        var clientId = claims.Subject;
        if (limit.Wait(clientId, address) is var wait && wait > TimeSpan.Zero)
            return TooMany(wait, address, method);

        var client = await registry.Find(self.Realm, clientId, cancellationToken);
        var key = KeyOf(client, jws.Header.Kid);
        if (key is null)
        {
            client = await registry.FindAgain(self.Realm, clientId, cancellationToken);
            key = KeyOf(client, jws.Header.Kid);
        }

        if (key is null)
            return Failed(clientId, address, method, client is null ? "unknown client" : "unknown key", client is not null);
        if (!key.Verifier.Verify(jws))
            return Failed(clientId, address, method, "wrong signature", isRegistered: true);

        return new ClientProof.Proved(
            clientId, method, key.Handle, HashOf(clientId, claims.JwtId), claims.Expires.ToDateTimeOffset() + DecisionOptions.AssertionLeeway);
    }

    private bool IsTimely(ClientAssertionClaims claims)
    {
        var now = NumericDate.From(clock.GetUtcNow()).Seconds;
        var issued = claims.IssuedAt.Seconds;
        var expires = claims.Expires.Seconds;
        var ahead = now + skew;
        return issued <= ahead
            && !IsFromBefore(issued)
            && (claims.NotBefore is not { } from || from.Seconds <= ahead)
            && expires > issued
            && expires - issued <= (decimal)DecisionOptions.MaxAssertionLifetime.TotalSeconds
            && now < expires + (decimal)DecisionOptions.AssertionLeeway.TotalSeconds;
    }

    /// <summary>What was spent in a history that was given up is not known: an assertion that was made before the present one began may have been.</summary>
    private bool IsFromBefore(decimal issued) => silo.Newest?.Timelines.Newest is { } timeline && issued < NumericDate.From(timeline.OpenedAt).Seconds;

    private async ValueTask<ClientProof> CheckSecret(string? clientId, ReadOnlyMemory<byte> secret, string method, string address, CancellationToken cancellationToken)
    {
        if (clientId is null)
            return Failed("", address, method, "client_id is missing");
        if (limit.Wait(clientId, address) is var wait && wait > TimeSpan.Zero)
            return TooMany(wait, address, method);

        var client = await registry.Find(self.Realm, clientId, cancellationToken);
        var match = client is null ? null : secrets.Match(client, secret.Span);
        if (match is null)
        {
            client = await registry.FindAgain(self.Realm, clientId, cancellationToken);
            match = client is null ? null : secrets.Match(client, secret.Span);
        }

        return match is null
            ? Failed(clientId, address, method, client is null ? "unknown client" : "wrong secret", client is not null)
            : match.ProofOf(clientId, method);
    }

    private ClientProof.Failed Failed(string clientId, string address, string method, string reason, bool isRegistered = false)
    {
        limit.Count(clientId, address);
        failures.Count(method, reason, isRegistered ? clientId : null, address);
        return new ClientProof.Failed(method);
    }

    private ClientProof.TooManyFailures TooMany(TimeSpan wait, string address, string method)
    {
        failures.Count(method, "too many failures before it", null, address);
        return new ClientProof.TooManyFailures(wait);
    }

    private static ClientKey? KeyOf(RegisteredClient? client, string? kid) =>
        client is null ? null : kid is null ? client.Keys.Only : client.Keys.Find(kid);

    /// <summary>RFC 6749 §2.3.1: id and secret are each form-urlencoded, joined by a colon, then Base64.</summary>
    private static bool TryReadBasic(string header, out string id, out byte[] secret)
    {
        (id, secret) = ("", []);
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase) || header.Length > 4096)
            return false;

        Span<byte> bytes = stackalloc byte[3072];
        if (!Convert.TryFromBase64Chars(header.AsSpan(6).Trim(), bytes, out var length))
            return false;
        var colon = bytes[..length].IndexOf((byte)':');
        if (colon <= 0)
            return false;

        // Each becomes shorter, so it is written over itself.
        Span<byte> name = bytes[..colon], password = bytes[(colon + 1)..length];
        if (!TokenForm.TryDecode(name, name, out var nameLength) || nameLength == 0 || !TokenForm.TryDecode(password, password, out var passwordLength))
            return false;
        id = KnownTexts.Of(name[..nameLength]);
        secret = password[..passwordLength].ToArray();
        return true;
    }

    private static AssertionHash HashOf(string clientId, string jwtId)
    {
        Span<byte> text = stackalloc byte[4 * (ClientAssertionClaims.MaxNameLength + ClientAssertionClaims.MaxJwtIdLength) + 1];
        var length = Encoding.UTF8.GetBytes(clientId, text);
        text[length++] = 0;
        length += Encoding.UTF8.GetBytes(jwtId, text[length..]);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(text[..length], hash);
        return AssertionHash.ReadBigEndian(hash);
    }
}

/// <summary>What came of looking at a client's proof.</summary>
internal abstract record ClientProof
{
    private ClientProof()
    {
    }

    /// <param name="CredentialHandle">The key's thumbprint or the secret's handle.</param>
    /// <param name="AssertionHash">To be spent by the identity; null for a secret.</param>
    public sealed record Proved(
        string ClientId, string Method, string CredentialHandle, AssertionHash? AssertionHash, DateTimeOffset AssertionUntil) : ClientProof;

    public sealed record Failed(string Method) : ClientProof;

    public sealed record Malformed(string Description) : ClientProof;

    public sealed record TooManyFailures(TimeSpan RetryAfter) : ClientProof;
}
