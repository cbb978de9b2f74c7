using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Assay.Client.AspNetCore;

/// <summary>Serves what clients may know of this API before they have a token (RFC 9728 §3), ahead of everything else it serves.</summary>
internal sealed class ResourceMetadata(IOptions<AssayValidationOptions> settings) : IStartupFilter
{
    private const string WellKnown = "/.well-known/oauth-protected-resource";

    /// <summary>
    /// Where it lies (RFC 9728 §3.1: the well-known part goes between host and path; a query stays where it is). Null for a URN, which has no such place.
    /// </summary>
    public static string? Address(string resource) => new Uri(resource) is { Scheme: "https" or "http" } uri
        ? uri.GetLeftPart(UriPartial.Authority) + WellKnown + uri.AbsolutePath.TrimEnd('/') + uri.Query
        : null;

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        var options = settings.Value;
        if (Address(options.Resource!) is { } address)
        {
            var path = PathString.FromUriComponent(new Uri(address).AbsolutePath); // without its escapes, as requests have theirs
            var document = Document(options);
            app.Use((context, proceed) => context.Request.Path.Equals(path, StringComparison.Ordinal) && (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
                ? Answer(context.Response, document)
                : proceed(context));
        }

        next(app);
    };

    private static Task Answer(HttpResponse response, byte[] document)
    {
        response.ContentType = "application/json";
        response.ContentLength = document.Length;
        return response.Body.WriteAsync(document).AsTask();
    }

    private static byte[] Document(AssayValidationOptions options)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("resource", options.Resource);
            json.WriteStartArray("authorization_servers");
            json.WriteStringValue(options.IssuerText);
            json.WriteEndArray();
            json.WriteStartArray("bearer_methods_supported");
            json.WriteStringValue("header");
            json.WriteEndArray();
            if (options.ScopesSupported.Count > 0)
            {
                json.WriteStartArray("scopes_supported");
                foreach (var scope in options.ScopesSupported)
                    json.WriteStringValue(scope);
                json.WriteEndArray();
            }

            if (options.ResourceName is { Length: > 0 } name)
                json.WriteString("resource_name", name);
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }
}
