using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Assay.Cli.Tests;

/// <summary>Kestrel on a free port of 127.0.0.1 that answers as a test tells it to, and remembers what it was asked.</summary>
public sealed class FakeServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, (int Status, string Body)> answers = new();

    private FakeServer(WebApplication app) => this.app = app;

    public Uri Issuer { get; private set; } = null!;

    /// <summary>Scopes the token endpoint does not grant.</summary>
    public HashSet<string> Withheld { get; } = [];

    /// <summary>A refusal of the token endpoint instead of tokens.</summary>
    public (int Status, string Body)? TokenRefusal { get; set; }

    /// <summary>The published keys.</summary>
    public string Jwks { get; set; } = """{"keys":[]}""";

    public ConcurrentQueue<Asked> Requests { get; } = new();

    /// <summary>What the admin API was asked, without the tokens that were fetched for it.</summary>
    public IEnumerable<Asked> AdminRequests => Requests.Where(asked => asked.Path.StartsWith("/admin/", StringComparison.Ordinal));

    public static async Task<FakeServer> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = new FakeServer(builder.Build());
        server.app.Run(server.Answer);
        await server.app.StartAsync();
        server.Issuer = new Uri(server.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return server;
    }

    /// <summary>From now on answers this; the call is <c>GET /keys</c>, with its query when it has one.</summary>
    public void On(string call, string json, int status = 200) => answers[call] = (status, json);

    /// <summary>A token nobody verifies here: what is in it is what counts.</summary>
    public static string Jwt(string jti, string scope, string payloadMore = "") =>
        $"{Part("""{"alg":"ES256","typ":"at+jwt","kid":"key-1"}""")}.{Part($$"""{"iss":"http://issuer","sub":"exporter","jti":"{{jti}}","scope":"{{scope}}"{{payloadMore}}}""")}.c2lnbmF0dXJl";

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    private async Task Answer(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var body = await reader.ReadToEndAsync();
        // The target as it was sent: escapes in it are part of what is tested.
        var path = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget;
        Requests.Enqueue(new Asked(context.Request.Method, path, body, context.Request.Headers.Authorization.ToString()));
        switch (path)
        {
            case "/.well-known/oauth-authorization-server":
                await Reply(context, 200, $$"""{"issuer":"{{Issuer.OriginalString}}","token_endpoint":"{{Issuer.OriginalString.TrimEnd('/')}}/oauth/token"}""");
                return;
            case "/oauth/jwks":
                await Reply(context, 200, Jwks);
                return;
            case "/oauth/token":
                await Token(context, body);
                return;
        }

        var call = $"{context.Request.Method} {path["/admin/v1".Length..]}";
        if (answers.TryGetValue(call, out var answer))
            await Reply(context, answer.Status, answer.Body);
        else
            await Reply(context, 404, $$"""{"title":"Not found","status":404,"detail":"nothing is set up for {{JsonEncodedText.Encode(call)}}"}""");
    }

    private Task Token(HttpContext context, string body)
    {
        if (TokenRefusal is { } refusal)
            return Reply(context, refusal.Status, refusal.Body);

        var form = body.Split('&').Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => Uri.UnescapeDataString(pair[1].Replace('+', ' ')));
        var granted = form.GetValueOrDefault("scope", "read").Split(' ').Except(Withheld).ToArray();
        return granted.Length == 0
            ? Reply(context, 400, """{"error":"invalid_scope","error_description":"none of these scopes is granted"}""")
            : Reply(context, 200, $$"""{"access_token":"{{Jwt("jti-1", string.Join(' ', granted))}}","token_type":"Bearer","expires_in":300,"scope":"{{string.Join(' ', granted)}}"}""");
    }

    private static async Task Reply(HttpContext context, int status, string json)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = status < 400 ? "application/json" : "application/problem+json";
        if (status == 503)
            context.Response.Headers.RetryAfter = "2";
        await context.Response.WriteAsync(json);
    }

    private static string Part(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
}

public sealed record Asked(string Method, string Path, string Body, string Authorization)
{
    public string Call => $"{Method} {Path}";
}
