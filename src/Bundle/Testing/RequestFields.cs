using System.Collections.Immutable;
using System.Globalization;
using Assay.Bundle.Yaml;
using Assay.Cedar;
using Assay.Core.Decisions;
using Assay.Core.Registry;

namespace Assay.Bundle.Testing;

/// <summary>The keys of a case that make its request.</summary>
internal sealed class RequestFields(Source source, TestedBundle bundle)
{
    private static readonly string[] Methods = ["private_key_jwt", "client_secret_basic", "client_secret_post"];
    private static readonly string[] Bindings = ["none", "dpop", "mtls"];

    /// <param name="usualResource">The default resource of the identity.</param>
    public TestRequest? Read(CaseFields fields, string where, string? usualResource)
    {
        var resource = fields.Of("resource") is { } from ? from.Text("resource") : usualResource;
        if (resource is null && fields.Of("resource") is null)
            source.Faults.Add(fields.At, "a test needs 'resource', an API of the bundle: the identity has no defaultResource");
        var api = resource is null ? null : Api(RegistryText.NormalizeResource(resource), (fields.Of("resource")?.Node("resource"))?.At ?? fields.At);
        var scopes = Scopes(fields, api);
        var time = fields.Of("at")?.Moment("at") ?? TestRequest.UsualTime;
        var request = new TestRequest
        {
            Resource = api?.Resource ?? "",
            Scopes = scopes ?? [],
            Time = time,
            Method = Word(fields, "client", Methods, "way for a client to prove itself") ?? Methods[0],
            Credential = fields.Of("credential")?.Text("credential") ?? "test",
            Binding = Word(fields, "binding", Bindings, "token binding") ?? Bindings[0],
            OriginIp = Origin(fields, where),
            Signals = Signals(fields, where, time),
            EntitlementAge = fields.Of("entitlementsAge")?.Span("entitlementsAge") ?? TimeSpan.Zero,
            RiskAge = fields.Of("riskAge")?.Span("riskAge") ?? TimeSpan.Zero,
        };
        return api is null || scopes is null ? null : request;
    }

    private DeclaredApi? Api(string resource, FilePosition at)
    {
        if (bundle.Apis.FirstOrDefault(api => api.Resource == resource) is { } declared)
            return declared;

        if (bundle.KnowsAllApis)
            source.Faults.Add(at, $"the bundle declares no API '{resource}'{DidYouMean.Hint(resource, bundle.Apis.Select(api => api.Resource))}; declare it under apis/");
        return null;
    }

    private ImmutableArray<string>? Scopes(CaseFields fields, DeclaredApi? api)
    {
        if (fields.Of("scopes") is not { } from)
            return api is null ? null : [.. api.Scopes.Select(scope => scope.Name)];

        if (from.Texts("scopes", "[payments:read]") is not { } scopes)
            return null;

        var at = from.Node("scopes")?.At ?? fields.At;
        if (scopes.IsEmpty)
            source.Faults.Add(at, "'scopes' is empty; name some, or leave the key out for every scope of the API");
        foreach (var twice in scopes.GroupBy(scope => scope, StringComparer.Ordinal).Where(group => group.Count() > 1))
            source.Faults.Add(at, $"the scope '{twice.Key}' stands twice; keep one");
        return scopes;
    }

    private string? Word(CaseFields fields, string key, string[] known, string noun)
    {
        if (fields.Of(key) is not { } from || from.Text(key) is not { } word)
            return null;
        if (known.Contains(word))
            return word;

        source.Faults.Add(from.Node(key)!.At, $"'{word}' is no {noun}{DidYouMean.Hint(word, known)}; known are {string.Join(", ", known)}");
        return null;
    }

    private string? Origin(CaseFields fields, string where)
    {
        if (fields.Of("origin")?.Node("origin") is not { } node || Fields.Open(node, "'origin'", $"{where}.origin", source, ["ip"], mainKey: "ip") is not { } origin)
            return null;
        if (origin.RequiredText("ip") is not { } ip)
            return null;
        // One address: a policy's ranges hold or do not hold it.
        if (!ip.Contains('/') && Value.TryIp(ip, out _))
            return ip;

        source.Faults.Add(origin.Node("ip")!.At, $"'{ip}' is no address; write one such as 192.0.2.1 or 2001:db8::1");
        return null;
    }

    private ImmutableArray<RiskSignal> Signals(CaseFields fields, string where, DateTimeOffset time)
    {
        if (fields.Of("signals")?.Node("signals") is not { } node)
            return [];
        if (node is not YamlMap map)
        {
            source.Faults.Add(node.At, $"'signals' must be a mapping of names to weights, not {node.Description}; write for instance {{unusual-country: 60}}");
            return [];
        }

        var signals = ImmutableArray.CreateBuilder<RiskSignal>();
        foreach (var (key, value) in map.Entries)
        {
            if (Signal(key, value, $"{where}.signals.{key.Value}", time) is { } signal)
                signals.Add(signal);
        }

        return signals.DrainToImmutable();
    }

    private RiskSignal? Signal(YamlScalar key, YamlNode value, string where, DateTimeOffset time)
    {
        if (RegistryText.IdFault(key.Value) is { } fault)
        {
            source.Faults.Add(key.At, $"the signal '{key.Value}' {fault}");
            return null;
        }

        if (value is not YamlMap)
            return Weight(value, key.Value) is { } plain ? new RiskSignal { Name = key.Value, Source = "test", Weight = plain, RaisedAt = time } : null;

        if (Fields.Open(value, "a signal", where, source, ["weight", "age", "halfLife"]) is not { } fields)
            return null;
        if (!fields.Has("weight"))
            source.Faults.Add(value.At, "a signal needs 'weight', 1 to 100");
        var age = fields.Span("age") ?? TimeSpan.Zero;
        var halfLife = fields.Span("halfLife");
        return fields.Node("weight") is { } node && Weight(node, key.Value) is { } weight
            ? new RiskSignal { Name = key.Value, Source = "test", Weight = weight, RaisedAt = time - age, HalfLife = halfLife }
            : null;
    }

    private int? Weight(YamlNode node, string signal)
    {
        if (node is YamlScalar { Meaning: ScalarMeaning.Integer } scalar &&
            int.TryParse(scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var weight) && weight is >= 1 and <= 100)
            return weight;

        source.Faults.Add(node.At, $"the weight of '{signal}' must be a whole number from 1 to 100, not {node.Description}");
        return null;
    }
}
