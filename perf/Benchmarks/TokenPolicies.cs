using System.Text;
using Assay.Cedar;

namespace Assay.Benchmarks;

/// <summary>Policies and requests of the shapes a token server sees: a scope of an API, for workloads in roles, at some risk.</summary>
internal static class TokenPolicies
{
    public const string Api = "https://api-3.example";
    public const string Scope = "service-3.read";

    private static readonly string[] Verbs = ["read", "write", "export", "admin"];

    /// <summary>
    /// Forbids for everybody, one in twenty; the rest are permits for a role or for every workload, on one of fifty APIs and its scopes.
    /// About one in fifty is about the API that is asked for.
    /// </summary>
    public static string Indexed(int count)
    {
        var text = new StringBuilder();
        for (var i = 0; i < count; i++)
        {
            var service = i % 50;
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"@id(\"policy-{i}\")\n").Append((i % 20) switch
            {
                0 => $"forbid(principal, action, resource) when {{ context.risk.score >= {100 + i % 7} }};\n",
                1 => $"permit(principal is Assay::Workload, action == Action::\"service-{service}.read\", resource == Assay::Api::\"https://api-{service}.example\") when {{ context.client.assurance >= 2 && context.risk.score < 40 }};\n",
                2 => $"permit(principal in Assay::Role::\"role-{i % 200}\", action in [Action::\"service-{service}.read\", Action::\"service-{service}.write\"], resource == Assay::Api::\"https://api-{service}.example\") when {{ principal has owner && principal.owner == \"payments\" }};\n",
                _ => $"permit(principal in Assay::Role::\"role-{i % 200}\", action == Action::\"service-{service}.{Verbs[i % 4]}\", resource == Assay::Api::\"https://api-{service}.example\") when {{ context.risk.score < {40 + i % 50} }} unless {{ context.risk.signals.contains(\"credential-leaked\") }};\n",
            });
        }

        return text.ToString();
    }

    /// <summary>Policies whose heads all fit every request, so that every condition is evaluated.</summary>
    public static string Unindexed(int count)
    {
        var text = new StringBuilder();
        for (var i = 0; i < count; i++)
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"permit(principal, action, resource) when {{ context.risk.score < {i % 30} && context.client.assurance >= 2 && principal.owner == \"payments\" }};\n");

        return text.ToString();
    }

    public static RecordValue Context { get; } = Value.Record(
        ("time", Value.Datetime("2026-03-01T12:00:00Z")),
        ("grantType", Value.Of("client_credentials")),
        ("client", Value.Record(("method", Value.Of("private_key_jwt")), ("credential", Value.Of("key-1")), ("assurance", Value.Of(2)))),
        ("binding", Value.Of("none")),
        ("risk", Value.Record(("score", Value.Of(12)), ("level", Value.Of("low")), ("signals", Value.Set(Value.Of("new-network"))))),
        ("entitlementsAge", Value.Duration("3s")),
        ("riskAge", Value.Duration("3s")),
        ("delegationDepth", Value.Of(0)));

    public static EntityUid Workload { get; } = new("Assay::Workload", "payments-exporter");

    public static EntityUid Resource { get; } = new("Assay::Api", Api);

    /// <summary>A directory of 200 roles and 50 APIs, the scopes of one API, and a workload in eight roles.</summary>
    public static Entities Entities { get; } = Entities.Over(
        Entities.Over(
            Entities.Of(Enumerable.Range(0, 200).Select(i => new Entity(new("Assay::Role", $"role-{i}"), RecordValue.Empty, []))
                .Concat(Enumerable.Range(0, 50).Select(i => new Entity(new("Assay::Api", $"https://api-{i}.example"), Value.Record(("sensitivity", Value.Of("high"))), [])))),
            Verbs.Select(verb => new Entity(new("Action", $"service-3.{verb}"), RecordValue.Empty, [new("Action", $"service-3")]))),
        new Entity(
            Workload,
            Value.Record(("name", Value.Of("Payments exporter")), ("owner", Value.Of("payments"))),
            [.. Enumerable.Range(0, 8).Select(i => new EntityUid("Assay::Role", $"role-{3 + i * 25}"))]));
}
