using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Assay.Client.Tests.Documentation;

/// <summary>The recipe for tests of an API, as docs/client.md gives it.</summary>
public sealed class SaidByTheTestTests
{
    [Theory]
    [InlineData("ledger:read ledger:close", HttpStatusCode.OK, "nightly-close")]
    [InlineData("ledger:close", HttpStatusCode.Forbidden, "")]
    public async Task An_API_under_test_takes_the_test_at_its_word(string scopes, HttpStatusCode status, string said)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddAssayValidation("https://id.example", "https://ledger.example");
        SaidByTheTest.Use(builder.Services);
        await using var api = builder.Build();
        api.MapGet("/rows", (System.Security.Claims.ClaimsPrincipal user) => user.Identity!.Name).RequireScope("ledger:read");
        await api.StartAsync();
        using var http = new HttpClient { BaseAddress = new Uri(api.Urls.Single()) };
        http.DefaultRequestHeaders.Add("x-client", "nightly-close");
        http.DefaultRequestHeaders.Add("x-scopes", scopes);

        using var answer = await http.GetAsync("/rows");

        Assert.Equal((status, said), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
    }
}
