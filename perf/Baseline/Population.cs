using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Assay.Client;

namespace Assay.Baseline;

/// <summary>The identities that ask: 100 with a key of their own, 50 of them with a secret too.</summary>
internal static class Population
{
    public const int Identities = 100;
    public const int WithSecret = 50;

    /// <summary>The sample's own identities, and the tests of its policies, which are about them.</summary>
    private static readonly string[] Left = ["identities", "tests"];

    /// <summary>A bundle with the API, roles and policies of <paramref name="sample"/> and generated identities.</summary>
    public static void WriteBundle(string sample, string folder)
    {
        foreach (var file in Directory.EnumerateFiles(sample, "*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(sample, file);
            if (Left.Contains(name.Split(Path.DirectorySeparatorChar)[0]) || name.EndsWith(".md", StringComparison.Ordinal))
                continue;
            var target = Path.Combine(folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        Directory.CreateDirectory(Path.Combine(folder, "identities"));
        for (var i = 0; i < Identities; i++)
        {
            File.WriteAllText(Path.Combine(folder, "identities", Name(i) + ".yaml"), $"""
                id: {Name(i)}
                name: Worker {i}
                owner: baseline
                defaultResource: https://payments.example
                memberships:
                  - role: payments-reader
                  - role: payments-exporter
                credential: generate

                """);
        }
    }

    public static ClientKey[] ReadKeys(string dataFolder) =>
        [.. Enumerable.Range(0, Identities).Select(i => ClientKey.Read(Path.Combine(dataFolder, "keys", Name(i) + ".jwk")))];

    /// <summary>Token requests with a secret, one for each of the first identities, from secrets the admin API makes now.</summary>
    public static async Task<string[]> MakeSecretForms(string url, string dataFolder, string scope)
    {
        using var administrator = new AssayClient(new AssayClientOptions
        {
            Issuer = new Uri(url), ClientId = "assay-bootstrap", Credential = AssayCredential.FromKeyFile(Path.Combine(dataFolder, "bootstrap.jwk")),
        });
        var token = await administrator.RequestTokenAsync("urn:assay:admin", ["identity.write"]);
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.AccessToken);

        var forms = new string[WithSecret];
        for (var i = 0; i < forms.Length; i++)
        {
            using var body = new StringContent("""{"generateSecret":true}""", Encoding.UTF8, "application/json");
            using var answer = await http.PostAsync($"{url}/admin/v1/identities/{Name(i)}/credentials", body);
            answer.EnsureSuccessStatusCode();
            using var made = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync());
            var secret = made.RootElement.GetProperty("secret").GetString()!;
            forms[i] = $"grant_type=client_credentials&client_id={Name(i)}&client_secret={Uri.EscapeDataString(secret)}&scope={scope}";
        }

        return forms;
    }

    private static string Name(int number) => "worker-" + number.ToString("D6", CultureInfo.InvariantCulture);
}
