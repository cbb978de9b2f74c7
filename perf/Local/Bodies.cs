using System.Text;
using Assay.Workloads;

namespace Assay.Local;

/// <summary>Request bodies for load generators that cannot make assertions.</summary>
internal static class Bodies
{
    public static int Run(string kind, Settings settings)
    {
        var count = settings.Whole("count", 1000, 1, 10_000_000);
        var life = TimeSpan.FromSeconds(settings.Whole("life", 300, 10, 86_400));
        var now = TimeProvider.System.GetUtcNow();
        var scope = Uri.EscapeDataString(settings.Text("scope", Scopes.Read));
        var identities = settings.Whole("identities", 100, 1, 1_000_000);
        using var to = new StreamWriter(settings.Text("out"), append: false, new UTF8Encoding(false), 1 << 16);
        if (kind == "pem")
        {
            var prefix = settings.Text("prefix");
            var keys = Enumerable.Range(0, identities).Select(i => ClientKey.ReadPem(FormattableString.Invariant($"{prefix}{i:D6}"), settings.Text("key"), settings.Text("kid"))).ToArray();
            for (var i = 0; i < count; i++)
            {
                var key = keys[i % keys.Length];
                to.Write($"grant_type=client_credentials&client_id={key.ClientId}&scope={scope}&{key.Proof(settings.Text("audience"), now, life)}\n");
            }

            return 0;
        }

        var population = Population.Read(settings.Text("population"));
        identities = Math.Min(identities, kind == "secret" ? population.Secrets.Length : population.Count);
        if (identities == 0)
            throw new UsageException("the population has no secrets: prepare --secrets");
        var size = settings.Whole("batch", 64, 1, 256);
        var requests = string.Join(',', Enumerable.Repeat($$"""{"resource":"{{Population.Resource}}","scope":"{{settings.Text("scope", Scopes.Read)}}"}""", size));
        for (var i = 0; i < count; i++)
        {
            var number = i % identities;
            to.Write(kind switch
            {
                "secret" => $"grant_type=client_credentials&scope={scope}&client_id={Population.Id(number)}&client_secret={Uri.EscapeDataString(population.Secrets[number])}",
                "key" => $"grant_type=client_credentials&scope={scope}&{population.Key(number).Proof(population.Issuer, now, life)}",
                "batch" => $$"""{"client_assertion_type":"urn:ietf:params:oauth:client-assertion-type:jwt-bearer","client_assertion":"{{population.Key(number).Assertion(population.Issuer, now, life)}}","requests":[{{requests}}]}""",
                _ => throw new UsageException($"'{kind}' is no kind of bodies: secret, key, batch or pem"),
            });
            to.Write('\n');
        }

        return 0;
    }
}
