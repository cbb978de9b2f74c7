using Assay.Client;
using Microsoft.Extensions.DependencyInjection;

if (args is not [var address, var resource, .. var scopes] || !Uri.TryCreate(address, UriKind.Absolute, out var url))
{
    Console.Error.WriteLine("usage: Assay.NativeJob <url> <resource> [scope …]\nASSAY_ISSUER, ASSAY_CLIENT_ID and ASSAY_CLIENT_KEY_FILE or ASSAY_CLIENT_SECRET_FILE say who asks whom.");
    return 2;
}

var services = new ServiceCollection();
services.AddAssay(o => (o.Issuer, o.ClientId) = (new Uri(Required("ASSAY_ISSUER")), Required("ASSAY_CLIENT_ID")));
services.AddHttpClient("api").AddAssayToken(resource, scopes);
await using var provider = services.BuildServiceProvider();
try
{
    var token = await provider.GetRequiredService<AssayClient>().GetTokenAsync(resource, scopes);
    Console.WriteLine($"granted: {string.Join(' ', token.Scopes)}");
    if (token.Withheld.Count > 0)
        Console.WriteLine($"withheld: {string.Join(' ', token.Withheld)}");

    using var http = provider.GetRequiredService<IHttpClientFactory>().CreateClient("api");
    using var answer = await http.GetAsync(url);
    Console.WriteLine($"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    return answer.IsSuccessStatusCode ? 0 : 1;
}
catch (AssayTokenException refused)
{
    Console.Error.WriteLine($"{refused.Failure}: {refused.Message}");
    return 1;
}

static string Required(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : throw new InvalidOperationException($"{name} is not set.");
