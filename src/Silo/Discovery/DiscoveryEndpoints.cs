using System.Text.Json;
using Assay.Core.Jose;
using Assay.Core.Registry;
using Assay.Grains.Authority;
using Assay.Grains.Keys;
using Assay.Silo.StatusLists;
using Microsoft.Extensions.Options;

namespace Assay.Silo.Discovery;

/// <summary>What validators and clients look up: the key set (RFC 7517 §5) and the server's metadata (RFC 8414).</summary>
internal static class DiscoveryEndpoints
{
    public const string TokenPath = "/oauth/token";
    public const string BatchPath = TokenPath + "/batch";
    public const string IntrospectionPath = "/oauth/introspect";
    public const string RevocationPath = "/oauth/revoke";
    public const string JwksPath = "/oauth/jwks";

    public static void MapDiscovery(this IEndpointRouteBuilder routes, SiloIdentity self)
    {
        // RFC 8414 §3: the well-known name goes between host and path of the issuer.
        var path = new Uri(self.Issuer).AbsolutePath.TrimEnd('/');
        routes.MapPublic("/.well-known/oauth-authorization-server" + path, (HttpContext context) => Metadata(context, self));
        routes.MapPublic(JwksPath, KeySet);
    }

    private static Task Metadata(HttpContext context, SiloIdentity self)
    {
        var issuer = self.Issuer.TrimEnd('/');
        var methods = new[] { "private_key_jwt", "client_secret_basic", "client_secret_post" };
        context.Response.Headers.CacheControl = "public, max-age=300";
        return context.Response.WriteAsJsonAsync(
            new Dictionary<string, object>
            {
                ["issuer"] = self.Issuer,
                ["token_endpoint"] = issuer + TokenPath,
                ["token_batch_endpoint"] = issuer + BatchPath, // our own; clients ignore what they do not know (RFC 8414 §3.2)
                ["jwks_uri"] = issuer + JwksPath,
                ["response_types_supported"] = Array.Empty<string>(),
                ["grant_types_supported"] = new[] { "client_credentials" },
                ["token_endpoint_auth_methods_supported"] = methods,
                ["token_endpoint_auth_signing_alg_values_supported"] = JoseAlg.AllowedForClients,
                ["introspection_endpoint"] = issuer + IntrospectionPath,
                ["introspection_endpoint_auth_methods_supported"] = methods,
                ["introspection_endpoint_auth_signing_alg_values_supported"] = JoseAlg.AllowedForClients,
                ["introspection_signing_alg_values_supported"] = new[] { JoseAlg.ES256 },
                ["revocation_endpoint"] = issuer + RevocationPath,
                ["revocation_endpoint_auth_methods_supported"] = methods,
                ["revocation_endpoint_auth_signing_alg_values_supported"] = JoseAlg.AllowedForClients,
                ["status_list_aggregation_endpoint"] = issuer + StatusListEndpoint.Path,
            },
            JsonSerializerOptions.Default,
            context.RequestAborted);
    }

    private static async Task KeySet(HttpContext context, SiloView silo, IOptions<KeyOptions> options, TimeProvider clock)
    {
        var response = context.Response;
        var published = silo.Current is { } view ? Published(view, clock.GetUtcNow()) : [];
        if (published.Count == 0)
        {
            // Whoever holds a key set holds one with the first keys of every ring in it.
            response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            response.Headers.CacheControl = "no-store";
            response.Headers.RetryAfter = "1";
            return;
        }

        response.ContentType = "application/jwk-set+json";
        response.Headers.CacheControl = $"public, max-age={(int)options.Value.JwksMaxAge.TotalSeconds}";
        var body = JsonWebKeySet.ToUtf8Json(published);
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static List<JsonWebKey> Published(SiloSnapshot view, DateTimeOffset now)
    {
        var keys = new List<JsonWebKey>();
        var complete = false;
        foreach (var key in view.Keys)
        {
            if (KeyPurposes.IsJose(key.Purpose)
                && (key.StateAt(now) is KeyState.Announced or KeyState.Active or KeyState.Retiring)
                && JsonWebKey.ParsePublic(key.PublicJwk, out _) is { } jwk)
            {
                keys.Add(jwk);
                complete |= key.Purpose == KeyPurposes.AccessToken; // the last ring to get its first keys
            }
        }

        return complete ? keys : [];
    }
}
