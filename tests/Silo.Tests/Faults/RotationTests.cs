using System.Net;
using System.Text.Json;
using Assay.Client;
using Assay.Silo.Tests.Admin;
using Assay.Silo.Tests.Running;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using static Assay.Silo.Tests.Running.TokenRequests;

namespace Assay.Silo.Tests.Faults;

[Collection(Undisturbed.Collection)]
public sealed class RotationTests
{
    private static int Rotations => Environment.GetEnvironmentVariable("ASSAY_LONG_TESTS") == "1" ? 10 : 3;

    [Fact]
    public async Task Keys_rotate_under_load_and_every_token_validates_from_the_published_keys()
    {
        await using var silo = await RunningSilo.Start(
            ("Assay:Keys:AnnounceTime", "00:00:01"), ("Assay:Keys:JwksMaxAge", "00:00:01"), ("Assay:Keys:RotationPeriod", "00:00:03"),
            ("Assay:Authority:LeaseLife", "00:00:01.5"), ("Assay:Authority:LeaseMargin", "00:00:00.1"), ("Assay:Authority:RenewEvery", "00:00:00.3"),
            ("Assay:Authority:DrainTimeout", "00:00:00.5"));
        var firstSigned = new Dictionary<string, DateTimeOffset>();
        var order = new List<string>();

        while (order.Count <= Rotations)
        {
            var fetching = TimeProvider.System.GetTimestamp();
            var keys = new JsonWebKeySet(await silo.Http.GetStringAsync(silo.Url + "/oauth/jwks"));
            var answer = await silo.AskAs("payments-exporter", ("resource", Payments), ("scope", "payments:read"));
            if (answer.Status == 503 || TimeProvider.System.GetElapsedTime(fetching) > TimeSpan.FromSeconds(1))
                continue; // the machine stood still: so short a lease lapses, and the set may be older than keys are announced ahead
            var token = answer.Token;
            var kid = new JsonWebToken(token).Kid;
            if (firstSigned.TryAdd(kid, TimeProvider.System.GetUtcNow()))
                order.Add(kid);

            // The set was fetched a moment before the token was asked for: a key that signs was in it already.
            var result = await new JsonWebTokenHandler().ValidateTokenAsync(token, new TokenValidationParameters
            {
                ValidIssuer = silo.Url, ValidAudience = Payments, IssuerSigningKeys = keys.GetSigningKeys(),
            });
            Assert.True(result.IsValid, $"{kid}: {result.Exception}");
        }

        Assert.Equal(Rotations + 1, order.Distinct().Count());
        var announced = (await KeyRing(silo)).GetProperty("keys").EnumerateArray().ToDictionary(key => key.GetProperty("kid").GetString()!, key => key.GetProperty("announcedAt").GetDateTimeOffset());
        foreach (var kid in order.Skip(2)) // the founding two are in every set that was ever served
            Assert.True(firstSigned[kid] - announced[kid] >= TimeSpan.FromSeconds(1), $"key {kid} signed before it had been published for the announce time");

        // Tokens live longer than all of this took, so every key that signed is still published.
        var published = new JsonWebKeySet(await silo.Http.GetStringAsync(silo.Url + "/oauth/jwks")).Keys.Select(key => key.Kid).ToList();
        Assert.All(order, kid => Assert.Contains(kid, published));
    }

    private static async Task<JsonElement> KeyRing(RunningSilo silo)
    {
        while (true)
        {
            try
            {
                if (await silo.Admin("GET", "keys") is { Status: not 503 } answer)
                    return answer.Body;
            }
            catch (AssayTokenException fault) when (fault.StatusCode == HttpStatusCode.ServiceUnavailable)
            {
                // its lease lapsed, as above
            }
        }
    }
}
