using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Assay.Client.AspNetCore;

/// <summary>The issuer's metadata (RFC 8414) and keys, fetched when first needed, again every five minutes, and when a token names an unknown key.</summary>
internal sealed class IssuerKeys : IDisposable
{
    private readonly HttpClient http;

    public IssuerKeys(IOptions<AssayValidationOptions> settings)
    {
        var options = settings.Value;
        http = options.Backchannel is { } given
            ? new HttpClient(given, disposeHandler: false)
            : new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) });
        http.Timeout = options.Timeout;
        http.MaxResponseContentBufferSize = StatusList.MaxEncodedBytes;
        Manager = new ConfigurationManager<OpenIdConnectConfiguration>(
            MetadataAddress(options.Issuer!),
            new Retriever(options.IssuerText),
            new HttpDocumentRetriever(http) { RequireHttps = options.Issuer!.Scheme == "https" })
        {
            RefreshInterval = options.UnknownKeyCoolDown,
            AutomaticRefreshInterval = TimeSpan.FromMinutes(5),
        };
    }

    public ConfigurationManager<OpenIdConnectConfiguration> Manager { get; }

    /// <summary>For whatever else the issuer serves.</summary>
    public HttpClient Http => http;

    public void Dispose() => http.Dispose();

    /// <summary>RFC 8414 §3.1: the well-known part goes between host and path.</summary>
    internal static string MetadataAddress(Uri issuer) =>
        issuer.GetLeftPart(UriPartial.Authority) + "/.well-known/oauth-authorization-server" + issuer.AbsolutePath.TrimEnd('/');

    // RFC 8414 §3.3: metadata of another issuer must not be used, whoever serves it here.
    private sealed class Retriever(string issuer) : IConfigurationRetriever<OpenIdConnectConfiguration>
    {
        private readonly OpenIdConnectConfigurationRetriever inner = new();

        public async Task<OpenIdConnectConfiguration> GetConfigurationAsync(string address, IDocumentRetriever retriever, CancellationToken cancel)
        {
            var configuration = await ((IConfigurationRetriever<OpenIdConnectConfiguration>)inner).GetConfigurationAsync(address, retriever, cancel).ConfigureAwait(false);
            return configuration.Issuer == issuer
                ? configuration
                : throw new InvalidOperationException($"{address} is the metadata of '{configuration.Issuer}', not of '{issuer}'.");
        }
    }
}
