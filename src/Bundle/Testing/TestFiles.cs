using System.Collections.Immutable;
using Assay.Bundle.Yaml;
using Assay.Cedar;
using Assay.Core.Registry;

namespace Assay.Bundle.Testing;

/// <summary>The files in <c>tests/</c>: cases of policy tests, held against what the bundle declares.</summary>
internal sealed class TestFiles(Source source, TestedBundle bundle)
{
    private const string AnyIdentity = "tested-workload";

    private static readonly string[] InBoth =
        ["identity", "with", "without", "resource", "scopes", "at", "client", "credential", "binding", "origin", "signals", "entitlementsAge", "riskAge"];

    private static readonly string[] InCase = ["name", .. InBoth, "expect"];

    private static readonly Dictionary<string, string> Hints = new(StringComparer.Ordinal)
    {
        ["risk"] = "risk is computed from signals; write 'signals: {some-name: 60}' for a score of 60",
        ["score"] = "risk is computed from signals; write 'signals: {some-name: 60}' for a score of 60",
        ["time"] = "the moment is 'at'",
        ["ip"] = "the caller's address is 'origin: {ip: 192.0.2.1}'",
        ["method"] = "how the client proves itself is 'client', for instance 'client: client_secret_basic'",
        ["principal"] = "who asks is 'identity'",
        ["action"] = "what is asked for is 'scopes', a list",
        ["scope"] = "what is asked for is 'scopes', a list",
        ["memberships"] = "'with' adds memberships to the identity, 'without' takes some away",
        ["granted"] = "what should come of the case stands under 'expect'",
        ["withheld"] = "what should come of the case stands under 'expect'",
    };

    private readonly RequestFields requests = new(source, bundle);
    private readonly ExpectationFields expectations = new(source);
    private readonly AttributeValues attributes = new(source);
    private readonly Dictionary<string, int> names = new(StringComparer.Ordinal);
    private int documents;

    public List<PolicyTest> Tests { get; } = [];

    /// <summary>One document: <c>defaults</c> for its cases, and <c>tests</c>, the cases.</summary>
    public void Read(YamlNode document)
    {
        var where = $"tests[{documents++}]";
        if (Fields.Open(document, "a test file", where, source, ["defaults", "tests"]) is not { } file)
            return;

        var defaults = file.Node("defaults") is { } node ? Fields.Open(node, "'defaults'", $"{where}.defaults", source, InBoth, Hints) : null;
        if (!file.Has("tests"))
            source.Faults.Add(document.At, "a test file needs 'tests', a list of cases");
        var count = 0;
        foreach (var item in file.List("tests", "'- name: The exporter reads'"))
            ReadCase(item, defaults, $"{where}.tests[{count++}]");
    }

    private void ReadCase(YamlNode item, Fields? defaults, string where)
    {
        if (Fields.Open(item, "a test", where, source, InCase, Hints, mainKey: "name") is not { } own)
            return;

        var before = source.Faults.Count;
        var name = own.RequiredText("name");
        if (name is not null)
            CheckName(own, name);
        var fields = new CaseFields(own, defaults);
        var subject = Subject(fields, where);
        var request = requests.Read(fields, where, subject?.Declared.DefaultResource);
        if (!own.Has("expect"))
            source.Faults.Add(own.At, "a test needs 'expect': granted, denied, or a mapping with 'granted', 'withheld', 'ttl' and 'by'");
        var expected = own.Node("expect") is { } node && request is not null ? expectations.Read(node, request.Scopes, $"{where}.expect") : null;
        if (source.Faults.Count == before && name is not null && subject is not null && request is not null && expected is not null)
            Tests.Add(new PolicyTest { Path = own.At.Path, Line = own.At.Line, Name = name, Subject = subject, Request = request, Expected = expected });
    }

    private void CheckName(Fields own, string name)
    {
        if (string.IsNullOrWhiteSpace(name))
            source.Faults.Add(own.Node("name")!.At, "'name' is empty; say in a sentence what the case shows");
        else if (!names.TryAdd($"{own.At.Path}\n{name}", own.At.Line))
            source.Faults.Add(own.Node("name")!.At, $"a test of this file has this name already (line {names[$"{own.At.Path}\n{name}"]}); name each after what it shows");
    }

