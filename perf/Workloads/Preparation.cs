using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Assay.Workloads;

/// <summary>
/// Makes the population in a cluster, through its admin API: one bundle with an API, roles and 100 policies, which it puts in force, and bundles of 10,000 identities each. Never
/// for a cluster that serves anybody: its policy set is replaced.
/// </summary>
public static class Preparation
{
    public const int PerBundle = 10_000;
    private const int Policies = 100;

    /// <param name="identities">How many, 1 to 1,000,000. Each apply compares with all there are, so a million take minutes.</param>
    /// <param name="secrets">How many of them get a secret too: a call and a commit each.</param>
    /// <param name="progress">Told what is done of what, and of how much of it.</param>
    /// <param name="makers">Secrets made at once.</param>
    public static async Task<Population> Run(
        IReadOnlyList<Uri> silos, string issuer, string adminId, string adminKeyFile, int identities, int secrets, Action<string, int, int> progress, CancellationToken cancellationToken, int makers = 16)
    {
        ArgumentNullException.ThrowIfNull(progress);
        ArgumentOutOfRangeException.ThrowIfLessThan(identities, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(identities, 1_000_000);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(secrets, identities);
        var population = new Population
        {
            Issuer = issuer, Count = identities, Seed = RandomNumberGenerator.GetBytes(32), Secrets = new string[secrets], ApiSecret = "", AdminId = adminId, AdminKeyFile = Path.GetFullPath(adminKeyFile),
        };
        using var session = new Session(silos, population);
        session.Http.Timeout = TimeSpan.FromMinutes(10); // a million identities are compared in one call

        var version = await session.Admin.Apply(Rules(), null, activate: true, cancellationToken);
        for (var first = 0; first < identities; first += PerBundle)
        {
            version = await session.Admin.Apply(Identities(population, first, Math.Min(PerBundle, identities - first)), version, activate: false, cancellationToken);
            progress("identities", Math.Min(first + PerBundle, identities), identities);
        }

        var made = 0;
        await Parallel.ForAsync(0, secrets, new ParallelOptions { MaxDegreeOfParallelism = makers, CancellationToken = cancellationToken }, async (number, cancellation) =>
        {
            population.Secrets[number] = await session.Admin.MakeSecret(Population.Id(number), cancellation);
            progress("secrets", Interlocked.Increment(ref made), secrets);
        });
        return population with { ApiSecret = await session.Admin.MakeSecret(Population.ApiId, cancellationToken) };
    }

    /// <summary>The API that is asked for, and policies as a token server has them: a few about this API, many about others.</summary>
    private static string Rules() => Json(json =>
    {
        json.WriteString("name", "load");
        json.WriteStartArray("identities");
        json.WriteStartObject();
        json.WriteString("id", Population.ApiId);
        json.WriteString("kind", "workload");
        json.WriteNumber("requestsPerSecond", 1_000_000);
        Nothing(json, "memberships", "keys");
        Texts(json, "grantTypes", "client_credentials");
        json.WriteEndObject();
        json.WriteEndArray();
        Nothing(json, "groups", "generate");
        json.WriteStartArray("apis");
        json.WriteStartObject();
        json.WriteString("resource", Population.Resource);
        json.WriteString("name", "Load");
        json.WriteStartArray("scopes");
        foreach (var scope in new[] { Scopes.Read, Scopes.Write, Scopes.Refund, Scopes.Nobody })
        {
            json.WriteStartObject();
            json.WriteString("name", scope);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Texts(json, "resourceServers", Population.ApiId);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartObject("policies");
        json.WriteStartArray("files");
        json.WriteStartObject();
        json.WriteString("path", "policies/load.cedar");
        json.WriteString("text", PolicyText());
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static string PolicyText()
    {
        const string Api = $"Assay::Api::\"{Population.Resource}\"";
        var text = new StringBuilder($$"""
            @id("read") permit (principal, action == Action::"{{Scopes.Read}}", resource == {{Api}})
              when { principal has owner && principal.owner == "load" && context.risk.score < 80 };
            @id("write") @max_ttl("5m") permit (principal, action == Action::"{{Scopes.Write}}", resource == {{Api}})
              when { principal has owner && principal.owner == "load" && context.client.assurance >= 1 };
            @id("refund") permit (principal, action == Action::"{{Scopes.Refund}}", resource == {{Api}});
            @id("no-refund") @reason("Nobody gives money back under load.") forbid (principal, action == Action::"{{Scopes.Refund}}", resource == {{Api}});
            @id("leaked") forbid (principal, action, resource) when { context.risk.signals.contains("credential-leaked") };

            """);
        for (var i = 5; i < Policies; i++)
            text.Append(CultureInfo.InvariantCulture, $"@id(\"other-{i}\") permit (principal in Assay::Role::\"other-{i}\", action, resource == Assay::Api::\"https://other-{i}.example\") when {{ context.risk.score < {i} }};\n");
        return text.ToString();
    }

    private static string Identities(Population population, int first, int count) => Json(json =>
    {
        var role = string.Create(CultureInfo.InvariantCulture, $"load-{first / PerBundle:D3}");
        var group = $"Assay::Role::\"{role}\"";
        json.WriteString("name", role);
        Nothing(json, "apis", "generate");
        json.WriteStartArray("groups");
        json.WriteStartObject();
        json.WriteString("uid", group);
        Nothing(json, "parents");
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartArray("identities");
        for (var number = first; number < first + count; number++)
        {
            json.WriteStartObject();
            json.WriteString("id", Population.Id(number));
            json.WriteString("kind", "workload");
            json.WriteString("owner", "load");
            json.WriteString("defaultResource", Population.Resource);
            json.WriteNumber("requestsPerSecond", 1_000_000);
            Texts(json, "grantTypes", "client_credentials");
            json.WriteStartArray("memberships");
            json.WriteStartObject();
            json.WriteString("group", group);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteStartArray("keys");
            json.WriteStartObject();
            json.WriteString("publicJwk", population.Key(number).Jwk);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    private static string Json(Action<Utf8JsonWriter> members)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteNumber("v", 1);
            members(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static void Nothing(Utf8JsonWriter json, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            json.WriteStartArray(name);
            json.WriteEndArray();
        }
    }

    private static void Texts(Utf8JsonWriter json, string name, string text)
    {
        json.WriteStartArray(name);
        json.WriteStringValue(text);
        json.WriteEndArray();
    }
}

/// <summary>The scopes of the API under load.</summary>
public static class Scopes
{
    public const string Read = "load:read";
    public const string Write = "load:write";

    /// <summary>Permitted and forbidden to all: asked for with others, the grant is partial.</summary>
    public const string Refund = "load:refund";

    /// <summary>No policy speaks of it.</summary>
    public const string Nobody = "load:nobody";
}
