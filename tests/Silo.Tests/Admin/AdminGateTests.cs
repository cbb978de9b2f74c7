using System.Collections.Immutable;
using System.Security.Cryptography;
using Assay.Core.Evidence;
using Assay.Core.Jose;
using Assay.Core.Registry;
using Assay.Core.Revocation;
using Assay.Core.StatusLists;
using Assay.Core.Tokens;
using Assay.Grains.Authority;
using Assay.Grains.Keys;
using Assay.Silo.Admin;
using Assay.Silo.Evidence;
using Assay.Silo.Storage.Sqlite;
using Assay.Silo.Tests.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using JsonWebKey = Assay.Core.Jose.JsonWebKey;

namespace Assay.Silo.Tests.Admin;

/// <summary>The gate of the admin API on a clock of the test's own, with well-signed tokens.</summary>
public sealed class AdminGateTests : IDisposable
{
    private const string Issuer = "https://tokens.example";

    private readonly TestClock clock = new();
    private readonly TemporaryFolder temporary = new();
    private readonly ECDsa pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly JtiCodec jtis = new(RandomNumberGenerator.GetBytes(32));
    private readonly DataFolder folder;
    private readonly SqliteStorage storage;
    private readonly AdminGate gate;
    private readonly SiloLease lease;
    private readonly string keyId;

    public AdminGateTests()
    {
        folder = DataFolder.Open(temporary.Path);
        storage = new SqliteStorage(folder, clock);
        var jwk = JsonWebKey.From(pair);
        keyId = jwk.Thumbprint;
        lease = new SiloLease(TimeSpan.FromHours(1), TimeSpan.Zero, clock);
        lease.Begin(1, lease.Ask());
        var view = new SiloView(lease);
        view.Swap(new SiloSnapshot(
            1, DirectorySnapshot.Empty, ImmutableDictionary<string, ActivePolicy>.Empty, [Published(jwk)], clock.GetUtcNow()));
        var self = new SiloIdentity(Issuer, "one");
        gate = new AdminGate(new AdminTokens(self, view, clock), new EvidenceReader(storage.Log, jtis), grains: null!, view, new TokenHandles(new byte[32]), self); // nothing here gets as far as a grain
    }

    public void Dispose()
    {
        storage.Dispose();
        folder.Dispose();
        temporary.Dispose();
        jtis.Dispose();
        pair.Dispose();
    }

    [Fact]
    public async Task A_token_is_looked_into_until_it_expires_and_refused_from_then_on()
    {
        var token = Token(TimeSpan.FromMinutes(5));

        clock.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromSeconds(1));
        Assert.Equal((401, "There is no record of this token."), await Refusal(token)); // it is live: what is wrong with it is something else
        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal((401, "The token is malformed, expired, or not for this API."), await Refusal(token));
    }

    [Fact]
    public async Task Without_a_lease_nothing_is_said_about_a_token()
    {
        var token = Token(TimeSpan.FromMinutes(5));
        lease.End();

        var answer = await Answer(token);

        Assert.Equal((503, "1", ""), (answer.StatusCode, answer.Headers.RetryAfter.ToString(), answer.Headers.WWWAuthenticate.ToString()));
    }

    private async Task<(int, string)> Refusal(string token)
    {
        var answer = await Answer(token);
        var challenge = answer.Headers.WWWAuthenticate.ToString();
        const string before = "Bearer realm=\"assay-admin\", error=\"invalid_token\", error_description=\"";
        Assert.StartsWith(before, challenge);
        return (answer.StatusCode, challenge[before.Length..^1]);
    }

    private async Task<HttpResponse> Answer(string token)
    {
        var context = new DefaultHttpContext { RequestServices = new ServiceCollection().AddLogging().BuildServiceProvider() };
        context.Request.Headers.Authorization = "Bearer " + token;

        var (caller, refusal) = await gate.Enter(context, AdminScopes.Resource, [AdminScopes.IdentityRead]);

        Assert.Null(caller);
        await refusal!.ExecuteAsync(context);
        return context.Response;
    }

    private SigningKey Published(JsonWebKey jwk) => new()
    {
        KeyId = jwk.Thumbprint,
        Purpose = KeyPurposes.AccessToken,
        Algorithm = JoseAlg.ES256,
        PublicJwk = jwk.ToJson(),
        WrappedPrivateKey = "",
        AnnouncedAt = clock.GetUtcNow(),
        ActivatesAt = clock.GetUtcNow(),
    };

    private string Token(TimeSpan life)
    {
        var now = clock.GetUtcNow();
        using var token = new JwtWriter();
        new AccessTokenClaims(Issuer, "administrator", AdminScopes.Resource, [AdminScopes.IdentityRead], now, life)
            .WriteTo(token.Claims, System.Text.Encoding.ASCII.GetBytes(jtis.Encode(new RecordId(1, 0))), "sealed"u8, new StatusReference(new StatusListAddress("a", Issuer + "/status-lists/a"), 0));
        token.Seal(new JwsHeaderSegment(JoseAlg.ES256, JoseType.AccessToken, keyId));
        Assert.True(token.TrySign(pair));
        return System.Text.Encoding.ASCII.GetString(token.Token);
    }
}
