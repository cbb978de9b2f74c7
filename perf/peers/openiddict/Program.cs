// OpenIddict as a peer: client_credentials answered with an ES256 JWT. Access tokens are not encrypted, so that what is compared is one signature on each side.
//   STORAGE=none      degraded mode: no stores; the secret is compared by one SHA-256 in constant time, as a lean server would
//   STORAGE=postgres  applications and tokens through Entity Framework Core, clients with private_key_jwt (its secrets would be PBKDF2, which alone is 2 ms)
using System.Globalization;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

var stores = Environment.GetEnvironmentVariable("STORAGE") == "postgres";
var port = int.Parse(Environment.GetEnvironmentVariable("PORT") ?? "5110", CultureInfo.InvariantCulture);
var clients = int.Parse(Environment.GetEnvironmentVariable("CLIENTS") ?? "100", CultureInfo.InvariantCulture);
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, EnvironmentName = "Production" });
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.WebHost.ConfigureKestrel(kestrel =>
{
    kestrel.AddServerHeader = false;
    kestrel.ListenLocalhost(port);
});

var key = ECDsa.Create();
key.ImportFromPem(File.ReadAllText(Environment.GetEnvironmentVariable("SIGN_KEY_PEM")!));

if (stores)
    builder.Services.AddDbContextPool<DbContext>(options => options.UseNpgsql(Environment.GetEnvironmentVariable("DB")!).UseOpenIddict());
builder.Services.AddOpenIddict()
    .AddCore(core =>
    {
        if (stores)
            core.UseEntityFrameworkCore().UseDbContext<DbContext>();
    })
    .AddServer(server =>
    {
        server.SetTokenEndpointUris("/token").AllowClientCredentialsFlow().SetIssuer(new Uri("https://issuer.example/"));
        server.AddSigningKey(new ECDsaSecurityKey(key) { KeyId = "k1" }).AddEncryptionKey(new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(32))).DisableAccessTokenEncryption();
        server.SetAccessTokenLifetime(TimeSpan.FromSeconds(300)).RegisterScopes("orders.read", "orders.write");
        server.UseAspNetCore().EnableTokenEndpointPassthrough().DisableTransportSecurityRequirement();
        if (stores)
            return;

        server.EnableDegradedMode();
        var secrets = Enumerable.Range(0, clients).ToDictionary(Client.Id, number => SHA256.HashData(Encoding.UTF8.GetBytes(Client.Secret(number))));
        server.AddEventHandler<ValidateTokenRequestContext>(handler => handler.UseInlineHandler(request =>
        {
            if (request.ClientId is null || !secrets.TryGetValue(request.ClientId, out var due)
                || !CryptographicOperations.FixedTimeEquals(due, SHA256.HashData(Encoding.UTF8.GetBytes(request.ClientSecret ?? ""))))
                request.Reject(Errors.InvalidClient, "wrong secret");
            return default;
        }));
    });
await using var app = builder.Build();

if (stores)
{
    await using var scope = app.Services.CreateAsyncScope();
    await scope.ServiceProvider.GetRequiredService<DbContext>().Database.EnsureCreatedAsync(); // the database is new and empty
    var applications = scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>();
    using var pair = ECDsa.Create();
    pair.ImportFromPem(File.ReadAllText(Environment.GetEnvironmentVariable("CLIENT_KEY_PEM")!));
    var jwk = JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new ECDsaSecurityKey(ECDsa.Create(pair.ExportParameters(includePrivateParameters: false))) { KeyId = "c1" });
    (jwk.Alg, jwk.Use) = ("ES256", "sig");
    for (var number = 0; number < clients; number++)
    {
        await applications.CreateAsync(new OpenIddictApplicationDescriptor
        {
            ClientId = Client.Id(number),
            ClientType = ClientTypes.Confidential,
            JsonWebKeySet = new JsonWebKeySet { Keys = { jwk } },
            Permissions = { Permissions.Endpoints.Token, Permissions.GrantTypes.ClientCredentials, Permissions.Prefixes.Scope + "orders.read", Permissions.Prefixes.Scope + "orders.write" },
        });
    }
}

app.MapPost("/token", (HttpContext context) =>
{
    var request = context.GetOpenIddictServerRequest()!;
    var identity = new ClaimsIdentity("oidc", Claims.Name, Claims.Role);
    identity.SetClaim(Claims.Subject, request.ClientId).SetScopes(request.GetScopes()).SetResources("https://api.example").SetDestinations(static _ => [Destinations.AccessToken]);
    return Results.SignIn(new ClaimsPrincipal(identity), authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
});
await app.RunAsync();

internal static class Client
{
    public static string Id(int number) => string.Create(CultureInfo.InvariantCulture, $"worker-{number:D6}");

    public static string Secret(int number) => $"s3cret-{Id(number)}-0123456789abcdef";
}
