using Microsoft.Extensions.DependencyInjection;

var services = new ServiceCollection();
services.AddAssay(o => (o.Issuer, o.ClientId) = (new Uri(args[0]), "nightly-close")); // its key: ASSAY_CLIENT_KEY_FILE
services.AddHttpClient("ledger", http => http.BaseAddress = new Uri(args[1])).AddAssayToken("https://ledger.example", "ledger:read", "ledger:close");
using var provider = services.BuildServiceProvider();
using var ledger = provider.GetRequiredService<IHttpClientFactory>().CreateClient("ledger");

using var rows = await ledger.GetAsync("/rows");
using var close = await ledger.PostAsync("/close", content: null);
Console.WriteLine($"rows: {(int)rows.StatusCode}, close: {(int)close.StatusCode}");
