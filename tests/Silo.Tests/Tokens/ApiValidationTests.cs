using System.Net;
using System.Net.Http.Headers;
using System.Security.Claims;
using Assay.Silo.Tests.Conformance;
using Assay.Silo.Tests.Running;
using Assay.Silo.Tests.StatusLists;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using static Assay.Silo.Tests.Running.TokenRequests;
using static Assay.Silo.Tests.StatusLists.StatusQuestions;

namespace Assay.Silo.Tests.Tokens;

/// <summary>An API with the one line of <c>Assay.Client.AspNetCore</c>, and a real silo.</summary>
public sealed class ApiValidationTests(SiloFixture fixture) : IClassFixture<SiloFixture>
{
    [Fact]
    public async Task An_API_takes_a_token_and_refuses_it_when_the_list_says_that_it_was_revoked()
    {
        var silo = fixture.Silo;
        var clock = new AdvancedClock();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddAssayValidation(silo.Url, Payments);
        builder.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(clock));
        await using var api = builder.Build();
        api.UseAuthentication();
        api.UseAuthorization();
        api.MapGet("/who", (ClaimsPrincipal user) => user.Identity!.Name).RequireAuthorization();
        await api.StartAsync(TestContext.Current.CancellationToken);
        var (token, other) = (await silo.TokenOf("ledgerly-sync"), await silo.TokenOf("payments-exporter"));

        Assert.Equal((HttpStatusCode.OK, "ledgerly-sync"), await Ask(token));
        Assert.Equal(200, (await silo.Revoke("ledgerly-sync", token)).Status);
        await silo.Http.Until(Place.Of(token), 1);
        clock.Advance(TimeSpan.FromSeconds(16)); // the ttl of the list the API holds is over

        Assert.Equal(HttpStatusCode.Unauthorized, (await Ask(token)).Status);
        Assert.Equal((HttpStatusCode.OK, "payments-exporter"), await Ask(other));

        async Task<(HttpStatusCode Status, string Body)> Ask(string bearer)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, api.Urls.Single() + "/who");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
            using var answer = await silo.Http.SendAsync(request);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }
    }

    private sealed class AdvancedClock : TimeProvider
    {
        private long ahead;

        public void Advance(TimeSpan time) => Interlocked.Add(ref ahead, time.Ticks);

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow(); // tokens are as old as they are

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => System.GetElapsedTime(0).Ticks + Interlocked.Read(ref ahead);
    }
}
