using System.Net;
using System.Net.Http.Headers;
using System.Security.Claims;
using Assay.Client.AspNetCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Assay.Client.Tests.Validation;

/// <summary>An API that checks tokens with one line, on a loopback port.</summary>
internal sealed class Ledger : IAsyncDisposable
{
    private readonly WebApplication server;

    private Ledger(WebApplication server)
    {
        this.server = server;
        Http = new HttpClient { BaseAddress = new Uri(server.Urls.Single()) };
    }

    public HttpClient Http { get; }

    public static async Task<Ledger> Start(TokenMaker issuer, Action<AssayValidationOptions>? configure = null, TimeProvider? clock = null, Action<IServiceCollection>? services = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddAssayValidation(issuer.Url, TokenMaker.Api, options =>
        {
            options.ScopesSupported.Add("ledger:read");
            configure?.Invoke(options);
        });
        services?.Invoke(builder.Services);
        if (clock is not null)
            builder.Services.Replace(ServiceDescriptor.Singleton(clock));
        var app = builder.Build();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapGet("/who", (ClaimsPrincipal user) => user.Identity!.Name).RequireAuthorization();
        app.MapGet("/read", () => "rows").RequireScope("ledger:read");
        app.MapGet("/close", () => "closed").RequireScope("ledger:read", "ledger:close");
        app.MapGet("/wire", () => "wired").RequireAuthorization(static policy => policy.RequireScope("ledger:wire").RequireAssurance(TimeSpan.Zero));
        app.MapGet("/pay", () => "paid").RequireAuthorization(policy => policy.RequireAssurance(TimeSpan.FromSeconds(5), "urn:acr:attested"));
        await app.StartAsync();
        return new Ledger(app);
    }

    public async Task<HttpResponseMessage> Get(string path, string? token, string scheme = "Bearer")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue(scheme, token);
        return await Http.SendAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await server.DisposeAsync();
    }
}