    private TestSubject? Subject(CaseFields fields, string where)
    {
        if (fields.Of("identity") is not { } from)
        {
            source.Faults.Add(fields.At, "a test needs 'identity': the id of one of the bundle, or a mapping with 'attributes' and 'memberships'");
            return null;
        }

        var node = from.Node("identity");
        var (declared, isOfBundle) = node is YamlMap ? (InPlace(node, $"{where}.identity"), false)
            : from.Text("identity") is { } id ? (OfBundle(id, node!.At), true)
            : (null, false);
        var added = Memberships(fields.Of("with"), "with", where);
        var removed = Memberships(fields.Of("without"), "without", where);
        if (declared is null)
            return null;

        foreach (var (membership, at) in removed)
        {
            if (!declared.Memberships.Any(has => has.Group == membership.Group))
                source.Faults.Add(at, $"'{declared.Id}' is not in {membership.Group}, so it cannot be without it");
        }

        return new TestSubject(declared, isOfBundle, [.. added.Select(one => one.Membership)], [.. removed.Select(one => one.Membership.Group)]);
    }

    private DeclaredIdentity? OfBundle(string id, FilePosition at)
    {
        if (bundle.Identities.FirstOrDefault(identity => identity.Id == id) is { } declared)
            return declared;

        if (bundle.KnowsAllIdentities)
        {
            source.Faults.Add(
                at, $"the bundle declares no identity '{id}'{DidYouMean.Hint(id, bundle.Identities.Select(identity => identity.Id))}; name one of it, or describe one in place: identity: {{memberships: [{{role: …}}]}}");
        }

        return null;
    }

    private DeclaredIdentity? InPlace(YamlNode node, string where)
    {
        if (Fields.Open(node, "an identity in a test", where, source, ["id", "kind", "name", "owner", "defaultResource", "attributes", "memberships"]) is not { } fields)
            return null;

        return new DeclaredIdentity
        {
            Id = fields.Text("id") ?? AnyIdentity,
            Kind = IdentityFiles.Kind(fields, source),
            Name = fields.Text("name"),
            Owner = fields.Text("owner"),
            DefaultResource = fields.Text("defaultResource") is { } resource ? RegistryText.NormalizeResource(resource) : null,
            Attributes = attributes.Read(fields, where),
            Memberships = [.. Memberships(fields, "memberships", where).Select(one => one.Membership)],
        };
    }

    private List<(DeclaredMembership Membership, FilePosition At)> Memberships(Fields? fields, string key, string where)
    {
        var found = new List<(DeclaredMembership, FilePosition)>();
        foreach (var item in fields?.List(key, "'- role: exporter'") ?? [])
        {
            if (Fields.Open(item, "a membership", $"{where}.{key}[{found.Count}]", source, ["role", "team", "expires"], mainKey: "role") is not { } membership)
                continue;

            var expires = membership.Moment("expires");
            if (GroupReferences.One(membership, "a membership", source) is not { } group)
                continue;

            if (bundle.KnowsAllGroups && !bundle.Groups.Any(declared => declared.Uid == group))
            {
                var (noun, list) = group.Type == EntityTypes.Role ? ("role", "roles.yaml") : ("team", "teams.yaml");
                var known = bundle.Groups.Where(declared => declared.Uid.Type == group.Type).Select(declared => declared.Uid.Id);
                source.Faults.Add(item.At, $"the {noun} '{group.Id}' is not declared{DidYouMean.Hint(group.Id, known)}; declare it in {list}");
            }

            found.Add((new DeclaredMembership(group, expires), item.At));
        }

        return found;
    }
}

/// <summary>What cases can refer to.</summary>
internal sealed record TestedBundle(IReadOnlyList<DeclaredIdentity> Identities, IReadOnlyList<DeclaredGroup> Groups, IReadOnlyList<DeclaredApi> Apis)
{
    /// <summary>False when an identity may stand in a file that could not be read.</summary>
    public bool KnowsAllIdentities { get; init; } = true;

    public bool KnowsAllGroups { get; init; } = true;

    public bool KnowsAllApis { get; init; } = true;
}

/// <summary>A case's own keys, over the defaults of its document.</summary>
internal sealed class CaseFields(Fields own, Fields? defaults)
{
    public FilePosition At => own.At;

    /// <summary>Who says something about a key; null when nobody does.</summary>
    public Fields? Of(string key) => own.Has(key) ? own : defaults is not null && defaults.Has(key) ? defaults : null;
}
