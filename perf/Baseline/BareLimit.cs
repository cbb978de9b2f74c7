using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Assay.Baseline;

/// <summary>
/// What a token costs when nothing is decided and nothing is recorded: bare Kestrel reads a form, signs one fixed claim set with ES256 and writes
/// JSON. No server in .NET that answers the same request does less.
/// </summary>
internal static class BareLimit
{
    private const string Claims =
        """{"iss":"http://127.0.0.1","sub":"worker-000000","aud":"https://payments.example","client_id":"worker-000000","scope":"payments:read","iat":1800000000,"exp":1800000300,"jti":"0123456789abcdef0123456789abcdef"}""";

    public static async Task Serve(string url, string clientKeyFile)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(url).ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        await using var app = builder.Build();

        using var signer = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var client = ClientKey.Read(clientKeyFile).Key;
        var header = Base64Url.EncodeToString("""{"alg":"ES256","typ":"at+jwt","kid":"limit"}"""u8);

        app.MapGet("/health/ready", () => Results.Ok());
        app.MapPost("/token", async context =>
        {
            var form = await context.Request.ReadFormAsync();
            await Answer(context, form["grant_type"] == "client_credentials" && form["client_secret"].Count == 1);
        });
        app.MapPost("/pkjwt", async context =>
        {
            var form = await context.Request.ReadFormAsync();
            await Answer(context, form["grant_type"] == "client_credentials" && Proves(client, form["client_assertion"]));
        });
        await app.RunAsync();

        async Task Answer(HttpContext context, bool proved)
        {
            if (!proved)
            {
                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                context.Response.ContentLength = 0;
                return;
            }

            var input = header + "." + Base64Url.EncodeToString(Encoding.UTF8.GetBytes(Claims));
            var token = input + "." + Base64Url.EncodeToString(signer.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256));
            var body = JsonSerializer.SerializeToUtf8Bytes(new TokenAnswer(token, "Bearer", 300, "payments:read"));
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = body.Length;
            await context.Response.Body.WriteAsync(body);
        }
    }

    private static bool Proves(ECDsa client, string? assertion)
    {
        var (start, end) = (assertion?.IndexOf('.') ?? -1, assertion?.LastIndexOf('.') ?? -1);
        if (assertion is null || start == end)
            return false;
        var signed = Encoding.ASCII.GetBytes(assertion[..end]);
        if (!client.VerifyData(signed, Base64Url.DecodeFromChars(assertion.AsSpan(end + 1)), HashAlgorithmName.SHA256))
            return false;
        using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(assertion.AsSpan(start + 1, end - start - 1)));
        return claims.RootElement.GetProperty("exp").GetInt64() > TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
    }

    private sealed record TokenAnswer(
        [property: System.Text.Json.Serialization.JsonPropertyName("access_token")] string AccessToken,
        [property: System.Text.Json.Serialization.JsonPropertyName("token_type")] string TokenType,
        [property: System.Text.Json.Serialization.JsonPropertyName("expires_in")] int ExpiresIn,
        [property: System.Text.Json.Serialization.JsonPropertyName("scope")] string Scope);
}
